"""What becomes of a record that nobody could read: a letter that says where it stands and why."""

from __future__ import annotations

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, tag="record.unreadable", tag_field="type"):
    """A record that no stage could read: where it stands, the reason, and (base64) how it begins."""

    topic: str
    partition: int
    offset: int
    reason: str
    value: str
