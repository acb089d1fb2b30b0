"""Waves: keys first, nobody answered before Kafka has it all, one answer for one key, unknown where nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from livefair.errors import Unavailable
from livefair.wire.topics import CANDIDATE_KEYS, CANDIDATES, Topic
from services.intake import submissions
from services.intake.index import Claim, Entry
from services.intake.log import Record
from services.intake.problems import Refused
from services.intake.submissions import Submissions


class FakeIndex:
    """The index in memory: no lease, no flush."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.calls: list[tuple[str, int]] = []
        self.away = False

    def _asked(self, what: str, count: int) -> None:
        self.calls.append((what, count))
        if self.away:
            raise Unavailable("away")

    async def claim(self, claims: Sequence[Claim]) -> list[Entry]:
        self._asked("claim", len(claims))
        found = []
        for claim in claims:
            found.append(self.entries.get(claim.entry, Entry("free")))
            self.entries.setdefault(claim.entry, Entry("claimed", claim.body))
        return found

    async def finish(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bytes]:
        self._asked("finish", len(outcomes))
        for claim, outcome in outcomes:
            if self.entries.get(claim.entry, Entry("free")).state != "done":
                self.entries[claim.entry] = Entry("done", claim.body, outcome)
        return [self.entries[claim.entry].outcome for claim, _ in outcomes]

    async def renew(self, claims: Sequence[Claim]) -> None:
        self._asked("renew", len(claims))

    async def release(self, claims: Sequence[Claim]) -> None:
        self._asked("release", len(claims))
        for claim in claims:
            self.entries.pop(claim.entry, None)


