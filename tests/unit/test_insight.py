"""Insight's pieces by themselves: what is kept of the time, how long an answer took, when the watch calls it stuck."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from livefair.errors import Unavailable
from livefair.wire.decisions import ApplicationEntered, ApplicationMoved, Counts, PersonSignedUp, Row
from livefair.wire.insight import ANSWER_BOUNDS_MS, Part
from livefair.wire.topics import DESK_DECISIONS, INSIGHT, MATCHES
from streams.insight import watch
from streams.insight.counts import HOURS_KEPT, MINUTE_MS, MINUTES_KEPT, count
from streams.insight.sums import insight
from streams.insight.watch import STILL_FOR_S, UNCOMMITTED_FOR_S, Standstill, Watch
from tests.support.people import FAIR, person

NOON = 1_790_000_000_000 // (60 * MINUTE_MS) * 60 * MINUTE_MS
COUNTS = Counts(seats=1, held=0, applications=1, matched=0, waiting=0)


def signed_up(at: int) -> PersonSignedUp:
    return PersonSignedUp(
        candidate="c1", fair=FAIR, key="k", body="b", holder="h", by_holder="h", person=person("c1"), at=at
    )


def row(state: Any, verdicts: str = "PPPPPPPP", since: int = NOON) -> Row:
    return Row("a1", "j1", FAIR, "c1", "", "张*", state, "2026-11", verdicts, 0, (), 0, (), 1, since=since)


# ------------------------------------------------------------ time


def test_minutes_and_hours_are_those_before_the_newest_in_whatever_order_they_came() -> None:
    times = [NOON + minute * MINUTE_MS for minute in (0, 1, 1, 59, 60, MINUTES_KEPT, MINUTES_KEPT + 1)]
    parts = [Part(FAIR, "d0"), Part(FAIR, "d0")]
    for part, order in zip(parts, (times, times[::-1]), strict=True):
        for at in order:
            count(part, signed_up(at))
    shown = [insight(FAIR, [part]) for part in parts]
    assert shown[0].minutes == shown[1].minutes
    assert [(at - NOON) // MINUTE_MS for at, _ in map(tuple_of, shown[0].minutes)] == [59, 60, 120, 121]
    assert [(at - NOON) // (60 * MINUTE_MS) for at, _ in map(tuple_of, shown[0].hours)] == [0, 1, 2]
    assert [signups for _, signups in map(tuple_of, shown[0].hours)] == [4, 1, 2]


def tuple_of(bucket: Any) -> tuple[int, int]:
    return bucket.start, bucket.signups


def test_a_fair_that_is_open_for_months_keeps_a_month_of_hours() -> None:
    part = Part(FAIR, "d0")
    for hour in range(HOURS_KEPT + 100):
        count(part, signed_up(NOON + hour * 60 * MINUTE_MS))
    assert len(part.hours) == HOURS_KEPT
    assert len(insight(FAIR, [part]).minutes) == 2
    assert sum(reached["signed_up"] for reached in part.funnel.values()) == HOURS_KEPT + 100


def test_the_parts_of_several_partitions_keep_what_the_newest_of_them_all_allows() -> None:
    early, late = Part(FAIR, "d0"), Part(FAIR, "d1")
    count(early, signed_up(NOON))
    count(late, signed_up(NOON + (MINUTES_KEPT - 1) * MINUTE_MS))
    assert len(insight(FAIR, [early, late]).minutes) == 2
    count(late, signed_up(NOON + MINUTES_KEPT * MINUTE_MS))
    assert [at for at, _ in map(tuple_of, insight(FAIR, [early, late]).minutes)] == [
        NOON + (MINUTES_KEPT - 1) * MINUTE_MS,
        NOON + MINUTES_KEPT * MINUTE_MS,
    ]


# ------------------------------------------------------------ answers


def answers(*decisions: Any) -> dict[int, int]:
    part = Part(FAIR, "m0")
    for one in decisions:
        count(part, one)
    found = insight(FAIR, [part]).answers
    return {bound: number for bound, number in zip((*found.bounds_ms, -1), found.counts, strict=True) if number}


@pytest.mark.parametrize(
    ("took", "bound"), [(0, 100), (100, 100), (101, 250), (-5, 100), (ANSWER_BOUNDS_MS[-1] + 1, -1)]
)
def test_an_answer_is_counted_at_the_first_bound_that_holds_it(took: int, bound: int) -> None:
    assert answers(ApplicationEntered(row("waitlisted"), COUNTS, at=NOON + took)) == {bound: 1}


def test_only_the_first_answer_counts_and_none_whose_beginning_is_unknown() -> None:
    reviewed = ApplicationEntered(row("reviewing"), COUNTS, at=NOON)
    in_line = ApplicationMoved(row("waitlisted"), COUNTS, was="reviewing", at=NOON + 2_000)
    matched = ApplicationMoved(row("matched"), COUNTS, was="waitlisted", at=NOON + 9_000)
    assert answers(reviewed) == {}
    assert answers(reviewed, in_line, matched) == {2_500: 1}
    assert answers(ApplicationEntered(row("matched", since=0), COUNTS, at=NOON)) == {}


def test_whoever_fails_a_filter_is_unmet_until_they_leave() -> None:
    part = Part(FAIR, "m0")
    count(part, ApplicationEntered(row("submitted", "PFPPPPPP"), COUNTS, at=NOON))
    assert part.jobs["j1"].failing == 1
    count(part, ApplicationMoved(row("withdrawn", "PFPPPPPP"), COUNTS, was="submitted", at=NOON))
    assert part.jobs["j1"].failing == 0


# ------------------------------------------------------------ the watch


def test_a_spot_stands_still_only_while_something_waits_there() -> None:
    still = Standstill(30)
    spot = ("matches", 3)
    assert not still.look(0, spot, 7, waits=True)
    assert not still.look(29.9, spot, 7, waits=True)
    assert still.oldest(29.9) == 29.9
    assert still.look(30, spot, 7, waits=True)
    assert not still.look(31, spot, 8, waits=True), "it moved"
    assert not still.look(100, spot, 8, waits=False), "nothing waits"
    assert not still.look(129.9, spot, 8, waits=True)
    still.forget()
    assert not still.look(500, spot, 8, waits=True), "nobody looked"


class Counted:
    """A tally at one place in every partition."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.caught_up: list[tuple[str, int, int]] = []

    def counted(self, _topic: Any, _partition: int) -> int:
        return self.at

    async def catch_up(self, topic: Any, partition: int, end: int) -> None:
        self.caught_up.append((topic.name, partition, end))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def looking(at: int) -> tuple[Watch, Counted]:
    tally = Counted(at)
    return Watch("127.0.0.1:1", tally, SimpleNamespace(summed=lambda _: None)), tally  # type: ignore[arg-type]


