"""Where a subscription begins: after what the client has, with what it missed; or, without that, with the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from livefair.wire.feed import Publication
from livefair.wire.session import Since
from services.gateway import metrics
from services.gateway.hot import Hot
from services.gateway.live import LiveChannel
from services.gateway.recovery import Recovery


class Begun(NamedTuple):
    """The answer to a subscribe: live publications follow from the one after `offset` on.

    Not `recovered` means: take the snapshot. The publications are then those that the person has never acknowledged.
    """

    epoch: str
    offset: int
    recovered: bool
    publications: list[Publication]


class Beginnings:
    """`epoch` gives the feed's epoch as `control` names it."""

    def __init__(self, hot: Hot, recovery: Recovery, epoch: Callable[[], str]) -> None:
        self._hot = hot
        self._recovery = recovery
        self._epoch = epoch

    async def of(self, channel: LiveChannel, since: Since | None) -> Begun:
        """For somebody who has joined the channel already. Raises Unavailable."""
        epoch = self._epoch()
        if since is None and channel.key.startswith("candidate:"):
            return await self._unacknowledged(channel, epoch)
        if since is None:
            return Begun(epoch, channel.last, False, [])
        if since.epoch != epoch:
            metrics.RESUMES.labels("nowhere").inc()
            return Begun(epoch, channel.last, False, [])
        if since.offset == channel.last and channel.flowing:
            metrics.RESUMES.labels("current").inc()
            return Begun(epoch, since.offset, True, [])
        missed = await self._recovery.after(channel.key, since.offset)
        if missed is None:
            return Begun(epoch, channel.last, False, [])
        return Begun(epoch, missed[-1].offset if missed else since.offset, True, missed)

    async def _unacknowledged(self, channel: LiveChannel, epoch: str) -> Begun:
        seen = await self._hot.seen(channel.key, epoch)
        missed = await self._recovery.after(channel.key, seen)
        if missed is None:
            return Begun(epoch, channel.last, False, [])
        offset = missed[-1].offset if missed else max(seen, channel.last)
        return Begun(epoch, offset, False, [each for each in missed if each.class_ == "must"])
