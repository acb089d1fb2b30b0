"""The fence: the record of a decision log by which a new owner of its partition makes everyone before it void."""

from __future__ import annotations

import msgspec

FENCE_KIND = "fence"


class Fence(msgspec.Struct, frozen=True, tag=FENCE_KIND, tag_field="type"):
    """A marker: from here on only decisions of epoch `number` count, and `writer` is who writes them. It has no key."""

    number: int
    writer: str
