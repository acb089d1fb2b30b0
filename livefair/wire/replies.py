"""What a gateway says to one connection: the answer to each command, and a publication of a channel.

A message holds one of them under its name, `{"id":…,"subscribed":{…}}`; an answer repeats the `id` of its command.
"""

from __future__ import annotations

import msgspec

from livefair.wire.feed import Class, Publication


class Connected(msgspec.Struct, frozen=True):
    """`connect` is granted. `ping`: seconds between the websocket's own pings; `server_time` in Unix ms."""

    session: str
    ping: int
    server_time: int


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription is made: live publications follow from the one after `offset` on.

    `recovered`: `publications` is all that was missed. Else take the channel's snapshot; what is in `publications` then
    are the events of one's own channel that nobody has acknowledged.
    """

    channel: str
    epoch: str
    offset: int
    recovered: bool
    publications: tuple[Publication, ...]


class Unsubscribed(msgspec.Struct, frozen=True):
    """Nothing of the channel follows."""

    channel: str


class Present(msgspec.Struct, frozen=True):
    """How many connections read the channel. `sample` is empty: nobody is shown who else is there."""

    channel: str
    count: int
    sample: tuple[str, ...] = ()


class Acked(msgspec.Struct, frozen=True):
    """The acknowledgement is kept. Only said where the `ack` had an id."""

    channel: str
    offset: int


class Push(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One event of a channel, at its offset in `feed`; `prev` is the offset before it in the channel (−1: none)."""

    channel: str
    offset: int
    prev: int
    class_: Class
    event: msgspec.Raw
