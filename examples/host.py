"""A host: schedules a fair, opens a job, goes live, and prints who signs up (README, "Write your own")."""

import asyncio
import sys

from livefair.client import Api, Live

JOB = {
    "title": "住家育儿嫂",
    "employer": "e1",
    "occupation": "4-10-01-06",
    "region": "110105",
    "pay": {"unit": "month", "min": 8000, "max": 10000},
    "mode": "live-in",
    "seats": 2,
}


async def main(http: str, ws: str, token: str) -> None:
    async with Api(http, token) as api, Live(ws, token, api) as live:
        fair = await api.create_fair("Evening fair", starts="2026-11-24T19:30:00+08:00", host="Li")
        job = await api.open_job(fair, JOB)
        await api.change_fair(fair, state="live", pinned=job)
        print(f"live: {http}/fairs/{fair}", flush=True)
        async for event in live.events(f"fair:{fair}:host"):
            if event.type.startswith("application."):
                print(event.data["name"], event.data["state"], event.data["score"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
