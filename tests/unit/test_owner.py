"""What an owner does with records that nobody can read, with repeats, and with what it tells others; and the reader."""

from __future__ import annotations

import base64
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from livefair.wire.codec import encode
from livefair.wire.decisions import Noted
from livefair.wire.envelope import Headers, Step, header
from livefair.wire.fence import Fence
from livefair.wire.topics import DEAD_LETTERS, FEED
from streams.fold import Route
from streams.log import BrokenLog, DecisionLog, Kept
from streams.owner import POISONED, UNREADABLE, UNREADABLE_KEPT, Fenced, Owner, Written
from tests.support.seats import Ask, Given, SeatFold, Turned

ORIGIN: Headers = [("ce_origin", b"d0-7-0-0")]


def record(offset: int, value: bytes | None, headers: Any = (), key: bytes | None = b"seats") -> Kept:
    return Kept(offset, 1_000 + offset, key, value, headers)


def ask(who: int, seats: int = 1) -> bytes:
    return encode(Ask(who, seats))


def owner(rules: str = "one") -> Owner[Any, Any, Any]:
    return Owner(SeatFold(rules), 0)


def log_of(*groups: list[Written]) -> list[Kept]:
    flat = [one for group in groups for one in group]
    return [Kept(offset, 0, one.key, one.value, one.headers) for offset, one in enumerate(flat)]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (None, b"seats"),
        (b"", b"seats"),
        (b"{", b"seats"),
        (b'{"type":"unknown"}', None),
        (b"\xff\xfe", b"\xff"),
        (b"[]", b""),
    ],
)
def test_what_cannot_be_read_is_noted_and_sent_to_the_dead_letters(value: bytes | None, key: bytes | None) -> None:
    mine = owner()
    (noted,) = mine.fold_one(record(4, value, key=key))
    assert isinstance(noted.decision, Noted)
    assert noted.decision.why == UNREADABLE
    assert noted.key is not None, "only a fence has no key"
    (letter,) = mine.routes([(noted.step, noted.decision)])
    assert letter.topic is DEAD_LETTERS
    said = msgspec.json.decode(letter.value)
    assert (said["topic"], said["partition"], said["offset"]) == ("jobs", 0, 4)
    assert said["reason"]
    assert base64.b64decode(said["value"]) == (value or b"")
    assert [type(one.decision) for one in mine.fold_one(record(5, ask(1)))] == [Given]


def test_a_huge_record_is_not_repeated_whole() -> None:
    (noted,) = owner().fold_one(record(0, b"x" * 900_000))
    assert len(base64.b64decode(noted.decision.unreadable)) == UNREADABLE_KEPT


@pytest.mark.parametrize("origin", [b"", b"d0-1-0", b"q0-1-0-0", b"d0-x-0-0", b"\xff"])
def test_an_origin_that_is_none_makes_a_record_unreadable(origin: bytes) -> None:
    (noted,) = owner().fold_one(record(0, ask(1), [("ce_origin", origin)]))
    assert noted.decision.why == UNREADABLE
    assert header(noted.headers, "ce_origin") is None


@pytest.mark.parametrize("value", [b"{", ask(1)])
def test_a_repeat_leaves_nothing_whether_the_first_could_be_read_or_not(value: bytes) -> None:
    mine = owner()
    first = mine.fold_one(record(0, value, ORIGIN))
    assert mine.fold_one(record(1, value, ORIGIN)) == []
    restored = owner()
    for kept in log_of(first):
        restored.read(kept)
    assert restored.next_input == 1
    assert restored.fold_one(record(1, value, ORIGIN)) == []


def test_a_record_on_which_the_rules_failed_is_passed_over() -> None:
    mine = owner()
    mine.poisoned.add(3)
    (noted,) = mine.fold_one(record(3, ask(1), ORIGIN))
    assert (noted.decision.why, noted.decision.detail) == (UNREADABLE, POISONED)
    assert mine.fold_one(record(4, ask(1), ORIGIN)) == [], "and so is its repeat"


def test_a_batch_that_lands_elsewhere_voids_the_state() -> None:
    mine = owner()
    batch = mine.fold_one(record(0, ask(1)))
    with pytest.raises(Fenced):
        mine.acknowledged(1, batch)
    mine.acknowledged(0, batch)
    assert mine.log.next_offset == 1


# ------------------------------------------------------------ what replaces another


class LatestFold(SeatFold):
    """Tells what it decides as the newest value of one of two entities, and now and then as a thing of its own."""

    def routes(self, decision: Any, ident: str) -> Any:
        entity = f"e{decision.who % 2}"
        yield Route(FEED, "even", "told", ident.encode(), "" if decision.who % 3 == 0 else entity)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=30), st.lists(st.integers(1, 7), min_size=30, max_size=30))
