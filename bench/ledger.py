"""`python -m bench stage`: the seat ledger through streams/stage.py, as the worker runs it, on one core.

The inputs are in a real `jobs` topic before the clock starts; every run has a broker, a log and a group of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from bench.ground import ground
from bench.report import Figure, Report
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

JOBS_OPEN = 500
PEOPLE = 20_000
"""People who are generated; those beyond have the same facts and another name."""
SEED = 20261124
SECRET = bytes(32)
FAUST_APPLICATIONS = 10_000
"""It is slow."""
RUN_S = 120.0
STALLS = 3
"""So many runs may stall before it is given up."""
KINDS = {
    "fed": ("decisions and projection to `feed`", "", ""),
    "unfed": ("decisions only", "≥ 60 000", "≤ 12"),
    "bare": ("a bare loop of the same clients", "", ""),
    "faust": ("a plain Faust agent", "", ""),
}
"""What is measured: title, and the goals of rate and cost."""

Record = tuple[str, bytes, Headers]


def facts(applications: int) -> Iterator[Record]:
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


async def _write(kafka: str, records: list[Record]) -> None:
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


async def _run(records: list[Record], kind: str) -> dict[str, float]:
    async with ground() as place:
        await _write(place.kafka, records)
        module = {"bare": "bench.bare_process", "faust": "bench.faust_process"}.get(kind, "bench.ledger_process")
        command = (sys.executable, "-m", module, place.kafka, str(place.core), kind)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(RUN_S):
                answer, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise SystemExit(f"the process of {module} ended with {process.returncode}")
        taken: dict[str, float] = orjson.loads(answer)
        return taken


def _runs(records: list[Record], kind: str, runs: int, stalled: list[str]) -> list[dict[str, float]]:
    """So many runs; one that does not come to its end is told in `stalled` and done again, a few times."""
    found: list[dict[str, float]] = []
    while len(found) < runs:
        try:
            found.append(asyncio.run(_run(records, kind)))
        except TimeoutError:
            stalled.append(kind)
            if len(stalled) > STALLS:
                raise SystemExit(f"{kind} did not come to its end within {RUN_S:g} s, {len(stalled)} times") from None
    return found


def _each(taken: dict[str, float]) -> float:
    """CPU-s per million."""
    return taken["cpu_s"] * 1e6 / taken["inputs"]


def measure(runs: int, applications: int) -> Report:
    """The table."""
    records = list(facts(applications))
    few = list(facts(min(applications, FAUST_APPLICATIONS)))
    report = Report("The seat ledger through streams/stage.py, one core")
    stalled: list[str] = []
    costs: dict[str, list[float]] = {}
    for kind, (title, rate, cost) in KINDS.items():
        taken = _runs(few if kind == "faust" else records, kind, runs, stalled)
        costs[kind] = [_each(one) for one in taken]
        report.figures += [
            Figure(f"{title}: inputs", "per s", [one["inputs"] / one["wall_s"] for one in taken], rate),
            Figure(title, "CPU-s per million", costs[kind], cost),
        ]
    ratios = [theirs / ours for theirs, ours in zip(costs["faust"], costs["unfed"], strict=True)]
    report.figures.append(Figure("Faust's cost ÷ that of decisions only", "×", ratios, "≥ 30"))
    report.notes += _notes(records, few, min(applications, PEOPLE), len(stalled))
    return report


def _notes(records: list[Record], few: list[Record], people: int, stalled: int) -> list[str]:
    size = sum(len(value) for _, value, _ in records) / len(records)
    inputs = (
        f"{len(records):,} inputs of {size:.0f} bytes on average in 8 partitions: {JOBS_OPEN} jobs, then applications "
        f"with the facts of {people:,} generated people. Faust takes the first {len(few):,}."
    )
    bare = "The bare loop fetches and decodes the same records and writes 400 bytes for each: no rules, no positions."
    faust = (
        "The Faust agent uses the same filters and scores, tables for its state, and one send for each application. "
        f"Runs in which it stalled at its start and that were done again: {stalled}."
    )
    clock = (
        "Rate: from the first partition folding to the last input decided, routed and acknowledged. CPU: the whole "
        "run, acquiring the partitions included (Faust: from its first input). The broker runs on the other cores."
    )
    return [inputs, bare, faust, clock]
