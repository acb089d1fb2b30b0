"""The host of a played fair: opens it and its jobs, goes live, pins, closes; and watches the console's channel.

Two websockets watch: one that stays, by which everything is counted and measured, and an overlay's that drops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from livefair.client import Event
from livefair.play.arrivals import pin_times
from livefair.play.tally import Tally
from livefair.play.watching import Doors, Watcher
from livefair.wire.channels import host_channel

OVERLAY_GONE_S = 2.0
SEATS_ON_AIR = 3
"""Seats that an employer adds to a job when it is pinned: whoever is next in line is matched on air."""

Offered = Callable[[str], None]
"""Called with the candidate of each offer that the console hears of."""


class Host:
    """One host with a token for the fair, or for opening one."""

    def __init__(self, doors: Doors, token: str, tally: Tally) -> None:
        self.console = Watcher(doors, token, tally, self._hear)
        self.overlay = Watcher(doors, token, tally, _look)
        self._tally = tally
        self.offered: Offered = lambda _: None

    def _hear(self, event: Event, at: float) -> None:
        self._tally.hear(event, at)
        if event.type == "offer.made":
            self.offered(event.data["candidate"])

    async def open(self) -> None:
        """Connect."""
        await self.console.open()
        await self.overlay.open()

    async def close(self) -> None:
        """Leave. The fair stays as it is."""
        await self.overlay.close()
        await self.console.close()

    async def schedule(self, fair: Mapping[str, Any], *, key: str) -> str:
        """Create the fair; its id."""
        return await self.console.api.create_fair(fair["title"], fair["starts"], fair["host"], key=key)

    async def open_job(self, fair: str, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """Open a job; its body with the id in it."""
        return {**body, "job": await self.console.api.open_job(fair, body, key=key), "fair": fair}

    async def watch(self, fair: str, *, overlay: bool = True) -> None:
        """Count whatever the fair's console is told from now on."""
        await self.console.follow(host_channel(fair))
        if overlay:
            await self.overlay.follow(host_channel(fair))

    async def go_live(self, fair: str) -> None:
        """The fair begins."""
        await self.console.api.change_fair(fair, state="live")

    async def end(self, fair: str) -> None:
        """The fair takes no more sign-ups."""
        await self.console.api.change_fair(fair, state="closed")

    async def pin(self, fair: str, jobs: Sequence[dict[str, Any]], seconds: float, first: int = 0) -> None:
        """Pin one job after the other at `pin_times`, from the `first` on, and give each more seats on air.

        The overlay drops after each pin, and comes back.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, at_s in enumerate(pin_times(seconds), first):
            await asyncio.sleep(max(0.0, began + at_s - loop.time()))
            job = jobs[number % len(jobs)]
            await self.console.api.change_fair(fair, pinned=job["job"])
            job["seats"] += SEATS_ON_AIR
            await self.console.api.change_job(job["job"], seats=job["seats"])
            self._tally.done["pins"] += 1
            await self.overlay.drop()
            await asyncio.sleep(min(OVERLAY_GONE_S, seconds / 4))
            await self.overlay.come_back()


def _look(_event: Event, _at: float) -> None:
    """An overlay draws what it hears; here its witness is enough."""
