"""Reads records of `feed` into what library.lua stores; the event's bytes are passed on as they came."""

from __future__ import annotations

from typing import NamedTuple

from aiokafka import ConsumerRecord

from livefair.errors import UnreadableRecord
from livefair.tracing import traces
from livefair.wire.codec import Codec
from livefair.wire.envelope import TRACE, header, origin_of, rank_of
from livefair.wire.feed import FeedRecord, trail_text
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from livefair.wire.views import SEPARATOR

_codec: Codec[FeedRecord] = Codec(FeedRecord)
_NO_ORIGIN = (b"", (0, 0, 0))

Head = tuple[int, str, str, str, str, int, int, int, str]
"""offset, channel, class, entity, upstream, the origin's offset, nth and ordinal, and the trail."""


class Read(NamedTuple):
    """A publication as library.lua takes it."""

    head: Head
    event: bytes


def channel_of(record: ConsumerRecord) -> str:
    """The feed key of a record. Raises UnreadableRecord."""
    try:
        channel = record.key.decode()
    except (AttributeError, UnicodeDecodeError):
        raise UnreadableRecord("the key is no channel") from None
    if not channel or SEPARATOR in channel:
        raise UnreadableRecord("the key is no channel")
    if partition_of(FEED, channel) != record.partition:
        raise UnreadableRecord("the channel does not belong into this partition")
    return str(channel)


def read(record: ConsumerRecord) -> Read:
    """The publication that a record holds. Raises UnreadableRecord."""
    channel = channel_of(record)
    publication = _codec.decode(record.value)
    text = origin_of(record.headers)
    upstream, rank = _NO_ORIGIN if text is None else rank_of(text)
    trace = header(record.headers, TRACE) if traces.on else None
    trail = trail_text(publication.since, trace.decode("ascii", "replace") if trace else "")
    head = (record.offset, channel, publication.class_, publication.entity, upstream.decode(), *rank, trail)
    return Read(head, bytes(publication.event))
