"""The seat ledger as a plain Faust agent: tables for its state, one `send` for each application. One process, one core.

Filters, fit and appeal are those of streams/ledger.py, and so are the answers (tests/unit/test_bench.py).
It is spared what the ledger does besides: no positions, no fence, no deadlines, no interests, offers or withdrawals.
Usage: python -m bench.faust_process KAFKA CORE faust  (a line of JSON on stdout)
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from typing import Any, NamedTuple

import faust
import orjson
import uvloop
from aiokafka.admin import NewTopic

from bench.ledger_process import cpu_s, ends_of
from livefair.domain.applications import ApplicationState
from livefair.domain.filters import day_of, verdicts
from livefair.domain.jobs import Job
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import RULES
from livefair.domain.scores import appeal, fit
from livefair.garbage import collect_seldom
from livefair.kafka import new_admin, new_member, start_client, stop_client
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import ApplicationEntered, Counts, Row
from livefair.wire.facts import ApplicationMade, JobFact, JobStated
from livefair.wire.topics import JOBS, MATCHES, PARTITIONS

APP, TABLES = "faust-ledger", ("stated", "standings", "states")
MATCH_LASTS_MS = 24 * 3600 * 1000
WAITING_STATES = ("matched", "waitlisted", "reviewing")


class Standing(NamedTuple):
    """A job's people, in numbers: what its table row holds."""

    applications: int = 0
    slots_held: int = 0
    waiting: int = 0


def enter(prepared: PreparedJob, standing: Standing, fact: ApplicationMade, at: int) -> ApplicationEntered:
    """Score an application, and say where that takes it."""
    job, person = prepared.job, fact.person
    letters = verdicts(person.profile, prepared, day_of(at))
    fit_points = fit(person.profile, prepared) if person.consent.ranking else ()
    appeal_points = appeal(person.profile, prepared) if person.consent.ranking else ()
    state: ApplicationState = "matched"
    if "F" in letters or not person.consent.employers:
        state = "submitted"
    elif not job.auto_match:
        state = "reviewing"
    elif standing.waiting or job.paused or standing.slots_held >= job.slots:
        state = "waitlisted"
    row = Row(
        application=fact.application,
        job=fact.job,
        fair=fact.fair,
        candidate=person.candidate,
        holder=person.holder,
        mask=person.mask,
        state=state,
        rules=RULES,
        verdicts=letters,
        fit=sum(fit_points),
        fit_points=fit_points,
        appeal=sum(appeal_points),
        appeal_points=appeal_points,
        seq=standing.applications + 1,
        to_host=person.consent.host,
        to_employer=person.consent.employers,
        provisional="U" in letters and state in WAITING_STATES,
        place=standing.waiting + 1 if state == "waitlisted" else None,
        due=at + MATCH_LASTS_MS if state == "matched" else 0,
        revision=fact.revision,
        ranked=person.consent.ranking,
        open_to_any=fact.open_to_any,
        source=person.source,
        since=person.since,
    )
    after = following(standing, state)
    counts = Counts(job.seats, 0, after.applications, after.slots_held, after.waiting)
    return ApplicationEntered(row, counts, at=at)


def following(standing: Standing, state: ApplicationState) -> Standing:
    """The job's numbers once somebody has entered with this state."""
    return Standing(
        standing.applications + 1,
        standing.slots_held + (state == "matched"),
        standing.waiting + (state == "waitlisted"),
    )


def build(kafka: str, folder: str, inputs: int, told: asyncio.Future[dict[str, float]]) -> Any:
    """The app; `told` gets what the inputs took."""
    app = faust.App(
        APP,
        broker=f"kafka://{kafka}",
        store="memory://",
        datadir=folder,
        autodiscover=False,
        web_enabled=False,
        topic_partitions=PARTITIONS,
        producer_acks=-1,
    )
    facts = app.topic(JOBS.name, key_type=str, key_serializer="raw", value_type=bytes, value_serializer="raw")
    matches = app.topic(MATCHES.name, key_type=str, key_serializer="raw", value_type=bytes, value_serializer="raw")
    stated, standings, states = (app.Table(name, partitions=PARTITIONS) for name in TABLES)
    decode, decode_job = Codec[JobFact](JobFact).decode, Codec[Job](Job).decode
    prepared: dict[str, PreparedJob] = {}
    seen, began, used = 0, 0.0, 0.0
    sent: Any = None

    @app.agent(facts)
    async def ledger(stream: Any) -> None:
        nonlocal seen, began, used, sent
        async for event in stream.events():
            if not seen:
                began, used = time.perf_counter(), cpu_s()
            fact = decode(event.value)
            if isinstance(fact, JobStated):
                stated[fact.job.job] = encode(fact.job).decode()
                prepared[fact.job.job] = PreparedJob(fact.job)
            elif isinstance(fact, ApplicationMade) and fact.application not in states:
                job = prepared.get(fact.job)
                if job is None:
                    job = prepared[fact.job] = PreparedJob(decode_job(stated[fact.job].encode()))
                standing = Standing(*standings.get(fact.job, ()))
                entered = enter(job, standing, fact, int(event.message.timestamp * 1000))
                states[fact.application] = entered.row.state
                standings[fact.job] = following(standing, entered.row.state)
                sent = await matches.send(key=fact.job, value=encode(entered))
            seen += 1
            if seen == inputs and sent is not None:
                await sent  # what was sent before it is there too, or will be within milliseconds
                told.set_result({"inputs": seen, "wall_s": time.perf_counter() - began, "cpu_s": cpu_s() - used})

    return app


async def prepare(kafka: str) -> None:
    """What Faust would have the broker make at its start; asked for all at once on a new one, it may stall for good."""
    admin = new_admin(kafka)
    await admin.start()
    await admin.create_topics([NewTopic(f"{APP}-{name}-changelog", PARTITIONS, 1) for name in TABLES])
    await admin.close()
    member = new_member(kafka, "faust-first", 0)
    member.subscribe([JOBS.name])
    await start_client(member)
    await member.getmany(timeout_ms=100)
    await stop_client(member)


async def work(kafka: str) -> dict[str, float]:
    """Take everything that `jobs` holds; what it took."""
    await prepare(kafka)
    told: asyncio.Future[dict[str, float]] = asyncio.get_running_loop().create_future()
    with tempfile.TemporaryDirectory(prefix="livefair-bench-") as folder:
        app = build(kafka, folder, sum((await ends_of(kafka)).values()), told)
        await app.start()
        try:
            return await told
        finally:
            await app.stop()


def main() -> None:
    """Run it; see the top of this file."""
    kafka, core, _ = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    collect_seldom()
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(work(kafka))) + b"\n")


if __name__ == "__main__":
    main()
