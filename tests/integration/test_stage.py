"""The stages on a real Kafka: killed, paused, torn from their broker, given what nobody can read; nothing is lost.

Each test has topics full of what those before it left; whatever happened, `reckon` must find a plain fold of it all.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from livefair import topics_admin
from livefair.domain.ids import application_id
from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.codec import encode
from livefair.wire.decisions import ApplicationEntered, JobListed, Noted, OfferClosed
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import (
    ApplicationMade,
    FairScheduled,
    InterestExpressed,
    JobOpened,
    JobStated,
    OfferAnswered,
    OfferRequested,
    Withdrawn,
)
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATES, DEAD_LETTERS, FAIRS, JOBS, MAX_RECORD_BYTES, Topic
from services.embedded.supervisor import Supervisor
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.fold import Decided
from streams.ledger import LedgerFold
from streams.owner import POISONED
from streams.stage import Stage
from tests.support.embedded import Servers
from tests.support.people import FAIR, fair, job, person, sign_up
from tests.support.processes import Running
from tests.support.reckoning import Reckoning, everything, lengths, reckon
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

WITHIN_S = 60.0
"""Only ends a test that would never end."""
REST_S = 0.6
"""Nothing written for so long: time to look whether all is there."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Supervisor]]:
    with Servers(tmp_path_factory.mktemp("stages")) as servers:
        address, supervisor = servers.kafka()
        asyncio.run(topics_admin.create(address, 1))
        yield address, supervisor


@pytest.fixture
def kafka(broker: tuple[str, Supervisor]) -> str:
    return broker[0]


class Door:
    """Appends facts as a door would; what was acknowledged is there."""

    def __init__(self, appender: Appender) -> None:
        self.appender = appender
        self.said = 0

    def raw(self, topic: Topic, key: str, value: bytes | None) -> asyncio.Future[int]:
        self.said += 1
        headers = fact_headers(f"t{self.said}", "fact")
        return self.appender.append(topic, partition_of(topic, key), key.encode(), value, headers)

    def say(self, topic: Topic, key: str, fact: Any) -> asyncio.Future[int]:
        return self.raw(topic, key, encode(fact))


@asynccontextmanager
async def door(kafka: str) -> AsyncIterator[Door]:
    producer = new_producer(kafka)
    await start_client(producer)
    appender = Appender(producer)
    try:
        yield Door(appender)
    finally:
        await appender.close()


@asynccontextmanager
async def running(kafka: str, *folds: Any, slot: int = 0) -> AsyncIterator[list[Stage[Any, Any, Any]]]:
    """Stages in this process; leaving it stops them as a worker does."""
    stages = [Stage(fold, kafka, slot) for fold in folds]
    tasks = [asyncio.create_task(stage.run()) for stage in stages]
    try:
        yield stages
    finally:
        for stage in stages:
            stage.stop()
        for task in tasks:
            await task


def worker(kafka: str, folder: Path, slot: int = 0) -> Running:
    environment = {"LIVEFAIR_KAFKA": kafka, "LIVEFAIR_SLOT": str(slot), "LIVEFAIR_DATA": str(folder)}
    return Running("worker", environment, folder / f"worker{slot}.log")


async def whole(kafka: str) -> Reckoning:
    """Wait until everything is folded and told; at no rest on the way may anything be wrong."""
    deadline = asyncio.get_running_loop().time() + WITHIN_S
    while True:
        before = None
        while before != (now := await lengths(kafka)):
            before = now
            await asyncio.sleep(REST_S)
        found = await reckon(kafka)
        assert found.wrong == []
        if found.whole:
            return found
        assert asyncio.get_running_loop().time() < deadline, found.missing[:10]


