"""What a person has seen of their channel: the records of `acks`, and their cache in Valkey.

Cumulative: everything up to and with `offset` was seen, on whatever device. An offset only counts in its feed's epoch.
"""

from __future__ import annotations

import msgspec

from livefair.wire.channels import candidate_channel


class Seen(msgspec.Struct, frozen=True):
    """The value of a record in `acks`; its key is `person_of` the feed key."""

    epoch: str
    offset: int


def person_of(feed_key: str) -> str:
    """Whose channel a feed key is: a candidate, or a candidate and a holder (`c…~h…`)."""
    return feed_key.removeprefix(candidate_channel(""))


def acks_key(partition: int) -> str:
    """A hash from person to the offset seen, one for each partition of `acks`. Without it more is sent, never less."""
    return f"acks:{partition}"
