"""The epoch of the feed: made once, kept in `control`, and renewed where the feed is not the one it was made for."""

from __future__ import annotations

import secrets

from livefair.errors import UnreadableRecord
from livefair.kafka import Appender
from livefair.reading import Reader
from livefair.wire.codec import Codec, encode
from livefair.wire.control import FEED_EPOCH_KEY, FeedEpoch
from livefair.wire.envelope import fact_headers
from livefair.wire.topics import CONTROL

_codec: Codec[FeedEpoch] = Codec(FeedEpoch)


async def current(reader: Reader) -> str:
    """The epoch that `control` names, "" where there is none yet. Raises Unavailable."""
    epoch = ""
    async for batch in reader.stretch(CONTROL, 0, *await reader.bounds(CONTROL, 0)):
        for record in batch:
            if record.key == FEED_EPOCH_KEY.encode():
                try:
                    epoch = _codec.decode(record.value).epoch
                except UnreadableRecord:
                    continue
    return epoch


async def renew(reader: Reader, appender: Appender) -> str:
    """Make a new epoch; gives the one that stands, which is another's where that was written after ours."""
    fresh = FeedEpoch(secrets.token_hex(8))
    headers = fact_headers(fresh.epoch, "feed.epoch", "/livefair/feeder")
    await appender.append(CONTROL, 0, FEED_EPOCH_KEY.encode(), encode(fresh), headers)
    return await current(reader)
