"""What a fair's parts add up to, and the events that say so.

Pure: the same parts give the same events, in the same order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from livefair.wire.channels import fair_channel, host_channel
from livefair.wire.events import (
    AnswersData,
    BucketData,
    FairCountersData,
    FunnelData,
    InsightData,
    UnmetData,
)
from livefair.wire.insight import ANSWER_BOUNDS_MS, JobCounts, Part
from streams.insight.counts import HOURS_KEPT, MINUTE_MS, MINUTES_KEPT, keep_newest

Row = FairCountersData | InsightData | UnmetData


class Telling(NamedTuple):
    """One event: its type, its data, the entity that it replaces, and the channels that hear it."""

    kind: str
    data: Row
    entity: str
    channels: tuple[str, ...]


def counters(fair: str, parts: Iterable[Part]) -> FairCountersData:
    """A fair's counters as everyone may see them."""
    data = FairCountersData(fair)
    for part in parts:
        data.signups += sum(reached.get("signed_up", 0) for reached in part.funnel.values())
        data.looking += part.looking
        for job in part.jobs.values():
            data.applications += job.applications
            data.matched += job.matched
            data.waiting += job.waiting
            data.seats_left += max(job.seats - job.held, 0)
    return data


def insight(fair: str, parts: Iterable[Part]) -> InsightData:
    """What the host sees beside the counters: funnel, sign-ups by time, time to the first answer."""
    minutes: Counter[int] = Counter()
    hours: Counter[int] = Counter()
    funnel: dict[str, Counter[str]] = defaultdict(Counter)
    answers = [0] * (len(ANSWER_BOUNDS_MS) + 1)
    sum_ms = 0
    through: dict[str, str] = {}
    for part in parts:
        through[part.of] = f"{part.offset}.{part.nth}"
        minutes.update(part.minutes)
        hours.update(part.hours)
        for source, reached in part.funnel.items():
            funnel[source].update(reached)
        for at, number in enumerate(part.answers):
            answers[at] += number
        sum_ms += part.answers_ms
    return InsightData(
        fair,
        tuple(FunnelData(source, dict(sorted(funnel[source].items()))) for source in sorted(funnel)),
        _buckets(keep_newest(minutes, MINUTES_KEPT), MINUTE_MS),
        _buckets(keep_newest(hours, HOURS_KEPT), 60 * MINUTE_MS),
        AnswersData(ANSWER_BOUNDS_MS, tuple(answers), sum_ms),
        dict(sorted(through.items())),
    )


def unmet(fair: str, parts: Iterable[Part]) -> list[UnmetData]:
    """For each region, occupation and level of the fair's jobs: seats open against people who wait or fail."""

    def cell(job: JobCounts) -> tuple[str, str, int]:
        return job.region, job.occupation, job.level

    jobs = sorted((job for part in parts for job in part.jobs.values()), key=cell)
    rows = []
    for (region, occupation, level), group in groupby(jobs, cell):
        row = UnmetData(fair, region, occupation, level)
        for job in group:
            row.jobs += 1
            row.seats_open += max(job.seats - job.held, 0)
            row.waiting += job.waiting
            row.failing += job.failing
        rows.append(row)
    return rows


def tellings(fair: str, parts: Iterable[Part]) -> list[Telling]:
    """All that is to be said of a fair, in an order that depends on its parts alone."""
    known = sorted(parts, key=lambda part: part.of)
    public, host = fair_channel(fair), host_channel(fair)
    rows = [
        Telling("fair.unmet", row, f"unmet/{row.region}/{row.occupation}/{row.level}", (host,))
        for row in unmet(fair, known)
    ]
    return [
        Telling("fair.counters", counters(fair, known), "counters", (public, host)),
        Telling("fair.insight", insight(fair, known), "insight", (host,)),
        *rows,
    ]


def _buckets(counts: dict[int, int], ms: int) -> tuple[BucketData, ...]:
    return tuple(BucketData(at * ms, number) for at, number in counts.items())
