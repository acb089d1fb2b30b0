"""`python -m bench hops`: where the time goes between a sign-up's append and its push, hop by hop.

Every record says which one it comes from, and Kafka stamps each append with one clock; so the log itself tells.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from bench.latency import WARM_UP_S
from bench.report import Figure, Report
from bench.running import answer, running_up
from livefair.reading import Reader, open_reader
from livefair.wire.envelope import header, origin_of, parse_origin, parse_position
from livefair.wire.topics import CANDIDATES, DESK_DECISIONS, FEED, JOBS, MATCHES, Topic

Place = tuple[int, int]
"""Partition and offset."""


class Hop(NamedTuple):
    """One step on the way: what is waited for."""

    title: str
    waits_for: str


HOPS = (
    Hop("candidates → desk-decisions", "fetch, the desk's fold, its batch"),
    Hop("desk-decisions → jobs", "the route"),
    Hop("jobs → matches", "fetch, the ledger's fold, its batch"),
    Hop("matches → feed", "the projection"),
)


async def _records(reader: Reader, topic: Topic) -> AsyncIterator[tuple[int, ConsumerRecord]]:
    for partition in range(topic.partitions):
        async for batch in reader.stretch(topic, partition, *await reader.bounds(topic, partition)):
            for record in batch:
                yield partition, record


async def _decided(
    reader: Reader, log: Topic, inputs: dict[Place, int], times: list[int]
) -> dict[tuple[int, int, int], tuple[int, Place]]:
    """When each decision was appended, and its input; the waits of those whose input is in `inputs`."""
    found: dict[tuple[int, int, int], tuple[int, Place]] = {}
    async for partition, record in _records(reader, log):
        text = header(record.headers, "ce_position")
        if text is None:
            continue
        step = parse_position(text).step
        place = (partition, step.offset)
        if place in inputs:
            found[partition, step.offset, step.nth] = (record.timestamp, place)
            times.append(record.timestamp - inputs[place])
    return found


async def waits(kafka: str, since: int) -> dict[str, list[int]]:
    """Milliseconds by hop, "whole" from the first append to the feed, of sign-ups from `since` (Unix ms) on."""
    found: dict[str, list[int]] = defaultdict(list)
    async with open_reader(kafka) as reader:
        asked = {(at, record.offset): record.timestamp async for at, record in _records(reader, CANDIDATES)}
        asked = {place: time for place, time in asked.items() if time >= since}
        desk = await _decided(reader, DESK_DECISIONS, asked, found[HOPS[0].title])
        applied, began = dict[Place, int](), dict[Place, int]()
        async for partition, record in _records(reader, JOBS):
            cause = _cause(record, DESK_DECISIONS)
            if cause in desk:
                decided, place = desk[cause]
                found[HOPS[1].title].append(record.timestamp - decided)
                applied[partition, record.offset] = record.timestamp
                began[partition, record.offset] = asked[place]
        ledger = await _decided(reader, MATCHES, applied, found[HOPS[2].title])
        async for _, record in _records(reader, FEED):
            cause = _cause(record, MATCHES)
            if cause in ledger:
                decided, place = ledger[cause]
                found[HOPS[3].title].append(record.timestamp - decided)
                found["whole"].append(record.timestamp - began[place])
    return found


def _cause(record: Any, log: Topic) -> tuple[int, int, int]:
    """Partition, offset and number of the decision of `log` that a record comes from; of none: never found."""
    text = origin_of(record.headers)
    origin = parse_origin(text) if text is not None else None
    if origin is None or origin.tag != log.tag:
        return (-1, -1, -1)
    return origin.partition, origin.offset, origin.nth


def measure(runs: int, rate: float, seconds: int) -> Report:
    """The table."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    pushed: list[dict[str, float]] = []
    with running_up() as state:
        loads = ("--rate", str(rate), "--seconds")
        answer("simulate", *loads, str(WARM_UP_S), data=state["data"])
        for _ in range(runs):
            since = int(time.time() * 1000)  # the broker is on this machine
            pushed.append(answer("simulate", *loads, str(seconds), data=state["data"])["latency_ms"])
            for name, times in asyncio.run(waits(state["kafka"], since)).items():
                cuts = statistics.quantiles(times, n=100)
                found[name].append((cuts[49], cuts[98]))
    figures = []
    for name in (*(hop.title for hop in HOPS), "whole"):
        title = "candidates → feed, the whole" if name == "whole" else name
        figures += [
            Figure(f"{title}: p50", "ms", [p50 for p50, _ in found[name]]),
            Figure("  p99", "ms", [p99 for _, p99 in found[name]]),
        ]
    figures += [
        Figure("acknowledged → in the host's socket: p50", "ms", [one["p50"] for one in pushed]),
        Figure("  p99", "ms", [one["p99"] for one in pushed]),
    ]
    return Report(
        f"Hop by hop, {rate:g} sign-ups a second",
        figures,
        [f"{hop.title}: {hop.waits_for}." for hop in HOPS]
        + ["By the broker's clock, which counts milliseconds; from the feed on: feeder, Valkey, gateway, socket."],
    )
