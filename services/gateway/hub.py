"""Every channel that somebody here listens to: announcements in, frames out, holes filled, losses noticed.

Each 5 s, and whenever the connection to Valkey is new, the last offsets are compared, so that a lost last message
shows too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog
from redis.asyncio import Redis

from livefair.errors import Unavailable
from livefair.wire.closing import FEED_RENEWED
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from services.gateway import metrics
from services.gateway.announcements import Announcements
from services.gateway.hot import Hot, announced
from services.gateway.live import Joiner, LiveChannel, Member
from services.gateway.recovery import Recovery

CHECK_S = 5.0
GRACE_S = 0.5
"""An announcement may be on its way while the offset that it brings is already read."""
OPEN_S = 8.0
_RETRY_S = 0.25
log = structlog.get_logger(__name__)


class Hub:
    """`epoch` gives the feed's epoch as `control` names it, "" while that is not known."""

    def __init__(self, client: Redis, hot: Hot, recovery: Recovery, epoch: Callable[[], str]) -> None:
        self._hot = hot
        self._recovery = recovery
        self._epoch = epoch
        self._announcements = Announcements(client, self._heard, self._renewed)
        self._channels: dict[str, LiveChannel] = {}
        self._opening: dict[str, asyncio.Task[LiveChannel]] = {}
        self._dirty: set[LiveChannel] = set()
        self._filling: dict[str, asyncio.Task[None]] = {}
        self._checking: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether announcements are heard."""
        return self._announcements.connected

    async def run(self) -> None:
        """Until cancelled."""
        listening = asyncio.create_task(self._announcements.run())
        try:
            while True:
                await asyncio.sleep(CHECK_S)
                for channel in [each for each in self._channels.values() if each.empty]:
                    if channel.key not in self._opening:  # whoever had it opened did not wait for it
                        self._drop(channel)
                metrics.CHANNELS.set(len(self._channels))
                await self._check(GRACE_S)
        finally:
            for task in (listening, self._checking, *self._filling.values(), *self._opening.values()):
                if task is not None:
                    task.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    # ------------------------------------------------------------ members

    async def join(self, member: Member, key: str, name: str) -> tuple[LiveChannel, Joiner]:
        """From now on nothing of the channel is lost for this member; `settle` makes it flow. Raises Unavailable."""
        while True:
            opening = self._opening.get(key)
            if opening is None and key not in self._channels:
                opening = self._opening[key] = asyncio.create_task(self._open(key, name))
                opening.add_done_callback(lambda _: self._opening.pop(key, None))
            if opening is not None:
                await asyncio.wait({opening})
                opening.result()
            channel = self._channels.get(key)
            if channel is not None and key not in self._opening:
                return channel, channel.join(member)

    def counts(self) -> dict[str, int]:
        """Readers here, by feed key."""
        return {key: len(channel.members) for key, channel in self._channels.items() if channel.members}

    def leave(self, member: Member, channel: LiveChannel) -> None:
        channel.leave(member)
        if channel.empty and self._channels.get(channel.key) is channel:
            self._drop(channel)

    async def _open(self, key: str, name: str) -> LiveChannel:
        channel = LiveChannel(key, name)
        self._channels[key] = channel
        try:
            async with asyncio.timeout(OPEN_S):
                await self._announcements.listen_to(key)
                while True:
                    tail = await self._hot.tail(key)
                    if tail.epoch and tail.epoch == self._epoch():
                        break
                    await asyncio.sleep(_RETRY_S)
        except BaseException as error:
            self._drop(channel)
            if isinstance(error, TimeoutError):
                raise Unavailable("the feed is being made again in Valkey") from None
            raise
        channel.last = tail.last
        if not channel.flow([]):
            self._fill(channel)
        return channel

    def _drop(self, channel: LiveChannel) -> None:
        if self._channels.get(channel.key) is channel:
            del self._channels[channel.key]
            self._announcements.ignore(channel.key)

    # ------------------------------------------------------------ publications

    def _heard(self, key: str, data: bytes) -> None:
        channel = self._channels.get(key)
        if channel is None:
            return
        if not channel.take(*announced(data)):
            self._fill(channel)
        self._to_flush(channel)

    def _to_flush(self, channel: LiveChannel) -> None:
        if channel.pending:
            if not self._dirty:
                # After everything else that this turn of the loop brings: what comes together goes out together.
                asyncio.get_running_loop().call_soon(self._flush)
            self._dirty.add(channel)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for channel in dirty:
            channel.flush()

    # ------------------------------------------------------------ holes and losses

    def _fill(self, channel: LiveChannel) -> None:
        if channel.key not in self._filling:
            channel.stop()
            task = self._filling[channel.key] = asyncio.create_task(self._fill_until_whole(channel))
            task.add_done_callback(lambda _: self._filling.pop(channel.key, None))

    async def _fill_until_whole(self, channel: LiveChannel) -> None:
        while self._channels.get(channel.key) is channel:
            try:
                missed = await self._recovery.after(channel.key, channel.last, metrics.HOLES)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
                continue
            if missed is None:
                log.warning("a hole in a channel could not be filled", partition=partition_of(FEED, channel.key))
                self._renew(channel)
                return
            whole = channel.flow(missed)
            self._to_flush(channel)
            if whole:
                return
            channel.stop()
            await asyncio.sleep(_RETRY_S)

    def _renew(self, channel: LiveChannel) -> None:
        """Its readers must begin again: they come back, are told `recovered: false` and take the snapshot."""
        for member in channel.everyone():
            member.end(FEED_RENEWED)
        self._drop(channel)

    def renew_all(self) -> None:
        """The feed has another epoch: no offset means anything any more."""
        for channel in list(self._channels.values()):
            self._renew(channel)

    def _renewed(self) -> None:
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check(0))

    async def _check(self, grace_s: float) -> None:
        """Compare the last offsets with Valkey's; what is missing after the grace is fetched."""
        try:
            behind = await self._behind(list(self._channels.values()))
            if behind and grace_s:
                await asyncio.sleep(grace_s)
            for channel, last in behind.items():
                if channel.flowing and channel.last < last:
                    self._fill(channel)
        except Unavailable:
            pass  # the next check, or the next connection, asks again

    async def _behind(self, channels: Iterable[LiveChannel]) -> dict[LiveChannel, int]:
        by_partition: dict[int, list[LiveChannel]] = {}
        for channel in channels:
            if channel.flowing:
                by_partition.setdefault(partition_of(FEED, channel.key), []).append(channel)
        behind: dict[LiveChannel, int] = {}
        for partition, here in by_partition.items():
            epoch, lasts = await self._hot.lasts(partition, [channel.key for channel in here])
            if epoch and epoch == self._epoch():
                behind |= {each: lasts[each.key] for each in here if lasts.get(each.key, -1) > each.last}
        return behind
