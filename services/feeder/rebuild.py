"""Makes one partition of the feed in Valkey again: what `views` holds first, then the feed from there.

The sentinel is written last, so that nobody ever believes a part; what live readers have been told already is not
announced again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import structlog

from livefair.reading import Bounds, Reader
from livefair.wire.topics import FEED
from livefair.wire.views import Checkpoint
from services.feeder import metrics, views
from services.feeder.shard import Shard
from services.feeder.store import NeedsRebuild, Store

_ROWS = 1000
_NEVER = 2**53
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a rebuild begins, and the highest origins before it."""

    offset: int
    origins: dict[str, str]


def choose_start(bounds: Bounds, checkpoint: Checkpoint | None, whole: int) -> Start:
    """The beginning of the feed where it is short or nothing was saved, else the checkpoint.

    Short is at most `whole` records: reading them all fills the hot windows too.

    Origins saved before the start only drop what is a repeat in any case; later ones would drop what is not.
    """
    if checkpoint is None:
        return Start(bounds.first, {})
    short = bounds.end - bounds.first <= whole
    start = bounds.first if short or checkpoint.offset < bounds.first else checkpoint.offset
    return Start(start, checkpoint.origins if checkpoint.offset <= start else {})


async def rebuild(shard: Shard, store: Store, reader: Reader, epoch: str, whole: int) -> None:
    """Make the shard's partition again up to where the feed ends now, and go on live from there. Raises Unavailable."""
    shard.live = False
    while True:
        try:
            await _once(shard, store, reader, epoch, whole)
        except NeedsRebuild:
            continue  # lost again while it was being made
        break
    shard.live = True


async def _once(shard: Shard, store: Store, reader: Reader, epoch: str, whole: int) -> None:
    partition, token = shard.partition, secrets.token_hex(8)
    bounds = await reader.bounds(FEED, partition)
    saved = await views.load(reader, partition, epoch)
    start = choose_start(bounds, saved.checkpoint, whole)
    # A channel whose last offset nobody knows any more says that its first publication follows the one before the
    # start: that proves nothing about what is older, so whoever lacks that looks into Kafka.
    await store.begin(partition, token, start.offset, start.offset - 1, start.origins)
    for rows in _chunks(views.flat(saved, start.offset), 3 * _ROWS):
        await store.restore(partition, token, rows)
    shard.position = start.offset
    announce = _NEVER if shard.announced is None else shard.announced
    async for records in reader.stretch(FEED, partition, start.offset, bounds.end):
        if not await shard.take(token, records, announce):
            raise NeedsRebuild("another rebuild has begun")
    await store.complete(partition, token, epoch)
    shard.position = max(shard.position, bounds.end)
    metrics.REBUILDS.inc()
    log.info("rebuilt", partition=partition, start=start.offset, end=shard.position, rows=len(saved.rows))


def _chunks(flat: Iterable[str | bytes | int], size: int) -> Iterator[list[str | bytes | int]]:
    source = iter(flat)
    while chunk := list(islice(source, size)):
        yield chunk