class FakeLog:
    """A log whose acknowledgements come when the test says so."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.pending: list[asyncio.Future[int]] = []
        self.by_itself = True
        self.renewals = 0
        self.fails: str = ""

    def append(self, record: Record) -> asyncio.Future[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.records.append((record.topic.name, record.value))
        if self.fails == record.topic.name:
            future.set_exception(Unavailable("Kafka did not take it"))
        elif self.by_itself:
            future.set_result(len(self.records))
        else:
            self.pending.append(future)
        return future

    def acknowledge(self) -> None:
        for future in self.pending:
            future.set_result(0)
        self.pending.clear()

    def renew(self) -> None:
        self.renewals += 1


def record(topic: Topic, name: str) -> Record:
    return Record(topic, 0, name.encode(), name.encode(), [])


def parts(name: str) -> tuple[tuple[Record], bytes, tuple[Record]]:
    return (record(CANDIDATES, name),), name.encode(), (record(CANDIDATE_KEYS, name),)


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
async def door(index: FakeIndex, log: FakeLog) -> AsyncIterator[Submissions]:
    async with Submissions(index, log) as found:  # type: ignore[arg-type]
        yield found


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_together_goes_together(door: Submissions, index: FakeIndex, log: FakeLog) -> None:
    work = [door.submit(Claim(f"k{number}", "b"), *parts(f"r{number}")) for number in range(50)]
    assert await asyncio.gather(*work) == [f"r{number}".encode() for number in range(50)]
    assert index.calls == [("claim", 50), ("finish", 50)]
    assert [topic for topic, _ in log.records] == ["candidate-keys"] * 50 + ["candidates"] * 50
    assert door.held == 0


async def test_a_persons_key_is_there_before_what_it_sealed(door: Submissions, log: FakeLog) -> None:
    log.by_itself = False
    work = asyncio.ensure_future(door.submit(None, *parts("r")))
    await settle()
    assert log.records == [("candidate-keys", b"r")]
    log.acknowledge()
    await settle()
    assert log.records == [("candidate-keys", b"r"), ("candidates", b"r")]
    assert not work.done()
    log.acknowledge()
    assert await work == b"r"


async def test_a_repeat_in_flight_is_told_so_and_a_later_one_gets_the_answer(
    door: Submissions, index: FakeIndex, log: FakeLog
) -> None:
    log.by_itself = False
    first = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("first")))
    await settle()
    for body, code in (("b", "key-in-flight"), ("other", "key-reused")):
        with pytest.raises(Refused) as caught:
            await door.submit(Claim("k", body), *parts("second"))
        assert caught.value.code == code
    log.acknowledge()
    await settle()
    log.acknowledge()
    assert await first == b"first"
    assert await door.submit(Claim("k", "b"), *parts("third")) == b"first"
    with pytest.raises(Refused) as caught:
        await door.submit(Claim("k", "other"), *parts("fourth"))
    assert caught.value.code == "key-reused"
    assert {value for _, value in log.records} == {b"first"}


async def test_a_claim_of_another_process_is_in_flight(door: Submissions, index: FakeIndex, log: FakeLog) -> None:
    index.entries["k"] = Entry("claimed", "b")
    with pytest.raises(Refused) as caught:
        await door.submit(Claim("k", "b"), *parts("r"))
    assert caught.value.code == "key-in-flight"
    assert log.records == []


async def test_what_was_answered_first_is_what_counts(door: Submissions, index: FakeIndex, log: FakeLog) -> None:
    """Another process finished meanwhile: both answer with the outcome that stands."""
    log.by_itself = False
    work = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("mine")))
    await settle()
    index.entries["k"] = Entry("done", "b", b"theirs")
    log.acknowledge()
    await settle()
    log.acknowledge()
    assert await work == b"theirs"


@pytest.mark.parametrize("topic", ["candidate-keys", "candidates"])
async def test_what_kafka_does_not_take_is_not_done_and_can_be_said_again(
    door: Submissions, index: FakeIndex, log: FakeLog, topic: str
) -> None:
    log.fails = topic
    with pytest.raises(Unavailable):
        await door.submit(Claim("k", "b"), *parts("r"))
    await settle()
    assert log.renewals == 1
    assert ("release", 1) in index.calls
    log.fails = ""
    assert await door.submit(Claim("k", "b"), *parts("r")) == b"r"


async def test_without_valkey_nothing_with_a_key_is_taken(door: Submissions, index: FakeIndex, log: FakeLog) -> None:
    index.away = True
    with_key = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("with")))
    assert await door.submit(None, *parts("without")) == b"without"
    with pytest.raises(Unavailable):
        await with_key
    assert {value for _, value in log.records} == {b"without"}
    index.away = False
    assert await door.submit(Claim("k", "b"), *parts("with")) == b"with"


async def test_a_valkey_that_goes_away_afterwards_takes_nothing_back(
    door: Submissions, index: FakeIndex, log: FakeLog
) -> None:
    log.by_itself = False
    work = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("r")))
    await settle()
    index.away = True
    log.acknowledge()
    await settle()
    log.acknowledge()
    assert await work == b"r"


async def test_nobody_waits_for_ever_and_what_comes_late_still_counts(
    door: Submissions, index: FakeIndex, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "ANSWER_WITHIN_S", 0.0)
    monkeypatch.setattr(submissions, "RENEW_AFTER_S", 0.0)
    log.by_itself = False
    with pytest.raises(Unavailable, match="unknown"):
        await door.submit(Claim("k", "b"), *parts("r"))
    assert ("renew", 1) in index.calls
    with pytest.raises(Refused) as caught:
        await door.submit(Claim("k", "b"), *parts("again"))
    assert caught.value.code == "key-in-flight"
    log.acknowledge()
    await settle()
    log.acknowledge()
    await settle()
    assert index.entries["k"] == Entry("done", "b", b"r")


async def test_too_many_at_once_are_turned_away(
    door: Submissions, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "HELD_AT_MOST", 3)
    log.by_itself = False
    work = [asyncio.ensure_future(door.submit(None, *parts("r"))) for _ in range(3)]
    await settle()
    with pytest.raises(Unavailable, match="too many"):
        await door.submit(None, *parts("r"))
    log.acknowledge()
    await settle()
    log.acknowledge()
    assert await asyncio.gather(*work) == [b"r"] * 3


async def test_a_caller_that_goes_away_stops_nothing(door: Submissions, index: FakeIndex, log: FakeLog) -> None:
    log.by_itself = False
    work = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("r")))
    await settle()
    work.cancel()
    await settle()
    log.acknowledge()
    await settle()
    log.acknowledge()
    await settle()
    assert index.entries["k"] == Entry("done", "b", b"r")
    assert await door.submit(Claim("k", "b"), *parts("again")) == b"r"


async def test_leaving_finishes_what_is_on_its_way(index: FakeIndex, log: FakeLog) -> None:
    async with Submissions(index, log) as door:  # type: ignore[arg-type]
        work = asyncio.ensure_future(door.submit(Claim("k", "b"), *parts("r")))
        await asyncio.sleep(0)
    assert await work == b"r"