async def test_it_leaves_with_a_reason_when_records_wait_and_nothing_is_counted(clock: SimpleNamespace) -> None:
    looked, tally = looking(5)
    spot = (MATCHES.name, 2)
    await looked.look({spot: 9}, {spot: 5})
    clock.now += STILL_FOR_S - 1
    await looked.look({spot: 20}, {spot: 5})
    tally.at = 6
    clock.now += 2
    await looked.look({spot: 20}, {spot: 6})
    clock.now += STILL_FOR_S
    with pytest.raises(Unavailable, match=r"partition 2 of matches stands at 6 of 30, for 30 s"):
        await looked.look({spot: 30}, {spot: 6})


async def test_it_leaves_with_a_reason_when_parts_wait_and_nothing_is_summed(clock: SimpleNamespace) -> None:
    looked, _ = looking(0)
    spot = (INSIGHT.name, 1)
    await looked.look({spot: 4}, {})
    clock.now += STILL_FOR_S
    with pytest.raises(Unavailable, match="partition 1 of insight stands at 0 of 4"):
        await looked.look({spot: 4}, {})


async def test_it_leaves_with_a_reason_when_what_is_counted_is_never_committed(clock: SimpleNamespace) -> None:
    looked, tally = looking(5)
    spot = (DESK_DECISIONS.name, 0)
    await looked.look({spot: 5}, {spot: 2})
    clock.now += UNCOMMITTED_FOR_S - 1
    tally.at = 900
    await looked.look({spot: 900}, {spot: 2})
    clock.now += 1
    with pytest.raises(Unavailable, match="is counted up to 900 and committed up to 2"):
        await looked.look({spot: 900}, {spot: 2})


async def test_what_was_committed_and_not_counted_is_counted(clock: SimpleNamespace) -> None:
    looked, tally = looking(5)
    spot = (MATCHES.name, 7)
    await looked.look({spot: 12}, {spot: 9})
    assert tally.caught_up == [("matches", 7, 9)]
