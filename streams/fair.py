"""The fair desk: folds `fairs` into `fair-decisions`. A fair's life, its jobs, and people open to any of them.

A person open to any job is suggested one at a time, the best first; the next when that one ends
(matching.md, invariant 2). Whoever suits no job yet waits for one to open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace

from livefair.domain.fairs import Fair
from livefair.domain.filters import day_of, verdicts
from livefair.domain.people import Person
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import RULES
from livefair.domain.scores import appeal, fit
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import (
    FairDecision,
    FairStated,
    JobStatedAnew,
    JobSuggested,
    Noted,
    PersonOpened,
    SuggestionEnded,
)
from livefair.wire.facts import (
    FairChanged,
    FairFact,
    FairScheduled,
    JobChanged,
    JobOpened,
    JobStated,
    OpenEnded,
    OpenToAny,
    Suggested,
)
from livefair.wire.topics import CANDIDATES, FAIR_DECISIONS, FAIRS, JOBS
from streams.fold import Decided, NoDeadlines, Route
from streams.projection import Speech, tell_fair, tell_job

SUGGESTED_PER_SLOT = 5
"""People suggested to a job at once for each slot it has: a line that long already means little hope."""


class Who(NamedTuple):
    """A person open to any job, as one holder signed them up."""

    candidate: str
    holder: str


@dataclass(slots=True)
class Open:
    """A person open to any job: what was tried, and what is suggested now ("": waiting for a job that suits)."""

    person: Person
    tried: set[str] = field(default_factory=set)
    job: str = ""

    def may_try(self, job: str, prepared: PreparedJob, at: int) -> bool:
        """Whether the job is new to the person and fails no filter."""
        return job not in self.tried and "F" not in verdicts(self.person.profile, prepared, day_of(at))


@dataclass(slots=True)
class FairBook:
    """One fair at its desk."""

    fair: Fair | None = None
    jobs: dict[str, PreparedJob] = field(default_factory=dict)
    open: dict[Who, Open] = field(default_factory=dict)
    """In order of arrival."""
    suggested: dict[str, int] = field(default_factory=dict)
    """Job → people to whom it is suggested now."""

    def room_for_one(self, job: str) -> bool:
        """Whether the job takes people on, and is suggested to fewer than it may be."""
        stated = self.jobs[job].job
        return not stated.paused and self.suggested.get(job, 0) < stated.slots * SUGGESTED_PER_SLOT


@dataclass(slots=True)
class FairState:
    """A partition's fairs."""

    fairs: dict[str, FairBook] = field(default_factory=dict)

    def book(self, fair: str) -> FairBook:
        """The fair's book; an empty one where nothing was heard of it. Looking changes nothing."""
        return self.fairs.get(fair) or FairBook()


