"""How one decision is counted for its fair: pure, by the decision alone, in the order of the log.

Nobody is named: a source, a state, a job's place and craft, a minute. Time is the record's own (`at`), never a clock.
"""

from __future__ import annotations

from bisect import bisect_left

from livefair.domain.applications import ApplicationState
from livefair.wire.decisions import (
    ApplicationApplied,
    ApplicationEntered,
    ApplicationMoved,
    Counts,
    DeskDecision,
    FairDecision,
    JobListed,
    JobSuggested,
    MatchDecision,
    OfferClosed,
    OfferMade,
    PersonOpened,
    PersonSignedUp,
    Row,
    SuggestionEnded,
)
from livefair.wire.insight import ANSWER_BOUNDS_MS, JobCounts, Part

MINUTE_MS = 60_000
MINUTES_KEPT = 120
HOURS_KEPT = 31 * 24
ANSWERS: frozenset[ApplicationState] = frozenset({"matched", "waitlisted", "rejected"})
"""States that tell a person where they stand."""
_UNANSWERED: frozenset[ApplicationState] = frozenset({"submitted", "reviewing"})

Decision = DeskDecision | MatchDecision | FairDecision


def fair_of(decision: Decision) -> str | None:
    """The fair for which the decision is counted; None: it is not counted."""
    match decision:
        case PersonSignedUp() | ApplicationApplied() | PersonOpened() | JobSuggested() | SuggestionEnded():
            return decision.fair
        case ApplicationEntered() | ApplicationMoved() | OfferMade() | OfferClosed():
            return decision.row.fair
        case JobListed():
            return decision.job.fair
        case _:
            return None


def count(part: Part, decision: Decision) -> None:
    """Add one decision to its fair's part. The caller sees to it that none is added twice."""
    match decision:
        case PersonSignedUp():
            _reached(part, decision.person.source, "signed_up")
            _signed_up_at(part, decision.at)
        case ApplicationApplied():
            _reached(part, decision.person.source, "applied")
        case ApplicationEntered() | ApplicationMoved() | OfferMade() | OfferClosed():
            _application(part, decision)
        case JobListed(job=job):
            counts = _job(part, job.job, decision.counts)
            counts.region, counts.occupation, counts.level = job.region, job.occupation, job.min_level or 0
        case PersonOpened():
            part.looking += 1
        case JobSuggested():
            part.looking -= 1
        case SuggestionEnded(again=True):
            part.looking += 1
        case _:
            pass


def keep_newest(minutes: dict[int, int], kept: int) -> dict[int, int]:
    """The buckets of the last `kept` before and with the newest. What is kept depends on what was counted alone, not
    on the order or the batches in which it came."""
    oldest = max(minutes, default=0) - kept
    return {at: number for at, number in sorted(minutes.items()) if at > oldest}


def _signed_up_at(part: Part, at: int) -> None:
    minute = at // MINUTE_MS
    part.minutes[minute] = part.minutes.get(minute, 0) + 1
    part.hours[minute // 60] = part.hours.get(minute // 60, 0) + 1
    if len(part.minutes) > MINUTES_KEPT:
        part.minutes = keep_newest(part.minutes, MINUTES_KEPT)
    if len(part.hours) > HOURS_KEPT:
        part.hours = keep_newest(part.hours, HOURS_KEPT)


def _application(part: Part, decision: ApplicationEntered | ApplicationMoved | OfferMade | OfferClosed) -> None:
    row = decision.row
    _reached(part, row.source, row.state)
    job = _job(part, row.job, decision.counts)
    match decision:
        case ApplicationEntered():
            job.failing += _fails(row, row.state)
            if row.state in ANSWERS:
                _answered(part, decision.at, row)
        case ApplicationMoved(was=was):
            job.failing -= _fails(row, was)
            if was in _UNANSWERED and row.state in ANSWERS:
                _answered(part, decision.at, row)
        case _:
            pass


def _reached(part: Part, source: str, state: str) -> None:
    reached = part.funnel.setdefault(source, {})
    reached[state] = reached.get(state, 0) + 1


def _job(part: Part, job: str, counts: Counts) -> JobCounts:
    known = part.jobs.get(job)
    if known is None:
        known = part.jobs[job] = JobCounts()
    known.seats, known.held, known.applications, known.matched, known.waiting = (
        counts.seats,
        counts.held,
        counts.applications,
        counts.matched,
        counts.waiting,
    )
    return known


def _fails(row: Row, state: ApplicationState) -> bool:
    """Whether an application that is (or was) in `state` stays out because a filter fails."""
    return state == "submitted" and "F" in row.verdicts


def _answered(part: Part, at: int, row: Row) -> None:
    if not row.since:
        return  # made by a version that did not say when
    took = max(at - row.since, 0)
    if not part.answers:
        part.answers = [0] * (len(ANSWER_BOUNDS_MS) + 1)
    part.answers[bisect_left(ANSWER_BOUNDS_MS, took)] += 1
    part.answers_ms += took