def crowd(names: str, seed: int, people: int) -> Iterator[tuple[Topic, str, Any]]:
    """What a crowd says, in some order: sign-ups, second thoughts, an employer's no."""
    dice = random.Random(seed)
    jobs = [f"j{names}{number}" for number in range(4)]
    yield FAIRS, FAIR, FairScheduled(fair())
    for name in jobs:
        yield FAIRS, FAIR, JobOpened(job(name, seats=people // 8), "e1")
    for number in range(people):
        who = f"c{names}{number}"
        yield CANDIDATES, who, sign_up(who, *dice.sample(jobs, dice.randint(0, 2)))
        earlier, name = f"c{names}{dice.randint(0, number)}", dice.choice(jobs)
        if dice.random() < 0.15:
            yield CANDIDATES, earlier, Withdrawn(earlier, name, "")
        elif dice.random() < 0.05:
            yield JOBS, name, InterestExpressed(name, earlier, False, "e1")


def offers(names: str, found: Reckoning) -> Iterator[tuple[Topic, str, Any]]:
    """An offer to everyone who is matched; every fourth lapses soon."""
    rows = {one.row.application: one.row for one in found.decisions if hasattr(one, "row")}
    matched = [row for row in rows.values() if row.state == "matched" and row.candidate.startswith(f"c{names}")]
    for number, row in enumerate(matched):
        expires_s = 1 if number % 4 == 0 else 600
        yield JOBS, row.job, OfferRequested(row.job, row.candidate, f"o{names}{number}", expires_s, "e1")


def answers(names: str, found: Reckoning) -> Iterator[tuple[Topic, str, Any]]:
    """An answer to every open offer, some of them tapped twice; a person may accept two."""
    rows = {one.row.application: one.row for one in found.decisions if hasattr(one, "row")}
    offered = [row for row in rows.values() if row.state == "offered" and row.candidate.startswith(f"c{names}")]
    for number, row in enumerate(offered):
        for _ in range(1 + number % 2):
            yield CANDIDATES, row.candidate, OfferAnswered(row.candidate, row.job, row.offer, "", number % 3 > 0)


async def tell(there: Door, facts: Iterable[tuple[Topic, str, Any]], rate: float = 400) -> None:
    """Say them at a rate, a few at a time, and wait for each acknowledgement in the end."""
    futures = []
    for nth, (topic, key, fact) in enumerate(facts):
        futures.append(there.say(topic, key, fact))
        if nth % 10 == 9:
            await asyncio.sleep(10 / rate)
    await asyncio.gather(*futures)


# ------------------------------------------------------------ what cannot be read, what the rules cannot bear


async def test_what_cannot_be_read_goes_to_the_dead_letters_and_the_stage_goes_on(kafka: str) -> None:
    async with running(kafka, LedgerFold()), door(kafka) as there:
        for value in (b"\xff\xfe", b"{}", None, b"[" * 5_000):
            await there.raw(JOBS, "jdead", value)
        where = await there.say(JOBS, "jdead", JobStated(job("jdead")))
        found = await whole(kafka)
    letters = [
        msgspec.json.decode(one.value)
        for key, there in (await everything(kafka, (DEAD_LETTERS,))).items()
        for one in there
    ]
    partition = partition_of(JOBS, "jdead")
    assert [(one["topic"], one["partition"], one["offset"]) for one in letters] == [
        ("jobs", partition, where - back) for back in (4, 3, 2, 1)
    ]
    assert all(one["reason"] for one in letters)
    assert [one.job.job for one in found.decisions if isinstance(one, JobListed)] == ["jdead"]


class Stumbling(LedgerFold):
    """Fails half-way through one input: after its first decision has changed the state."""

    def decide(self, state: Any, fact: Any, at: int) -> Iterable[Decided]:
        yield from super().decide(state, fact, at)
        if isinstance(fact, InterestExpressed) and fact.candidate == "cbad":
            raise KeyError("an error in the rules")


async def test_a_record_on_which_the_rules_fail_is_passed_over_and_the_rest_is_decided(kafka: str) -> None:
    name, before = "jstumble", passed_over(await reckon(kafka))
    async with running(kafka, Stumbling()), door(kafka) as there:
        there.say(JOBS, name, JobStated(job(name)))
        for number in range(50):
            there.say(JOBS, name, made(name, f"cs{number}"))
            if number in (20, 30):
                there.say(JOBS, name, InterestExpressed(name, "cbad", False, "e1"))
        await there.say(JOBS, name, InterestExpressed(name, "cgood", False, "e1"))
        found = await whole(kafka)
    assert passed_over(found) == before + 2
    entered = [one.row.candidate for one in found.decisions if isinstance(one, ApplicationEntered)]
    assert entered == [f"cs{number}" for number in range(50)]


def passed_over(found: Reckoning) -> int:
    return sum(isinstance(one, Noted) and one.detail == POISONED for one in found.decisions)


def made(name: str, who: str) -> ApplicationMade:
    return ApplicationMade(application_id(who, name), name, FAIR, person(who))


async def test_more_decisions_on_one_input_than_a_batch_holds(kafka: str) -> None:
    """Applications that came before their job, by the hundred; and one that is nearly as large as a record may be."""
    name, people, before = "jlate", 1_500, passed_over(await reckon(kafka))
    huge = made(name, "chuge")
    huge = replace(huge, person=replace(huge.person, mask="*" * (MAX_RECORD_BYTES - 600)))
    async with running(kafka, LedgerFold()), door(kafka) as there:
        await there.say(JOBS, name, huge)
        for number in range(people):
            there.say(JOBS, name, made(name, f"cl{number}"))
        await there.say(JOBS, name, JobStated(job(name, seats=people)))
        found = await whole(kafka)
    entered = [one.row for one in found.decisions if isinstance(one, ApplicationEntered) and one.row.job == name]
    assert [row.candidate for row in entered] == [f"cl{number}" for number in range(people)]
    assert {row.state for row in entered} == {"matched"}
    assert passed_over(found) == before + 1, "the one too large alone"


# ------------------------------------------------------------ killed, paused, torn away


async def test_a_worker_that_is_killed_again_and_again_loses_and_doubles_nothing(kafka: str, tmp_path: Path) -> None:
    with worker(kafka, tmp_path) as killed:
        async with door(kafka) as there:
            load = asyncio.create_task(tell(there, crowd("k", 1, 500)))
            for pause in (1.5, 0.9):
                await asyncio.sleep(pause)
                killed.restart()
            await load
            for says in (offers, answers):
                load = asyncio.create_task(tell(there, says("k", await whole(kafka)), rate=200))
                await asyncio.sleep(0.5)
                killed.restart()
                await load
            found = await whole(kafka)
        assert killed.terminate() == 0, killed.log.read_text()
    outcomes = {one.outcome for one in found.decisions if isinstance(one, OfferClosed)}
    assert outcomes == {"accepted", "declined", "expired", "released"}
    taken = Counter(
        one.row.candidate for one in found.decisions if isinstance(one, OfferClosed) and one.outcome == "accepted"
    )
    assert max(taken.values()) == 1, "one acceptance each"


async def test_a_worker_paused_past_its_session_wakes_and_changes_nothing(kafka: str, tmp_path: Path) -> None:
    before = await reckon(kafka)
    with worker(kafka, tmp_path, 0) as sleeper, worker(kafka, tmp_path, 1):
        async with door(kafka) as there:
            load = asyncio.create_task(tell(there, crowd("p", 2, 450), rate=50))
            await asyncio.sleep(2)
            sleeper.pause()
            await asyncio.sleep(7.5)  # its session is 6 s
            sleeper.go_on()
            await load
            found = await whole(kafka)
    assert found.epochs >= before.epochs + 3 * 8, "the other took the partitions"


async def test_a_broker_that_restarts_costs_time_only(broker: tuple[str, Supervisor], tmp_path: Path) -> None:
    kafka, supervisor = broker
    with worker(kafka, tmp_path) as steady:
        async with door(kafka) as there:
            load = asyncio.create_task(tell(there, crowd("b", 3, 300), rate=200))
            await asyncio.sleep(1.5)
            for pid in supervisor.pids()["kafka"]:
                os.kill(pid, signal.SIGKILL)  # its supervisor starts it again
            await load
            await whole(kafka)
        assert steady.process.poll() is None, "a broker that comes back is no reason to leave"


# ------------------------------------------------------------ what is routed again


async def test_a_commit_that_lags_costs_repeats_only(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = FairFold, DeskFold, LedgerFold

    async def never(_stage: Any) -> None:
        await asyncio.sleep(0)

    with monkeypatch.context() as lagging:
        lagging.setattr(Stage, "_commit", never)
        async with running(kafka, *(fold() for fold in folds)), door(kafka) as there:
            await tell(there, crowd("c", 4, 120), rate=2_000)
            before = await whole(kafka)
    async with running(kafka, *(fold() for fold in folds)) as stages:

        async def ready() -> bool:
            return all(stage.ready for stage in stages)

        await until(ready)
    after = await whole(kafka)
    assert after.repeats > before.repeats + 300
    assert after.decided == before.decided


async def test_of_two_processes_with_one_slot_one_leaves_and_says_why(kafka: str, tmp_path: Path) -> None:
    """They take turns at the group meanwhile; what they decide is right all the same."""
    other = tmp_path / "other"
    other.mkdir()
    async with door(kafka) as there:
        with worker(kafka, tmp_path) as first, worker(kafka, other) as second:
            await tell(there, crowd("s", 5, 100), rate=20)

            async def left() -> list[Running]:
                return [one for one in (first, second) if one.process.poll() is not None]

            gone = await until(left)
        for one in gone:
            assert one.process.returncode not in (0, None)
            assert "the group no longer has us" in one.log.read_text()
        with worker(kafka, tmp_path):
            await whole(kafka)
