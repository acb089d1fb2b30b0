"""`python -m bench stage`: the seat ledger through streams/stage.py, as the worker runs it, on one core.

The inputs are in a real `jobs` topic before the clock starts; every run has a broker, a log and a group of its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import orjson

from bench.report import Figure, Report
from livefair import config, topics_admin
from livefair.domain.ids import application_id, candidate_id, fair_id, job_id
from livefair.domain.jobs import Job
from livefair.domain.people import Consent, Person, Profile, mask_name
from livefair.kafka import Appender, new_producer, start_client
from livefair.play import Fair
from livefair.wire.codec import encode
from livefair.wire.envelope import Headers, Origin, RoutedHeaders
from livefair.wire.facts import ApplicationMade, JobStated
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATES, DESK_DECISIONS, FAIR_DECISIONS, JOBS
from services.embedded.provision import provide_broker
from services.embedded.supervisor import Supervisor

JOBS_OPEN = 500
PEOPLE = 20_000
"""People who are generated; those beyond have the same facts and another name."""
SEED = 20261124
SECRET = bytes(32)


def facts(applications: int) -> Iterator[tuple[str, bytes, Headers]]:
    """Key, value and headers of each record, in order: the jobs as the fair desk states them, then applications."""
    fair = Fair.generate(SEED, min(applications, PEOPLE), JOBS_OPEN)
    fair_name = fair_id(bytes(5))
    ids = [job_id(number.to_bytes(5, "big")) for number in range(JOBS_OPEN)]
    for number, (job, body) in enumerate(zip(ids, fair.jobs, strict=True)):
        stated = JobStated(msgspec.convert({**body, "job": job, "fair": fair_name}, Job))
        origin = Origin(FAIR_DECISIONS.tag, 0, number, 0, 0)
        yield job, encode(stated), RoutedHeaders(FAIR_DECISIONS).of(origin.text(), "job.stated")
    made, headers = 0, RoutedHeaders(DESK_DECISIONS)
    while made < applications:
        for body, wanted in zip(fair.people, fair.wanted, strict=True):
            person = _person(body, made)
            for index in wanted:
                job = ids[index]
                fact = ApplicationMade(application_id(person.candidate, job), job, fair_name, person)
                origin = Origin(DESK_DECISIONS.tag, partition_of(CANDIDATES, person.candidate), made, 0, 0)
                yield job, encode(fact), headers.of(origin.text(), "application.made")
                made += 1


def _person(body: dict[str, Any], number: int) -> Person:
    stated = body["candidate"]
    name, phone = stated["name"], stated["phone"]
    candidate = candidate_id(SECRET, phone, f"{name}{number}")
    return Person(
        candidate, mask_name(name), msgspec.convert(stated, Profile), msgspec.convert(body["consent"], Consent), ""
    )


async def _write(kafka: str, records: list[tuple[str, bytes, Headers]]) -> None:
    producer = new_producer(kafka)
    await start_client(producer)
    appender = Appender(producer)
    for at in range(0, len(records), 10_000):
        written = {
            appender.append(JOBS, partition_of(JOBS, key), key.encode(), value, headers)
            for key, value, headers in records[at : at + 10_000]
        }
        await asyncio.gather(*written)
    await appender.close()


async def _run(records: list[tuple[str, bytes, Headers]], kind: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="livefair-bench-") as folder:
        settings = config.load(data=Path(folder))
        log = Path(folder) / "kafka.log"
        async with AsyncExitStack() as stack:
            broker = await provide_broker(settings, Path(folder) / "kafka", log)
            supervisor = await stack.enter_async_context(Supervisor())
            await supervisor.start([broker.service(log)])
            await topics_admin.create(broker.address, 1)
            await _write(broker.address, records)
            core = _keep_off(supervisor.pids()["kafka"])
            module = "bench.bare_process" if kind == "bare" else "bench.ledger_process"
            command = (sys.executable, "-m", module, broker.address, str(core), kind)
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            answer, _ = await process.communicate()
            if process.returncode:
                raise SystemExit(f"the ledger's process ended with {process.returncode}")
            taken: dict[str, float] = orjson.loads(answer)
            return taken


def _keep_off(pids: list[int]) -> int:
    """Leave the last core to the stage: the broker's threads go to the others. The core's number."""
    *others, last = sorted(os.sched_getaffinity(0))
    for pid in pids if others else ():
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), others)
    return last


def _goal(kind: str, goal: str) -> str:
    return goal if kind == "unfed" else ""


def measure(runs: int, applications: int) -> Report:
    """The table."""
    records = list(facts(applications))
    size = sum(len(value) for _, value, _ in records) / len(records)
    report = Report("The seat ledger through streams/stage.py, one core")
    kinds = {
        "fed": "decisions and projection to `feed`",
        "unfed": "decisions only",
        "bare": "a bare loop of the same clients",
    }
    for kind, title in kinds.items():
        taken = [asyncio.run(_run(records, kind)) for _ in range(runs)]
        report.figures += [
            Figure(
                f"{title}: inputs", "per s", [one["inputs"] / one["wall_s"] for one in taken], _goal(kind, "≥ 60 000")
            ),
            Figure(
                title, "CPU-s per million", [one["cpu_s"] * 1e6 / one["inputs"] for one in taken], _goal(kind, "≤ 12")
            ),
        ]
    people = min(applications, PEOPLE)
    report.notes.append(
        f"{len(records):,} inputs of {size:.0f} bytes on average in 8 partitions: {JOBS_OPEN} jobs, then applications "
        f"with the facts of {people:,} generated people."
    )
    report.notes.append(
        "The bare loop fetches and decodes the same records and writes 400 bytes for each: no rules, no positions."
    )
    report.notes.append(
        "Rate: from the first partition folding to the last input decided, routed and acknowledged. CPU: the whole "
        "run, acquiring the partitions included. The broker runs on the other cores."
    )
    return report
