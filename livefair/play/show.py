"""A fair played through the doors: a host, its employers, its phones; what they were told held against what they saw.

Everything follows from the seed, but for what the system decides and when it answers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from livefair import tokens
from livefair.domain.access import Claims, Role
from livefair.play.arrivals import Arrival, arrivals, people_in, pin_times
from livefair.play.employers import Employers
from livefair.play.fair import GeneratedFair
from livefair.play.host import Host
from livefair.play.phones import Phones
from livefair.play.tally import Tally
from livefair.play.watching import Doors

HOST = "host-1"
JOBS_FIRST, JOBS_MORE, JOBS_MOST = 18, 5, 60
"""Jobs at the opening, with each round that follows, and in all."""
ROUND_S = 30.0
TOKEN_S = 30 * 86_400
LATE = 3
SETTLE_S = 20.0
"""How long the host may hear nothing new before what is missing counts as lost."""
QUIET_S = 1.0
_BEIJING = dt.timezone(dt.timedelta(hours=8))


def today() -> dt.date:
    """The day it is in Beijing."""
    return dt.datetime.now(_BEIJING).date()


def badge(secret: bytes, role: Role, subject: str, *scopes: str) -> str:
    """A token as `livefair token` prints it."""
    return tokens.mint(secret, Claims(role, subject, scopes), int(time.time()), TOKEN_S)


async def settle(tally: Tally, within: float = SETTLE_S) -> None:
    """Wait until the host has seen what was acknowledged and hears no more; not longer than `within` s of silence."""
    loop = asyncio.get_running_loop()
    heard, since = -1, loop.time()
    while True:
        count = sum(tally.heard.values())
        if count != heard:
            heard, since = count, loop.time()
        silent = loop.time() - since
        if silent >= within or (silent >= QUIET_S and not tally.promises.missing):
            return
        await asyncio.sleep(0.05)


class Acks:
    """The application ids that phones were told of, one a line, each written down at once. No file: nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("a", buffering=1)

    def __enter__(self) -> Callable[[str], None]:
        return self._told

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def _told(self, application: str) -> None:
        if self._file is not None:
            self._file.write(f"{application}\n")


class Show:
    """One fair and everybody at it; `secret` signs their tokens. Entering it opens the fair and goes live."""

    def __init__(self, doors: Doors, secret: bytes, seed: int, *, watching: int, acks: Path | None = None) -> None:
        self.tally = Tally()
        self.seed = seed
        self.fair = ""
        self.host_token = badge(secret, "host", HOST)
        self._doors = doors
        self._watching = watching
        self._acks = acks
        self._host = Host(doors, self.host_token, self.tally)
        self._employers = Employers(doors, lambda name: badge(secret, "employer", name), seed, self.tally)
        self._jobs: list[dict[str, Any]] = []
        self._people = 0
        self._pins = 0
        self._last: tuple[GeneratedFair, list[str]] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            told = stack.enter_context(Acks(self._acks))
            self._plan = GeneratedFair.generate(self.seed, 0, JOBS_MOST, today=today())
            stack.push_async_callback(self._host.close)
            await self._host.open()
            self.fair = await self._host.schedule(self._plan.fair, key=f"fair-{self.seed}-{time.time_ns()}")
            await self._host.watch(self.fair)
            stack.push_async_callback(self._employers.close)
            await self._open_jobs(JOBS_FIRST)
            phones = Phones(self._doors, self.fair, self.seed, self.tally, watching=self._watching, told=told)
            self._phones = await stack.enter_async_context(phones)
            self._host.offered = self._phones.remind
            await self._host.go_live(self.fair)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def play(self, rate: float, seconds: float) -> None:
        """People come for so many seconds, `rate` a second on average, in bursts after each pin."""
        schedule = arrivals(self.seed + self._people, rate, seconds, first=self._people)
        people = await asyncio.to_thread(self._draw, schedule)
        ids = [job["job"] for job in self._jobs]
        self._last = people, ids
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._host.pin(self.fair, self._jobs, seconds, first=self._pins))
            tasks.create_task(self._phones.play(people, ids, schedule))
        self._pins += len(pin_times(seconds))

    async def go_on(self, rate: float) -> None:
        """Play round after round, with a few more jobs each time, until it is cancelled."""
        while True:
            await self.play(rate, ROUND_S)
            await self._open_jobs(JOBS_MORE)

    async def end(self) -> None:
        """Close the fair, let some come too late, and wait until the last word has reached the host."""
        self._employers.rest()
        await self._host.end(self.fair)
        if self._last is not None:
            await self._phones.late(*self._last, LATE)
        await settle(self.tally)

    async def close_fair(self) -> None:
        """Close the fair, and no more than that."""
        await self._host.end(self.fair)

    def _draw(self, schedule: list[Arrival]) -> GeneratedFair:
        count = people_in(schedule)
        people = GeneratedFair.around(self.seed, count, self._jobs, today=self._plan.today, first=self._people)
        self._people += count
        return people

    async def _open_jobs(self, more: int) -> None:
        first = len(self._jobs)
        bodies = self._plan.jobs[first : first + more]
        opening = [
            self._host.open_job(self.fair, body, key=f"job-{number}") for number, body in enumerate(bodies, first)
        ]
        opened: list[Mapping[str, Any]] = await asyncio.gather(*opening)
        for job in opened:
            await self._employers.hire(job)
        self._jobs += [dict(job) for job in opened]
