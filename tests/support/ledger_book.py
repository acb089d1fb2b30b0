"""The seat ledger's rules once more, as a reader of its decisions would check them: matching.md, invariants 1 to 3.

It keeps rows of its own, from decisions alone, and counts everything anew each time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from livefair.domain.applications import ENDS, HOLDS_SEAT, HOLDS_SLOT, MOVES
from livefair.domain.ids import application_id
from livefair.domain.jobs import Job
from livefair.wire.decisions import (
    ApplicationEntered,
    ApplicationMoved,
    Counts,
    JobListed,
    LineMoved,
    OfferClosed,
    OfferMade,
    Row,
)


class Auditor:
    """Follows one ledger's decisions; an assertion fails where one of them breaks a rule."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.rows: dict[str, dict[str, Row]] = defaultdict(dict)
        self.places: dict[tuple[str, str], int] = {}
        """What each waiting person was last told of their place in a job's line."""

    def waiting(self, job: str) -> list[Row]:
        return sorted((row for row in self.rows[job].values() if row.state == "waitlisted"), key=lambda row: row.seq)

    def seats_held(self, job: str) -> int:
        return sum(row.state in HOLDS_SEAT for row in self.rows[job].values())

    def slots_held(self, job: str) -> int:
        return sum(row.state in HOLDS_SLOT for row in self.rows[job].values())

    def recount(self, job: str) -> Counts:
        rows = self.rows[job]
        held, slots = self.seats_held(job), self.slots_held(job)
        return Counts(self.jobs[job].seats, held, len(rows), slots, len(self.waiting(job)))

    def follow(self, decisions: list[Any]) -> None:
        """One input's decisions."""
        for decision in decisions:
            if isinstance(decision, JobListed):
                self.jobs[decision.job.job] = decision.job
                assert decision.counts == self.recount(decision.job.job)
            elif isinstance(decision, ApplicationEntered | ApplicationMoved | OfferMade | OfferClosed):
                self._move(decision)
            elif isinstance(decision, LineMoved):
                waiting = self.waiting(decision.job)[decision.first - 1 :]
                assert decision.line == tuple((row.candidate, row.holder) for row in waiting[: len(decision.line)])
                for place, (candidate, _) in enumerate(decision.line, decision.first):
                    self.places[decision.job, candidate] = place
        for job in self.jobs:
            self._settled(job)

    def _move(self, decision: Any) -> None:
        row: Row = decision.row
        job = self.jobs[row.job]
        old = self.rows[row.job].get(row.candidate)
        assert row.application == application_id(row.candidate, row.job)
        assert bool(row.offer) == (row.state == "offered")
        assert bool(row.due) == (row.state in ("matched", "interviewing", "offered"))
        if isinstance(decision, ApplicationEntered):
            assert old is None or (old.state == "withdrawn" and row.revision > old.revision)
        else:
            assert old is not None
            assert row.state in MOVES[old.state], f"{old.state} → {row.state}"
            assert row.revision == old.revision
        if isinstance(decision, ApplicationMoved):
            assert decision.was == old.state
        line = self.waiting(row.job)
        self.rows[row.job][row.candidate] = row
        granted_slot = row.state in HOLDS_SLOT and (old is None or old.state not in HOLDS_SLOT)
        granted_seat = row.state in HOLDS_SEAT and (old is None or old.state not in HOLDS_SEAT)
        if granted_slot:
            assert not job.paused
            assert self.slots_held(row.job) <= job.slots
            first = [line[0].candidate] if line else [row.candidate]
            assert row.candidate in first, "somebody in line was skipped"
        if granted_seat:
            assert self.seats_held(row.job) <= job.seats
        if row.state == "waitlisted":
            assert all(row.seq > other.seq for other in line), "the line is in order of arrival"
            assert row.place == len(line) + 1
            self.places[row.job, row.candidate] = row.place
        assert decision.counts == self.recount(row.job)

    def _settled(self, job: str) -> None:
        """What holds between two inputs."""
        stated, waiting = self.jobs[job], self.waiting(job)
        free = not stated.paused and self.slots_held(job) < stated.slots
        assert not (free and waiting), "a free slot goes to the first in line"
        assert [self.places[job, row.candidate] for row in waiting] == list(range(1, len(waiting) + 1))
        assert all(row.place is None or row.state == "waitlisted" for row in self.rows[job].values())
        assert not any(row.due for row in self.rows[job].values() if row.state in ENDS)
