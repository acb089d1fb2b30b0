"""The candidate desk: folds `candidates` into `desk-decisions`. One person's sign-ups, applications and one acceptance.

Whoever signs up first as a person holds their token; whoever comes later without it acts on their own sign-up only.
A person holds at most one acceptance, and accepting one seat releases the others (matching.md, invariants 1 and 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from livefair.domain.ids import application_id
from livefair.domain.people import Person
from livefair.domain.rules import RULES
from livefair.wire.channels import candidate_channel
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import (
    AcceptanceTaken,
    AnswerTaken,
    ApplicationApplied,
    ApplicationClosed,
    ApplicationWithdrawn,
    ContactWasRead,
    DeskDecision,
    Noted,
    OpenAsked,
    PersonSignedUp,
)
from livefair.wire.events import ContactData, RegisteredData
from livefair.wire.facts import (
    AcceptanceSettled,
    AnswerReserved,
    ApplicationEnded,
    ApplicationLeft,
    ApplicationMade,
    Applied,
    CandidateFact,
    ContactRead,
    OfferAnswered,
    OpenEnded,
    OpenToAny,
    SignedUp,
    Suggested,
    Withdrawn,
)
from livefair.wire.topics import CANDIDATES, DESK_DECISIONS, FAIRS, JOBS
from streams.fold import Decided, NoDeadlines, Route
from streams.projection import Speech


@dataclass(slots=True)
class Application:
    """What the desk knows of one application: whether it is open, which revision, who made it."""

    fair: str
    person: Person
    revision: int
    open_to_any: bool = False
    answered: tuple[str, bool] | None = None
    """The last offer answered, and how."""
    state: str = ""
    """How it ended; empty while it is open."""


@dataclass(slots=True)
class Candidate:
    """One person at the desk."""

    holder: str = ""
    people: dict[tuple[str, str], Person] = field(default_factory=dict)
    """(fair, holder as `Person` has it) → the facts of the last sign-up."""
    keys: set[tuple[str, str]] = field(default_factory=set)
    """(fair, Idempotency-Key) of every sign-up and application taken on: a late retry must not undo a withdrawal."""
    applications: dict[str, Application] = field(default_factory=dict)
    reserved: str = ""
    """The job whose offer the person is accepting, until the ledger settles it."""
    accepted: str = ""
    """The job whose seat the person has."""

    def side_of(self, holder: str) -> str:
        """The holder as a `Person` carries it: empty for the person's own token (or the operator's)."""
        return "" if holder in ("", self.holder) else holder

    def end(self, job: str, state: str) -> None:
        """An application has ended; one that was not even made (`state` "") leaves everything as it is."""
        if state:
            self.applications[job].state = state
            if self.accepted == job:
                self.accepted = ""


@dataclass(slots=True)
class Desk:
    """A partition's people."""

    people: dict[str, Candidate] = field(default_factory=dict)

    def person(self, candidate: str) -> Candidate:
        """The person; an empty one where nothing was heard of them. Looking changes nothing."""
        return self.people.get(candidate) or Candidate()