def test_of_what_replaces_another_the_last_is_told_however_batches_fall(asked: list[int], sizes: list[int]) -> None:
    mine = Owner(LatestFold("one"), 0)
    decisions = [
        (one.step, one.decision) for offset, who in enumerate(asked) for one in mine.fold_one(record(offset, ask(who)))
    ]
    view: dict[str, bytes] = {}
    alone: list[bytes] = []
    ranks = []
    rest = decisions
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        for routed in mine.routes(batch):
            step = Step(*map(int, routed.value.decode().split("-")[1:]))
            decision = dict(decisions)[step]
            ranks.append(step)
            if decision.who % 3:
                view[f"e{decision.who % 2}"] = routed.value
            else:
                alone.append(routed.value)
    assert not rest
    assert ranks == sorted(set(ranks))
    idents = [(decision, f"m0-{step.offset}-{step.nth}".encode()) for step, decision in decisions]
    assert alone == [ident for decision, ident in idents if decision.who % 3 == 0]
    assert view == {f"e{decision.who % 2}": ident for decision, ident in idents if decision.who % 3}


# ------------------------------------------------------------ the reader


def fence(offset: int, number: int, writer: str) -> Kept:
    return Kept(offset, 0, None, encode(Fence(number, writer)), ())


def write(mine: Owner[Any, Any, Any], offset: int, seats: int = 1) -> list[Written]:
    return mine.fold_one(record(offset, ask(offset, seats)))


def test_a_reader_takes_whole_groups_of_the_latest_epoch_only() -> None:
    stale, fresh = owner(), owner("two")
    reader = DecisionLog()
    first = write(stale, 0, 2)
    assert [len(reader.read(kept)) for kept in log_of(first)] == [0, 2]
    for kept in log_of(first):
        fresh.read(kept)
    late = write(stale, 1)
    fresh.fence("w2")
    right = write(fresh, 1, 5)
    assert reader.read(fence(2, 1, "w2")) == ()
    assert reader.read(fence(3, 1, "w3")) == (), "the second with its number does not count"
    assert (reader.epoch, reader.writer) == (1, "w2")
    assert reader.read(fence(4, 3, "w4")) == ()
    assert reader.epoch == 1, "nor does one that leaves a number out"
    before = reader.step
    assert reader.read(Kept(5, 0, late[0].key, late[0].value, late[0].headers)) == ()
    assert (reader.step, reader.dropped) == (before, 1), "what is stale moves nothing"
    taken = [reader.read(Kept(6 + nth, 0, one.key, one.value, one.headers)) for nth, one in enumerate(right)]
    assert [len(group) for group in taken] == [0] * (len(right) - 1) + [len(right)]
    assert {entry.rules for entry in taken[-1]} == {"two"}
    assert reader.read(Kept(6, 0, right[0].key, right[0].value, right[0].headers)) == (), (
        "what was read is not read again"
    )


def test_a_fence_voids_the_part_of_a_group_before_it() -> None:
    reader = DecisionLog()
    torn = write(owner(), 0, 3)
    assert reader.read(Kept(0, 0, torn[0].key, torn[0].value, torn[0].headers)) == ()
    reader.read(fence(1, 1, "w2"))
    assert reader.read(Kept(2, 0, torn[1].key, torn[1].value, torn[1].headers)) == ()
    anew = owner("two")
    anew.fence("w2")
    again = write(anew, 0, 3)
    groups = [reader.read(Kept(3 + nth, 0, one.key, one.value, one.headers)) for nth, one in enumerate(again)]
    assert [entry.record.value for entry in groups[-1]] == [one.value for one in again]


def test_a_hole_stops_the_reader() -> None:
    mine = owner()
    first, second, third = write(mine, 0), write(mine, 1), write(mine, 2, 5)
    reader = DecisionLog()
    reader.read(log_of(first)[0])
    with pytest.raises(BrokenLog, match="was the last"):
        reader.read(Kept(1, 0, third[0].key, third[0].value, third[0].headers))
    reader = DecisionLog()
    for kept in log_of(first, second):
        reader.read(kept)
    with pytest.raises(BrokenLog, match="was the last"):
        reader.read(Kept(2, 0, third[1].key, third[1].value, third[1].headers))
    assert isinstance(third[-1].decision, Turned)


@pytest.mark.parametrize(
    "kept",
    [
        Kept(0, 0, b"seats", b"{}", ()),
        Kept(0, 0, b"seats", b"{}", [("ce_position", b"nonsense")]),
        Kept(0, 0, None, b"{}", ()),
        Kept(0, 0, None, None, ()),
    ],
)
def test_what_no_writer_of_ours_makes_stops_the_reader(kept: Kept) -> None:
    with pytest.raises(BrokenLog):
        DecisionLog().read(kept)
