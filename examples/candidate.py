"""A candidate: signs up for any job of a fair, and waits for the match (README, "Write your own")."""

import asyncio
import sys

from livefair.client import Api, Live

SIGN_UP = {
    "candidate": {"name": "张丽", "phone": "+8619900000001", "region": "140221", "occupations": ["4-10-01-06"]},
    "jobs": [],
    "consent": {"host": True, "employers": True, "ranking": True},
    "source": {"channel": "direct"},
}


async def main(http: str, ws: str, fair: str) -> None:
    async with Api(http) as api:
        me = await api.sign_up(fair, SIGN_UP)
        api.token = me["token"]
        async with Live(ws, me["token"], api) as live:
            async for event in live.events(me["channel"]):
                print(event.type, flush=True)
                if event.type == "application.matched":
                    print("points:", {each["term"]: each["points"] for each in event.data["explanation"]})
                    break


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