class DeskFold(NoDeadlines):
    """The rules of the candidate desk."""

    name = "desk"
    source = CANDIDATES
    log = DESK_DECISIONS
    rules = RULES

    def __init__(self) -> None:
        self.facts: Codec[CandidateFact] = Codec(CandidateFact)
        self.decisions: Codec[DeskDecision] = Codec(DeskDecision)
        self._on: dict[type, Callable[[Desk, Any, int], Iterator[Decided]]] = {
            SignedUp: self._signed_up,
            Applied: self._applied,
            Suggested: self._suggested,
            Withdrawn: self._withdrawn,
            OfferAnswered: self._answered,
            AcceptanceSettled: self._settled,
            ApplicationEnded: self._ended,
            ContactRead: self._contact_read,
        }

    def new_state(self) -> Desk:
        return Desk()

    def decide(self, state: Desk, fact: CandidateFact, at: int) -> Iterator[Decided]:
        return self._on[type(fact)](state, fact, at)

    def apply(self, state: Desk, decision: DeskDecision) -> None:
        match decision:
            case PersonSignedUp(candidate=candidate, fair=fair, person=person):
                known = state.people.setdefault(candidate, Candidate())
                known.holder = decision.holder
                known.keys.add((fair, decision.key))
                known.people[fair, person.holder] = person
            case ApplicationApplied(person=person):
                known = state.people[person.candidate]
                known.applications[decision.job] = Application(
                    decision.fair, person, decision.revision, decision.open_to_any
                )
                if decision.key:
                    known.keys.add((decision.fair, decision.key))
            case ApplicationWithdrawn(candidate=candidate, job=job):
                state.people[candidate].end(job, "withdrawn")
            case ApplicationClosed(candidate=candidate, job=job, state=ended):
                state.people[candidate].end(job, ended)
            case AnswerTaken(refused="", accept=accept):
                known = state.people[decision.candidate]
                known.applications[decision.job].answered = (decision.offer, accept)
                if accept:
                    known.reserved = decision.job
            case AcceptanceTaken():
                known = state.people[decision.candidate]
                known.reserved = ""
                if decision.confirmed:
                    known.accepted = decision.job
            case _:
                pass

    # ------------------------------------------------------------ signing up and applying

    def _signed_up(self, state: Desk, fact: SignedUp, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        if (fact.fair, fact.key) in known.keys:
            yield _noted(fact.candidate, at, "signed-up-before")
            return
        first = not known.holder
        holder = known.holder or fact.holder
        side = "" if fact.holder == holder else fact.holder
        person = Person(fact.candidate, fact.mask, fact.profile, fact.consent, side, fact.source.channel, at)
        yield Decided(
            fact.candidate,
            PersonSignedUp(
                candidate=fact.candidate,
                fair=fact.fair,
                key=fact.key,
                body=fact.body,
                holder=holder,
                by_holder=fact.holder,
                person=person,
                first=first,
                at=at,
            ),
        )
        for job in fact.jobs:
            yield from self._apply_for(state, person, fact.fair, job, at)
        if not fact.jobs:
            yield Decided(fact.candidate, OpenAsked(fair=fact.fair, person=person, at=at))

    def _apply_for(
        self, state: Desk, person: Person, fair: str, job: str, at: int, *, open_to_any: bool = False, key: str = ""
    ) -> Iterator[Decided]:
        """One application per person and job; after a withdrawal, a new revision of it."""
        old = state.person(person.candidate).applications.get(job)
        if old is not None and old.state != "withdrawn":
            return
        yield Decided(
            person.candidate,
            ApplicationApplied(
                application=application_id(person.candidate, job),
                job=job,
                fair=fair,
                person=person,
                revision=old.revision + 1 if old is not None else 1,
                open_to_any=open_to_any,
                key=key,
                at=at,
            ),
        )

    def _applied(self, state: Desk, fact: Applied, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        person = known.people.get((fact.fair, known.side_of(fact.holder)))
        if person is None:
            yield _noted(fact.candidate, at, "not-signed-up")
        elif (fact.fair, fact.key) in known.keys:
            yield _noted(fact.candidate, at, "applied-before")
        else:
            yield from self._apply_for(state, replace(person, since=at), fact.fair, fact.job, at, key=fact.key)

    def _suggested(self, state: Desk, fact: Suggested, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        person = known.people.get((fact.fair, fact.holder))
        if person is None:
            yield _noted(fact.candidate, at, "not-signed-up")
        elif known.accepted or known.applications.get(fact.job) is not None:
            # A seat is held, or this job was tried in another way: the fair desk must not wait for it.
            again = not known.accepted
            yield Decided(
                fact.candidate,
                ApplicationClosed(
                    candidate=fact.candidate,
                    job=fact.job,
                    fair=fact.fair,
                    state="",
                    holder=fact.holder,
                    open_to_any=True,
                    again=again,
                    at=at,
                ),
            )
        else:
            yield from self._apply_for(state, person, fact.fair, fact.job, at, open_to_any=True)

    # ------------------------------------------------------------ leaving and answering

    def _withdrawn(self, state: Desk, fact: Withdrawn, at: int) -> Iterator[Decided]:
        application = self._own(state, fact.candidate, fact.job, fact.holder)
        if application is None or application.state:
            yield _noted(fact.candidate, at, "not-open")
        else:
            yield _withdrawal(fact.candidate, fact.job, application, at)

    def _own(self, state: Desk, candidate: str, job: str, holder: str) -> Application | None:
        """The application, if this holder may act on it: the person's own token on all, others on what they made."""
        known = state.person(candidate)
        application = known.applications.get(job)
        if application is None or known.side_of(holder) not in ("", application.person.holder):
            return None
        return application

    def _answered(self, state: Desk, fact: OfferAnswered, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        application = self._own(state, fact.candidate, fact.job, fact.holder)
        if application is None or application.state:
            yield _noted(fact.candidate, at, "not-open")
            return
        if application.answered == (fact.offer, fact.accept):
            yield _noted(fact.candidate, at, "answered-before")
            return
        refused = ""
        if fact.accept and (known.accepted or known.reserved):
            refused = "accepted-elsewhere" if known.accepted else "answer-under-way"
        yield Decided(
            fact.candidate,
            AnswerTaken(
                candidate=fact.candidate, job=fact.job, offer=fact.offer, accept=fact.accept, refused=refused, at=at
            ),
        )

    def _settled(self, state: Desk, fact: AcceptanceSettled, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        application = known.applications.get(fact.job)
        # Whoever withdrew while the answer was on its way gives the seat up again, and keeps what else is open.
        open_still = application is not None and not application.state and application.revision == fact.revision
        confirmed = fact.confirmed and open_still
        yield Decided(
            fact.candidate,
            AcceptanceTaken(candidate=fact.candidate, job=fact.job, offer=fact.offer, confirmed=confirmed, at=at),
        )
        if confirmed:
            for job, application in list(known.applications.items()):
                if job != fact.job and not application.state:
                    yield _withdrawal(fact.candidate, job, application, at, released=True)

    def _ended(self, state: Desk, fact: ApplicationEnded, at: int) -> Iterator[Decided]:
        known = state.person(fact.candidate)
        application = known.applications.get(fact.job)
        if application is None or application.state or application.revision != fact.revision:
            yield _noted(fact.candidate, at, "not-open")
            return
        yield Decided(
            fact.candidate,
            ApplicationClosed(
                candidate=fact.candidate,
                job=fact.job,
                fair=application.fair,
                state=fact.state,
                holder=application.person.holder,
                open_to_any=application.open_to_any,
                again=application.open_to_any and not known.accepted,
                at=at,
            ),
        )

    def _contact_read(self, _state: Desk, fact: ContactRead, at: int) -> Iterator[Decided]:
        yield Decided(fact.candidate, ContactWasRead(candidate=fact.candidate, job=fact.job, by=fact.by, at=at))

    # ------------------------------------------------------------ what follows

    def routes(self, decision: DeskDecision, ident: str) -> Iterable[Route]:
        speech = Speech(ident, decision.at)
        match decision:
            case PersonSignedUp(first=True):
                data = RegisteredData(decision.candidate, decision.holder, _offset_of(ident))
                channel = candidate_channel(decision.candidate)
                speech.say("candidate.registered", data, "person", channel)
            case ApplicationApplied(job=job):
                made = ApplicationMade(
                    decision.application, job, decision.fair, decision.person, decision.revision, decision.open_to_any
                )
                speech.routes.append(Route(JOBS, job, "application.made", encode(made)))
            case ApplicationWithdrawn(job=job):
                left = ApplicationLeft(decision.application, job, decision.candidate, decision.released)
                speech.routes.append(Route(JOBS, job, "application.left", encode(left)))
                if decision.open_to_any:
                    speech.routes.append(_open_ended(decision.fair, decision.candidate, decision.holder, job, False))
            case OpenAsked(fair=fair, person=person):
                speech.routes.append(Route(FAIRS, fair, "person.open", encode(OpenToAny(fair, person))))
            case AnswerTaken(job=job):
                answer = AnswerReserved(job, decision.candidate, decision.offer, decision.accept, decision.refused)
                speech.routes.append(Route(JOBS, job, "answer.reserved", encode(answer)))
            case ApplicationClosed(open_to_any=True, job=job):
                speech.routes.append(
                    _open_ended(decision.fair, decision.candidate, decision.holder, job, decision.again)
                )
            case ContactWasRead():
                data_read = ContactData(decision.job, decision.by)
                speech.say("contact.read", data_read, "", candidate_channel(decision.candidate))
            case _:
                pass
        return speech.routes


def _noted(candidate: str, at: int, why: str) -> Decided:
    return Decided(candidate, Noted(at=at, why=why))


def _withdrawal(candidate: str, job: str, application: Application, at: int, *, released: bool = False) -> Decided:
    return Decided(
        candidate,
        ApplicationWithdrawn(
            application=application_id(candidate, job),
            job=job,
            candidate=candidate,
            fair=application.fair,
            holder=application.person.holder,
            released=released,
            open_to_any=application.open_to_any,
            at=at,
        ),
    )


def _open_ended(fair: str, candidate: str, holder: str, job: str, again: bool) -> Route:
    return Route(FAIRS, fair, "person.open-ended", encode(OpenEnded(fair, candidate, holder, job, again)))


def _offset_of(ident: str) -> int:
    """The input offset in a decision's id: where in `candidates` the sealed part is."""
    return int(ident.split("-")[1])
