"""The employers at a fair: they watch their jobs, say whom they want, and offer seats to the matched.

Whoever they offer to, and for how long, follows from the seed; what becomes of it, from the system alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from livefair.client import Api, Event
from livefair.errors import LivefairError
from livefair.play.tally import Tally
from livefair.play.watching import Doors, Watcher
from livefair.wire.channels import job_channel

WANTS = 0.75
"""The share of applicants whom an employer who chooses by hand wants."""
THINKS_S = (0.4, 2.5)
RUNS_S = (3, 6, 6, 20)
"""How long an offer is good for, seconds: some short enough to lapse while somebody watches."""

Badge = Callable[[str], str]
"""An employer's token, by name."""


class Employers:
    """All of them at one fair, each with a websocket of their own."""

    def __init__(self, doors: Doors, badge: Badge, seed: int, tally: Tally) -> None:
        self._doors = doors
        self._tally = tally
        self._badge = badge
        self._rng = random.Random(f"livefair/employers/{seed}")  # noqa: S311 - a play, not a secret
        self._watchers: dict[str, Watcher] = {}
        self._at_work: set[asyncio.Task[None]] = set()
        self._resting = False

    async def hire(self, job: Mapping[str, Any]) -> None:
        """The job's employer watches it from now on."""
        name = job["employer"]
        watcher = self._watchers.get(name)
        if watcher is None:
            watcher = Watcher(self._doors, self._badge(name), self._tally, self._hears(name))
            await watcher.open()
            self._watchers[name] = watcher
        await watcher.follow(job_channel(job["job"]))

    def rest(self) -> None:
        """Begin nothing new; what is begun is done."""
        self._resting = True

    async def close(self) -> None:
        """They go home."""
        self.rest()
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await asyncio.gather(*(watcher.close() for watcher in self._watchers.values()))

    def _hears(self, name: str) -> Callable[[Event, float], None]:
        def hear(event: Event, _at: float) -> None:
            if not self._resting and event.type in ("application.matched", "application.reviewing"):
                task = asyncio.create_task(self._see_to(self._watchers[name].api, event))
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)

        return hear

    async def _see_to(self, api: Api, event: Event) -> None:
        """Offer a seat to who is matched; of who is to be looked at, say whether they are wanted."""
        job, candidate = event.data["job"], event.data["candidate"]
        runs, wanted = self._rng.choice(RUNS_S), self._rng.random() < WANTS
        await asyncio.sleep(self._rng.uniform(*THINKS_S))
        try:
            if event.type == "application.matched":
                await api.offer(job, candidate, runs, key=f"offer-{event.id}")
                self._tally.done["offered"] += 1
            else:
                await api.interested(job, candidate, wanted, key=f"interest-{event.id}")
                self._tally.done["wanted" if wanted else "not wanted"] += 1
        except LivefairError as error:
            self._tally.refuse(error)
