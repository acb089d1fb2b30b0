"""The one codec of typed records: JSON by msgspec, decoded straight into the record's own class.

A record that is not of its topic's union raises `UnreadableRecord`, with the reason in one line.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from livefair.errors import UnreadableRecord

Record = TypeVar("Record")

_encoder = msgspec.json.Encoder()
encode = _encoder.encode
"""Any record as JSON bytes."""


class Codec(Generic[Record]):
    """Reads the records of one union; `msgspec` chooses the class by the `type` field."""

    def __init__(self, union: Any) -> None:
        self._decode = msgspec.json.Decoder(union).decode

    def decode(self, value: bytes | None) -> Record:
        """The record in `value`; raises UnreadableRecord."""
        if value is None:
            raise UnreadableRecord("no value")
        try:
            record: Record = self._decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise UnreadableRecord(str(error) or type(error).__name__) from None
        return record
