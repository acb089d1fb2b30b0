"""The topic `views`: what a channel's view is when Valkey has lost it and the feed's 30 days are over.

A row's key is `{channel}|{entity}` and its value the event; without an entity it is the channel's last offset. The key
`|` is the partition's checkpoint: every publication before its offset is in the rows.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

SEPARATOR = "|"
CHECKPOINT_KEY = SEPARATOR


class LastOffset(msgspec.Struct, frozen=True):
    """The value of a row without an entity: the channel's last offset, in that epoch of the feed."""

    epoch: str
    offset: int


class Checkpoint(msgspec.Struct, frozen=True):
    """What the rows hold: all before `offset`; `origins` is the highest origin by upstream (`TAGpartition`)."""

    epoch: str
    offset: int
    origins: dict[str, str] = {}


class RowKey(NamedTuple):
    """What a row is about; `entity` "" is the channel itself."""

    channel: str
    entity: str

    def text(self) -> str:
        return f"{self.channel}{SEPARATOR}{self.entity}"


def row_key(text: str) -> RowKey:
    """What `RowKey.text` wrote; a channel's name has no separator in it."""
    channel, _, entity = text.partition(SEPARATOR)
    return RowKey(channel, entity)
