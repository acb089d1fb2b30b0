"""The SDK's HTTP side against a real intake, and its channels with the snapshots that come from there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest

from livefair.client import Api, Live, Problem, Restart
from livefair.errors import Unavailable
from tests.integration.feed.conftest import House
from tests.support.feed import Speaker
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import DEADLINE_S, until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("gateway")]

STARTS = "2026-12-01T10:00:00+08:00"
CONSENT = {"host": True, "employers": True, "ranking": True}
PERSON = {"name": "张丽", "phone": "+8613800138000", "region": "140221"}


@pytest.fixture(scope="module")
def intake(house: House) -> Iterator[str]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{base}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    with Running("intake", house.environment(http_port=port), house.log("intake")):
        asyncio.run(until(ready))
        yield base


async def test_a_fair_is_made_and_a_sign_up_said_twice_is_one(house: House, intake: str) -> None:
    async with Api(intake, token=house.token("host", "h9")) as host, Api(intake) as phone:
        fair = await host.create_fair("A fair", STARTS, "h9")
        assert (await host.fair(fair))["state"] == "scheduled"
        assert (await host.change_fair(fair, state="live"))["state"] == "live"
        body = {"candidate": PERSON, "jobs": [], "consent": CONSENT}
        first = await phone.sign_up(fair, body, key="one tap")
        assert await phone.sign_up(fair, body, key="one tap") == first
        assert first["channel"] == f"candidate:{first['candidate']}"
        with pytest.raises(Problem) as refused:
            await phone.sign_up(fair, {**body, "candidate": {**PERSON, "phone": "12"}}, key="another")
        assert 400 <= refused.value.status < 500
        assert [each["pointer"] for each in refused.value.errors] == ["#/candidate/phone"]
        with pytest.raises(Problem) as unknown:
            await phone.fair("fnone")
        assert (unknown.value.status, unknown.value.type) == (404, "not-found")


async def test_a_channel_begins_with_the_snapshot(house: House, intake: str, speaker: Speaker) -> None:
    async with Api(intake, token=house.token("host", "h9")) as api, Live(house.url, api=api) as live:
        fair = await api.create_fair("A fair", STARTS, "h9")
        name = f"fair:{fair}"
        offset = await speaker.say(name, {"n": 1}, entity="job/1")
        channel = live.channel(name)
        async with asyncio.timeout(DEADLINE_S):
            items = aiter(channel)
            begun = await anext(items)
            while isinstance(begun, Restart) and begun.offset < offset:
                begun = await anext(items)  # the publication had not been fed yet, and comes by itself
            if isinstance(begun, Restart):
                assert begun.entities is not None
                assert begun.entities["job/1"].data == {"n": 1}
            else:
                assert begun.event.data == {"n": 1}


async def test_a_door_that_nobody_opens_is_given_up() -> None:
    async with Api(f"http://127.0.0.1:{free_port()}", tries=2) as api:
        with pytest.raises(Unavailable, match="not answered in 2 tries"):
            await api.fair("f1")
