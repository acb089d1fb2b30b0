"""What insight counts is what the desks hold, however the logs came: in any batches, broken off anywhere, repeated."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from livefair.wire.codec import encode
from livefair.wire.decisions import ApplicationApplied, PersonSignedUp
from livefair.wire.topics import BY_NAME, FAIRS, INSIGHT, INSIGHT_COUNTED, INSIGHT_SUMMED, JOBS
from streams.insight.counting import Missed, PartitionCount
from streams.insight.sums import counters, insight, tellings, unmet
from streams.insight.tally import Tally
from streams.insight.totals import Totals
from tests.support.insight import Disk, Gone, Out, Rows, counted, logs_of, played, rows_of
from tests.support.people import FAIR, SECRETS

seeds = st.integers(0, 2**32)


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_the_counters_are_what_the_desks_hold(seed: int) -> None:
    house = played(seed)
    parts = counted(house)
    books = [book for state in house.states(JOBS) for book in state.books.values()]
    found = counters(FAIR, parts)
    signed = [one for room in house.rooms.values() for one in room.decisions(PersonSignedUp)]
    assert found.signups == len(signed) == 12
    assert found.applications == len(rows_of(house))
    assert found.matched == sum(book.slots_held for book in books)
    assert found.waiting == sum(len(book.line) for book in books)
    assert found.seats_left == sum(max(book.job.seats - book.seats_held, 0) for book in books if book.job)
    fair_books = [state.book(FAIR) for state in house.states(FAIRS)]
    assert found.looking == sum(not someone.job for book in fair_books for someone in book.open.values())


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_the_funnel_is_what_the_people_were_told(seed: int) -> None:
    house = played(seed)
    shown = insight(FAIR, counted(house))
    reached: Counter[str] = Counter()
    for row in shown.funnel:
        reached.update(row.reached)
    told = Counter(
        event["type"].removeprefix("application.")
        for key in house.feed
        if key.startswith("candidate:")
        for event in [msgspec.json.decode(record.event) for _, record in house.feed[key]]
        if event["type"].startswith("application.")
    )
    del told["submitted"]  # everyone is told so first, the funnel counts who stays there
    assert {state: number for state, number in reached.items() if state in told} == told
    signed = Counter(one.person.source for room in house.rooms.values() for one in room.decisions(PersonSignedUp))
    assert {row.source: row.reached["signed_up"] for row in shown.funnel} == signed
    applied = [one for room in house.rooms.values() for one in room.decisions(ApplicationApplied)]
    assert reached["applied"] == len(applied)
    assert sum(bucket.signups for bucket in shown.hours) == sum(signed.values())
    assert sum(shown.answers.counts) <= len(applied)


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_unmet_demand_is_the_rows_that_wait_or_fail(seed: int) -> None:
    house = played(seed)
    failing: Counter[int] = Counter()
    waiting: Counter[int] = Counter()
    for state in house.states(JOBS):
        for book in state.books.values():
            level = book.job.min_level or 0 if book.job else -1
            waiting[level] += len(book.line)
            failing[level] += sum(row.state == "submitted" and "F" in row.verdicts for row in book.rows.values())
    cells = unmet(FAIR, counted(house))
    assert {(cell.region, cell.occupation) for cell in cells} == {("110105", "4-10-01-06")}
    assert {cell.level: (cell.waiting, cell.failing) for cell in cells} == {
        level: (waiting[level], failing[level]) for level in waiting
    }


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_nothing_of_a_person_is_in_what_is_told(seed: int) -> None:
    house = played(seed)
    text = b"".join(encode(one.data) for one in tellings(FAIR, counted(house)))
    people = {row.candidate for row in rows_of(house)}
    assert not any(secret in text for secret in SECRETS)
    assert not any(f'"{who}"'.encode() in text or f"{who}*".encode() in text for who in people)


def message(topic: str, partition: int, record: Any) -> Any:
    return SimpleNamespace(
        topic=topic,
        partition=partition,
        offset=record.offset,
        timestamp=record.timestamp / 1000,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


@given(seeds, st.integers(0, 8))
@settings(max_examples=120, deadline=None)
def test_whoever_dies_anywhere_and_reads_again_tells_the_same(seed: int, deaths: int) -> None:
    """Both agents, with tables and a producer that break off at any write; each starts again at or before what it had
    acknowledged, and reads in other batches than before."""
    house, dice = played(seed, people=6), random.Random(seed)
    disk = Disk()
    acked: Counter[tuple[str, int]] = Counter()
    asyncio.run(count_and_sum(house, disk, dice, acked, deaths))
    expected = {
        (channel, one.entity): msgspec.json.decode(encode(one.data))
        for one in tellings(FAIR, counted(house))
        for channel in one.channels
    }
    views = disk.views()
    shown = {
        (channel, entity): msgspec.json.decode(event)["data"]
        for channel, view in views.items()
        for entity, event in view.entities.items()
    }
    assert shown == expected


async def count_and_sum(house: Any, disk: Disk, dice: random.Random, acked: Counter[Any], deaths: int) -> None:
    logs = {(log.name, partition): records for log, partition, records in logs_of(house)}
    while True:
        disk.lives = dice.randint(0, 25) if deaths else None
        deaths -= 1
        out: Any = Out(disk, dice)
        tally = Tally("", Rows(disk, INSIGHT_COUNTED), out)  # type: ignore[arg-type]
        totals = Totals(Rows(disk, INSIGHT_SUMMED), out, disk.ends)  # type: ignore[arg-type]
        read = Counter({at: max(0, offset - dice.randint(0, 3)) for at, offset in acked.items()})
        # A group cut in two by a restart is read again from its first record; that, Kafka would be asked for.
        for (topic, partition), records in logs.items():
            read[topic, partition] = min(read[topic, partition], stored(disk, topic, partition, records))
        try:
            while await some(tally, totals, logs, disk, dice, read, acked):
                pass
        except Gone:
            continue
        return


def stored(disk: Disk, topic: str, partition: int, records: list[Any]) -> int:
    tally = Tally("", Rows(disk, INSIGHT_COUNTED), None)  # type: ignore[arg-type]
    return min(tally.counted(BY_NAME[topic], partition), len(records))


async def some(
    tally: Tally, totals: Totals, logs: dict[Any, Any], disk: Disk, dice: random.Random, read: Any, acked: Any
) -> bool:
    """One batch for one of the agents; whether there was anything to do."""
    parts: dict[tuple[str, int], list[Any]] = {}
    for nth, one in enumerate(disk.records[INSIGHT.name]):
        there = parts.setdefault((INSIGHT.name, one.partition), [])
        there.append(SimpleNamespace(offset=len(there), timestamp=nth, key=one.key, value=one.value, headers=[]))
    waiting = {at: records for at, records in (logs | parts).items() if read[at] < len(records)}
    if not waiting:
        return False
    chosen = dice.choice(sorted(waiting))
    summing = chosen[0] == INSIGHT.name
    same = [at for at in sorted(waiting) if (at[0] == INSIGHT.name) == summing]
    batch, through = [], {}
    for at in dice.sample(same, dice.randint(1, len(same))):
        through[at] = min(read[at] + dice.randint(1, 9), len(waiting[at]))
        batch += [message(*at, record) for record in waiting[at][read[at] : through[at]]]
    await (totals if summing else tally).take(batch)
    for at, offset in through.items():
        read[at] = offset
        acked[at] = max(acked[at], offset)
    return True


def test_records_that_did_not_come_are_missed_at_once() -> None:
    log, partition, records = max(logs_of(played(3)), key=lambda each: len(each[2]))
    counting = PartitionCount(log, partition, lambda _fair: None)
    counting.read(records[0], set(), [])
    before = encode(list(counting.known.values()))
    with pytest.raises(Missed) as missed:
        counting.read(records[4], set(), [])
    assert (missed.value.first, missed.value.end) == (1, 4)
    assert encode(list(counting.known.values())) == before
    for record in records[1:]:
        counting.read(record, set(), [])
    assert counting.progress.next_offset == len(records)
