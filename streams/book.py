"""One job in the seat ledger: its people, its waiting line, its seats and slots. Only rows change; all else follows."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import islice

from livefair.domain.applications import HOLDS_SEAT, HOLDS_SLOT, ApplicationState
from livefair.domain.jobs import Job
from livefair.domain.prepared import PreparedJob
from livefair.wire.decisions import Counts, Row
from livefair.wire.facts import ApplicationMade
from streams.fold import Due


class Book:
    """One job: rows by candidate, and what follows from them."""

    __slots__ = ("held_back", "interests", "job", "line", "prepared", "rows", "seats_held", "seq", "slots_held")

    def __init__(self) -> None:
        self.job: Job | None = None
        self.prepared: PreparedJob | None = None
        self.rows: dict[str, Row] = {}
        self.line: dict[int, str] = {}
        """Arrival → candidate, in order of arrival: the waiting line."""
        self.interests: dict[str, bool] = {}
        self.held_back: dict[str, ApplicationMade] = {}
        """Candidate → an application that came before the job itself."""
        self.seq = 0
        self.seats_held = 0
        self.slots_held = 0

    def list_job(self, job: Job) -> None:
        """Take the job as it is stated now."""
        self.job = job
        self.prepared = PreparedJob(job)

    def put(self, row: Row) -> None:
        """Replace a person's row, and keep line, seats and slots in step with it."""
        old = self.rows.get(row.candidate)
        if old is not None:
            self.seats_held -= old.state in HOLDS_SEAT
            self.slots_held -= old.state in HOLDS_SLOT
            if old.state == "waitlisted":
                del self.line[old.seq]
        state, seq = row.state, row.seq
        self.rows[row.candidate] = row
        if state == "waitlisted":
            self.line[seq] = row.candidate
        elif state in HOLDS_SLOT:  # a seat held is a slot held
            self.slots_held += 1
            self.seats_held += state in HOLDS_SEAT
        if seq > self.seq:
            self.seq = seq

    def counts(self, seats: int) -> Counts:
        """Seats and people as they are, were there `seats` seats."""
        return Counts(seats, self.seats_held, len(self.rows), self.slots_held, len(self.line))

    def counts_with(self, candidate: str, state: ApplicationState) -> Counts:
        """Seats and people once `candidate`'s row has `state`."""
        seats = self.job.seats if self.job is not None else 0
        old = self.rows.get(candidate)
        if old is None:
            held, slots = state in HOLDS_SEAT, state in HOLDS_SLOT
            applications, waiting = len(self.rows) + 1, len(self.line) + (state == "waitlisted")
            return Counts(seats, self.seats_held + held, applications, self.slots_held + slots, waiting)
        was = old.state
        return Counts(
            seats,
            self.seats_held + (state in HOLDS_SEAT) - (was in HOLDS_SEAT),
            len(self.rows),
            self.slots_held + (state in HOLDS_SLOT) - (was in HOLDS_SLOT),
            len(self.line) + (state == "waitlisted") - (was == "waitlisted"),
        )

    @property
    def slot_free(self) -> bool:
        """Whether somebody may be matched now."""
        return self.job is not None and not self.job.paused and self.slots_held < self.job.slots

    @property
    def seat_free(self) -> bool:
        """Whether a seat may be offered now."""
        return self.job is not None and self.seats_held < self.job.seats

    def first_in_line(self) -> Row | None:
        """Who is next."""
        candidate = next(iter(self.line.values()), None)
        return None if candidate is None else self.rows[candidate]

    def place_of(self, seq: int) -> int:
        """The place in line, from 1, of the one who arrived as `seq`."""
        return 1 + sum(1 for arrival in self.line if arrival < seq)

    def line_from(self, first: int, most: int) -> tuple[tuple[str, str], ...]:
        """Candidate and holder of at most `most` people, from place `first` on."""
        waiting = islice(self.line.values(), first - 1, first - 1 + most)
        return tuple((candidate, self.rows[candidate].holder) for candidate in waiting)


@dataclass(slots=True)
class Ledger:
    """A partition's jobs, and the deadlines that their rows hold."""

    books: dict[str, Book] = field(default_factory=dict)
    deadlines: list[tuple[int, str, str]] = field(default_factory=list)
    """A heap of (due, job, candidate); one that no longer stands is dropped when it comes up."""

    def book(self, job: str) -> Book:
        """The job's book; an empty one where nothing was heard of it yet. Looking changes nothing."""
        return self.books.get(job) or Book()

    def open_book(self, job: str) -> Book:
        """The job's book, made if need be."""
        book = self.books.get(job)
        if book is None:
            book = self.books[job] = Book()
        return book

    def put(self, row: Row) -> None:
        """Replace a row, and remember its deadline."""
        self.open_book(row.job).put(row)
        if row.due:
            heapq.heappush(self.deadlines, (row.due, row.job, row.candidate))

    def overdue(self, now: int) -> list[Due]:
        """Deadlines at or before `now` (Unix ms) that still stand, by time."""
        standing: list[tuple[int, str, str]] = []
        while self.deadlines and self.deadlines[0][0] <= now:
            due, job, candidate = heapq.heappop(self.deadlines)
            row = self.book(job).rows.get(candidate)
            if row is not None and row.due == due:
                standing.append((due, job, candidate))
        for entry in standing:
            heapq.heappush(self.deadlines, entry)
        return [Due(due, job, candidate) for due, job, candidate in standing]
