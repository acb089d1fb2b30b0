"""One Chromium and one real livefair for each module of browser tests; their loop is the module's too."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import APIRequestContext, Browser, BrowserContext, expect

from livefair import keyring, tokens
from livefair.config import Settings
from livefair.domain.access import Claims, Role
from tests.support.chromium import chromium, chromium_path
from tests.support.up import RunningUp, alive, until

expect.set_options(timeout=30_000)  # it only ends a test that would never end

PLACE = ("14", "140223")
"""广灵县, in 山西省."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser; a test opens contexts of its own in it."""
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """A `livefair up` for the module."""
    chromium_path()  # nothing is started for tests that cannot run
    up = RunningUp(tmp_path_factory.mktemp("pages") / "data").ready()
    yield up
    up.end()
    until(lambda: not any(map(alive, up.pids())), what="the end of up's children")


class Opened:
    """A live fair with one job, and its API with the tokens of its host and its employer."""

    def __init__(self, request: APIRequestContext, running: RunningUp, fair: str = "", job: str = "") -> None:
        self._request = request
        self.running = running
        self.http: str = running.state["http"]
        self.fair, self.job = fair, job

    def token(self, role: Role, subject: str) -> str:
        secret = keyring.read(Settings(data=self.running.data)).token
        return tokens.mint(secret, Claims(role, subject), int(time.time()))

    @property
    def host(self) -> str:
        return self.token("host", "xiaoya")

    async def call(self, method: str, path: str, body: Any, token: str) -> Any:
        """One call; its answer, which must be a good one."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._request.fetch(self.http + path, method=method, data=body, headers=headers)
        assert answer.ok, await answer.text()
        return await answer.json()

    async def open(self, title: str = "山西大同 → 北京 家政专场") -> None:
        """Make the fair, its job, and go live."""
        about = {"title": title, "starts": "2026-11-24T19:00:00+08:00", "host": "小雅"}
        self.fair = (await self.call("POST", "/v1/fairs", about, self.host))["fair"]
        self.job = await self.add_job("住家育儿嫂")
        await self.call("PATCH", f"/v1/fairs/{self.fair}", {"state": "live"}, self.host)

    async def add_job(self, title: str, seats: int = 2) -> str:
        pay = {"unit": "month", "min": 8000, "max": 10000}
        job = {"title": title, "employer": "e1", "occupation": "4-10-01-06", "region": "110105", "pay": pay}
        job |= {"mode": "live-in", "lodging": "live-in", "seats": seats, "skills": ["infant-care"], "rest_days": 4}
        name: str = (await self.call("POST", f"/v1/fairs/{self.fair}/jobs", job, self.host))["job"]
        return name

    async def offer(self, candidate: str, expires_s: int = 3600) -> str:
        body = {"candidate": candidate, "expires_s": expires_s}
        answer = await self.call("POST", f"/v1/jobs/{self.job}/offers", body, self.token("employer", "e1"))
        name: str = answer["offer"]
        return name

    async def rows(self) -> dict[str, Any]:
        """The applications that the host's channel shows, by id."""
        path = f"/v1/channels/fair:{self.fair}:host/snapshot"
        shown = await self.call("GET", path, None, self.host)
        events = (event for name, event in shown["entities"].items() if name.startswith("application/"))
        return {event["data"]["application"]: event["data"] for event in events}


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A candidate's browser, in Chinese, of a phone's size."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def studio(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A host's browser."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def opened(studio: BrowserContext, running: RunningUp) -> Opened:
    """A live fair of this test's own."""
    fair = Opened(studio.request, running)
    await fair.open()
    return fair
