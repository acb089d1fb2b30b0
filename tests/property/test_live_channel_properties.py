"""However announcements are lost, repeated or late, a member gets every publication once and in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from livefair.wire.closing import Closing
from livefair.wire.feed import NO_OFFSET, Publication
from services.gateway.live import Joiner, LiveChannel
from services.gateway.recovery import chained


class Listener:
    """A member that takes its frames apart."""

    def __init__(self) -> None:
        self.bytes = b""

    def deliver(self, frames: bytes) -> None:
        self.bytes += frames

    def end(self, closing: Closing) -> None:
        raise AssertionError("nobody is closed here")

    def heard(self) -> list[tuple[int, int]]:
        pushes, rest = [], self.bytes
        while rest:
            length, head = rest[1], 2
            if length == 126:
                length, head = int.from_bytes(rest[2:4]), 4
            push: dict[str, Any] = orjson.loads(rest[head : head + length])["push"]
            pushes.append((push["offset"], push["prev"]))
            rest = rest[head + length :]
        return pushes


def chain(offsets: list[int]) -> list[Publication]:
    event = msgspec.Raw(b'{"id":"e","type":"t","time":0,"data":{}}')
    return [
        Publication(offset, prev, "must", event) for prev, offset in zip([NO_OFFSET, *offsets], offsets, strict=False)
    ]


class Story:
    """One channel over a log: members come while announcements are lost, repeated and late, and holes are filled."""

    def __init__(self, log: list[Publication], chance: random.Random) -> None:
        self.log = log
        self.chance = chance
        self.begun = chance.randrange(len(log) + 1)
        self.channel = LiveChannel("fair:f1", "fair:f1")
        self.channel.last = log[self.begun - 1].offset if self.begun else NO_OFFSET
        self.channel.flow([])
        self.members: list[tuple[Listener, int]] = []
        self.joining: list[tuple[Joiner, Listener]] = []

    def fill(self) -> None:
        while not self.channel.flow(chained(self.channel.last, self.log)):
            self.channel.stop()

    def join(self) -> None:
        listener = Listener()
        self.joining.append((self.channel.join(listener), listener))

    def settle(self) -> None:
        """What a member was told may end before or after what the channel has passed on."""
        for joiner, listener in self.joining:
            ahead = [each.offset for each in self.log if each.offset >= self.channel.last]
            floor = self.chance.choice(ahead or [self.channel.last])
            self.members.append((listener, floor))
            self.channel.settle(joiner, floor)
        self.joining.clear()

    def announce(self, publication: Publication) -> None:
        for _ in range(self.chance.choice([0, 1, 1, 1, 2])):
            if not self.channel.take(publication):
                self.channel.stop()
                self.perhaps(self.fill)
        if not self.channel.flowing:
            self.perhaps(self.fill)

    def perhaps(self, act: Callable[[], None], odds: float = 0.5) -> None:
        if self.chance.random() < odds:
            act()

    def tell(self) -> None:
        for publication in self.log[self.begun :]:
            self.perhaps(self.join, 0.3)
            self.perhaps(self.settle, 0.4)
            self.announce(publication)
            self.perhaps(self.channel.flush)
        self.settle()
        self.fill()
        self.channel.flush()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=25).map(
        lambda steps: [sum(steps[: n + 1]) for n in range(len(steps))]
    ),
    st.integers(0, 2**32),
)
def test_every_member_hears_everything_once_and_in_order(offsets: list[int], seed: int) -> None:
    story = Story(chain(offsets), random.Random(seed))
    story.tell()
    for listener, floor in story.members:
        after = [offset for offset in offsets if offset > floor]
        assert listener.heard() == list(zip(after, [floor, *after], strict=False))