class FairFold(NoDeadlines):
    """The rules of the fair desk."""

    name = "fair"
    source = FAIRS
    log = FAIR_DECISIONS
    rules = RULES

    def __init__(self) -> None:
        self.facts: Codec[FairFact] = Codec(FairFact)
        self.decisions: Codec[FairDecision] = Codec(FairDecision)
        self._on: dict[type, Callable[[FairState, Any, int], Iterator[Decided]]] = {
            FairScheduled: self._scheduled,
            FairChanged: self._changed,
            JobOpened: self._job_opened,
            JobChanged: self._job_changed,
            OpenToAny: self._opened,
            OpenEnded: self._ended,
        }

    def new_state(self) -> FairState:
        return FairState()

    def decide(self, state: FairState, fact: FairFact, at: int) -> Iterator[Decided]:
        return self._on[type(fact)](state, fact, at)

    def apply(self, state: FairState, decision: FairDecision) -> None:
        match decision:
            case FairStated(fair=fair):
                state.fairs.setdefault(fair.fair, FairBook()).fair = fair
            case JobStatedAnew(job=job):
                state.fairs[job.fair].jobs[job.job] = PreparedJob(job)
            case PersonOpened(person=person):
                who = Who(person.candidate, person.holder)
                state.fairs[decision.fair].open[who] = Open(person)
            case JobSuggested(job=suggested):
                book = state.fairs[decision.fair]
                someone = book.open[Who(decision.candidate, decision.holder)]
                someone.job = suggested
                someone.tried.add(suggested)
                book.suggested[suggested] = book.suggested.get(suggested, 0) + 1
            case SuggestionEnded():
                book = state.fairs[decision.fair]
                who = Who(decision.candidate, decision.holder)
                someone = book.open[who]
                if someone.job:
                    book.suggested[someone.job] -= 1
                    someone.job = ""
                if not decision.again:
                    del book.open[who]
            case Noted():
                pass

    # ------------------------------------------------------------ fairs and jobs

    def _scheduled(self, state: FairState, fact: FairScheduled, at: int) -> Iterator[Decided]:
        if state.book(fact.fair.fair).fair is not None:
            yield _noted(fact.fair.fair, at, "scheduled-before")
        else:
            yield Decided(fact.fair.fair, FairStated(fair=fact.fair, at=at))

    def _changed(self, state: FairState, fact: FairChanged, at: int) -> Iterator[Decided]:
        book = state.book(fact.fair)
        fair = book.fair
        if fair is None:
            yield _noted(fact.fair, at, "fair-unknown")
            return
        changed = fair.changed(fact.state, fact.pinned)
        if changed is None or (fact.pinned and fact.pinned not in book.jobs):
            yield _noted(fact.fair, at, "illegal-move")
        elif changed == fair:
            yield _noted(fact.fair, at, "unchanged")
        else:
            pinned_anew = changed.pinned != fair.pinned
            yield Decided(fact.fair, FairStated(fair=changed, pinned_anew=pinned_anew, at=at))

    def _job_opened(self, state: FairState, fact: JobOpened, at: int) -> Iterator[Decided]:
        job = fact.job
        book = state.book(job.fair)
        if book.fair is None:
            yield _noted(job.fair, at, "fair-unknown")
        elif job.job in book.jobs:
            yield _noted(job.fair, at, "opened-before")
        else:
            yield Decided(job.fair, JobStatedAnew(job=job, opened=True, at=at))
            yield from self._fill(book, job.fair, job.job, at)

    def _job_changed(self, state: FairState, fact: JobChanged, at: int) -> Iterator[Decided]:
        book = state.book(fact.fair)
        known = book.jobs.get(fact.job)
        if known is None:
            yield _noted(fact.fair, at, "job-unknown")
            return
        job = replace(
            known.job,
            seats=known.job.seats if fact.seats is None else fact.seats,
            paused=known.job.paused if fact.paused is None else fact.paused,
        )
        if job == known.job:
            yield _noted(fact.fair, at, "unchanged")
            return
        yield Decided(fact.fair, JobStatedAnew(job=job, at=at))
        yield from self._fill(book, fact.fair, fact.job, at)

    # ------------------------------------------------------------ people open to any job

    def _opened(self, state: FairState, fact: OpenToAny, at: int) -> Iterator[Decided]:
        book = state.book(fact.fair)
        who = Who(fact.person.candidate, fact.person.holder)
        if book.fair is None or who in book.open:
            yield _noted(fact.fair, at, "fair-unknown" if book.fair is None else "open-before")
            return
        yield Decided(fact.fair, PersonOpened(fair=fact.fair, person=fact.person, at=at))
        yield from self._suggest(book, fact.fair, who, at)

    def _ended(self, state: FairState, fact: OpenEnded, at: int) -> Iterator[Decided]:
        book = state.book(fact.fair)
        who = Who(fact.candidate, fact.holder)
        someone = book.open.get(who)
        if someone is None or not someone.job or someone.job != fact.job:
            yield _noted(fact.fair, at, "not-suggested")
            return
        ended = SuggestionEnded(
            fair=fact.fair, candidate=fact.candidate, holder=fact.holder, job=fact.job, again=fact.again, at=at
        )
        yield Decided(fact.fair, ended)
        if fact.again:
            yield from self._suggest(book, fact.fair, who, at)
        yield from self._fill(book, fact.fair, fact.job, at)

    def _suggest(self, book: FairBook, fair: str, who: Who, at: int) -> Iterator[Decided]:
        """The best job not tried yet: fit and appeal together, the earlier job where they tie."""
        someone = book.open[who]
        profile = someone.person.profile
        best, best_score = "", -1
        for identifier, prepared in book.jobs.items():
            if not book.room_for_one(identifier) or not someone.may_try(identifier, prepared, at):
                continue
            score = sum(fit(profile, prepared)) + sum(appeal(profile, prepared))
            if score > best_score:
                best, best_score = identifier, score
        if best:
            suggested = JobSuggested(fair=fair, candidate=who.candidate, holder=who.holder, job=best, at=at)
            yield Decided(fair, suggested)

    def _fill(self, book: FairBook, fair: str, job: str, at: int) -> Iterator[Decided]:
        """Suggest a job that has room to those who wait, in order of arrival: no other job is news to them."""
        prepared = book.jobs[job]
        for who, someone in book.open.items():
            if not book.room_for_one(job):
                return
            if not someone.job and someone.may_try(job, prepared, at):
                suggested = JobSuggested(fair=fair, candidate=who.candidate, holder=who.holder, job=job, at=at)
                yield Decided(fair, suggested)

    # ------------------------------------------------------------ what follows

    def routes(self, decision: FairDecision, ident: str) -> Iterable[Route]:
        speech = Speech(ident, decision.at)
        match decision:
            case FairStated(fair=fair):
                tell_fair(speech, fair, decision.pinned_anew)
            case JobStatedAnew(job=job):
                tell_job(speech, job, decision.opened)
                speech.routes.append(Route(JOBS, job.job, "job.stated", encode(JobStated(job))))
            case JobSuggested(fair=fair_id, candidate=candidate):
                suggested = Suggested(candidate, fair_id, decision.job, decision.holder)
                speech.routes.append(Route(CANDIDATES, candidate, "job.suggested", encode(suggested)))
            case _:
                pass
        return speech.routes


def _noted(fair: str, at: int, why: str) -> Decided:
    return Decided(fair, Noted(at=at, why=why))
