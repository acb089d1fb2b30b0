"""The seat ledger: folds `jobs` into `matches`. Who is matched, who waits, who is offered a seat.

At every grant, seats held ≤ seats and slots held ≤ seats × interview_ratio; a cut stops grants and takes
nothing back; the line has one total order, and a slot set free goes to the first in it (matching.md, invariants 1–5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from livefair.domain.applications import ENDS, MOVES, ApplicationState, move
from livefair.domain.filters import day_of, verdicts
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import RULES
from livefair.domain.scores import appeal, fit
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import (
    ApplicationEntered,
    ApplicationHeld,
    ApplicationMoved,
    ApplicationRefused,
    InterestNoted,
    JobListed,
    LineMoved,
    MatchDecision,
    Noted,
    OfferClosed,
    OfferMade,
    OfferOutcome,
    OfferRefused,
    Row,
)
from livefair.wire.facts import (
    AcceptanceSettled,
    AnswerReserved,
    ApplicationEnded,
    ApplicationLeft,
    ApplicationMade,
    DeadlinePassed,
    InterestExpressed,
    JobFact,
    JobStated,
    OfferRequested,
)
from livefair.wire.topics import CANDIDATES, JOBS, MATCHES
from streams.book import Book, Ledger
from streams.fold import Decided, Due, Route
from streams.projection import Speech, tell_application, tell_counts, tell_line, tell_offer, tell_refusal

MATCH_LASTS_MS = 24 * 3600 * 1000
"""A match without an offer gives its slot back after this time."""
LINE_TOLD = 1_000
"""People who are told their new place after one departure; those further back see it when they look."""


_OUTCOMES: Mapping[str, OfferOutcome] = {"offer-lapsed": "expired", "left": "left"}
"""How an offer ends, by the reason for which its application does; any other reason releases it."""


_WITH_PROOFS = frozenset({"matched", "waitlisted", "reviewing"})
"""States in which what is unknown is a proof still due."""


class LedgerFold:
    """The rules of the seat ledger."""

    name = "ledger"
    source = JOBS
    log = MATCHES
    rules = RULES

    def __init__(self) -> None:
        self.facts: Codec[JobFact] = Codec(JobFact)
        self.decisions: Codec[MatchDecision] = Codec(MatchDecision)
        self._on: dict[type, Callable[[Ledger, Any, int], Iterable[Decided]]] = {
            ApplicationMade: self._made,
            JobStated: self._stated,
            ApplicationLeft: self._left,
            InterestExpressed: self._interest,
            OfferRequested: self._offer,
            AnswerReserved: self._answer,
            DeadlinePassed: self._deadline,
        }

    def new_state(self) -> Ledger:
        return Ledger()

    def decide(self, state: Ledger, fact: JobFact, at: int) -> Iterable[Decided]:
        return self._on[type(fact)](state, fact, at)

    def apply(self, state: Ledger, decision: MatchDecision) -> None:
        match decision:
            case ApplicationEntered():  # alone, as nearly every decision is one
                state.put(decision.row)
            case ApplicationMoved() | OfferMade() | OfferClosed():
                state.put(decision.row)
            case JobListed():
                book = state.open_book(decision.job.job)
                book.list_job(decision.job)
                book.held_back.clear()
            case ApplicationHeld():
                held_back = state.open_book(decision.made.job).held_back
                if decision.left:
                    held_back.pop(decision.made.person.candidate, None)
                else:
                    held_back[decision.made.person.candidate] = decision.made
            case InterestNoted():
                state.open_book(decision.job).interests[decision.candidate] = decision.interested
            case ApplicationRefused() | OfferRefused() | LineMoved() | Noted():
                pass

    def overdue(self, state: Ledger, now: int) -> list[Due]:
        return state.overdue(now)

    def deadline(self, due: Due) -> bytes:
        return encode(DeadlinePassed(job=due.key, candidate=due.entity, due=due.due))

    # ------------------------------------------------------------ people come and go

    def _made(self, state: Ledger, fact: ApplicationMade, at: int) -> Iterable[Decided]:
        book = state.book(fact.job)
        if book.prepared is None:
            return (Decided(fact.job, ApplicationHeld(made=fact, at=at)),)
        old = book.rows.get(fact.person.candidate)
        if old is not None and (fact.revision <= old.revision or old.state not in ENDS):
            return (_noted(fact.job, at, "applied-before"),)
        if old is not None and "submitted" not in MOVES[old.state]:
            return (Decided(fact.job, _turned_away(fact, old.state, at)),)
        return (self._enter(book, book.prepared, fact, at),)

    def _enter(self, book: Book, prepared: PreparedJob, fact: ApplicationMade, at: int) -> Decided:
        """Score an application, and say where that takes it. The hot path of the whole system: about 5 µs."""
        person = fact.person
        profile, consent, candidate = person.profile, person.consent, person.candidate
        letters = verdicts(profile, prepared, day_of(at))
        fit_points: tuple[int, ...] = ()
        appeal_points: tuple[int, ...] = ()
        if consent.ranking:
            fit_points, appeal_points = fit(profile, prepared), appeal(profile, prepared)
        interested = book.interests.get(candidate) if book.interests else None
        state: ApplicationState
        place, due = None, 0
        if interested is False:
            state = "rejected"
        elif "F" in letters or not consent.employers:
            state = "submitted"
        elif not (prepared.job.auto_match or interested):
            state = "reviewing"
        elif book.line or not book.slot_free:
            state, place = "waitlisted", len(book.line) + 1
        else:
            state, due = "matched", at + MATCH_LASTS_MS
        row = Row(  # by position, as keywords cost a microsecond
            fact.application,
            fact.job,
            fact.fair,
            candidate,
            person.holder,
            person.mask,
            state,
            RULES,
            letters,
            sum(fit_points),
            fit_points,
            sum(appeal_points),
            appeal_points,
            book.seq + 1,
            consent.host,
            consent.employers,
            "U" in letters and state in _WITH_PROOFS,
            place,
            due,
            "",
            fact.revision,
            consent.ranking,
            fact.open_to_any,
            person.source,
            person.since,
        )
        return Decided(fact.job, ApplicationEntered(row, book.counts_with(candidate, state), at=at))

    def _left(self, state: Ledger, fact: ApplicationLeft, at: int) -> Iterator[Decided]:
        book = state.book(fact.job)
        held_back = book.held_back.get(fact.candidate)
        row = book.rows.get(fact.candidate)
        if held_back is not None:
            yield Decided(fact.job, ApplicationHeld(made=held_back, left=True, at=at))
            return
        if row is None or row.state in ENDS:
            yield _noted(fact.job, at, "not-open")
            return
        to: ApplicationState = "withdrawn" if "withdrawn" in MOVES[row.state] else "fell_through"
        if to not in MOVES[row.state]:
            yield _noted(fact.job, at, "too-late")
            return
        yield from self._vacate(book, row, to, "accepted-elsewhere" if fact.released else "left", at)

    def _vacate(self, book: Book, row: Row, to: ApplicationState, reason: str, at: int) -> Iterator[Decided]:
        """End an application; its offer ends with it, and what it held goes to the next in line."""
        place = book.place_of(row.seq) if row.state == "waitlisted" else None
        ended = replace(row, state=move(row.state, to), place=None, due=0, offer="")
        counts = book.counts_with(row.candidate, to)
        if row.offer:
            outcome = _OUTCOMES.get(reason, "released")
            yield Decided(
                row.job, OfferClosed(row=ended, counts=counts, offer=row.offer, outcome=outcome, reason=reason, at=at)
            )
        else:
            yield Decided(row.job, ApplicationMoved(row=ended, counts=counts, was=row.state, reason=reason, at=at))
        yield from self._promote(book, row.job, place, at)

    def _promote(self, book: Book, job: str, moved_from: int | None, at: int) -> Iterator[Decided]:
        """Give each free slot to the first in line; then tell those behind their new places."""
        while book.slot_free and (first := book.first_in_line()) is not None:
            row = replace(first, state=move(first.state, "matched"), place=None, due=at + MATCH_LASTS_MS)
            counts = book.counts_with(row.candidate, "matched")
            yield Decided(job, ApplicationMoved(row=row, counts=counts, was="waitlisted", reason="next-in-line", at=at))
            moved_from = 1
        if moved_from is not None and (line := book.line_from(moved_from, LINE_TOLD)):
            yield Decided(job, LineMoved(job=job, first=moved_from, line=line, at=at))

    # ------------------------------------------------------------ the job and its employer

    def _stated(self, state: Ledger, fact: JobStated, at: int) -> Iterator[Decided]:
        job = fact.job.job
        waiting = list(state.book(job).held_back.values())
        counts = state.book(job).counts(fact.job.seats)
        yield Decided(job, JobListed(job=fact.job, counts=counts, at=at))
        book = state.book(job)
        for made in waiting:
            yield self._enter(book, PreparedJob(fact.job), made, at)
        yield from self._promote(book, job, None, at)

    def _interest(self, state: Ledger, fact: InterestExpressed, at: int) -> Iterator[Decided]:
        book = state.book(fact.job)
        yield Decided(
            fact.job, InterestNoted(job=fact.job, candidate=fact.candidate, interested=fact.interested, at=at)
        )
        row = book.rows.get(fact.candidate)
        if row is None:
            return
        if not fact.interested and "rejected" in MOVES[row.state]:
            yield from self._vacate(book, row, "rejected", "employer-declined", at)
        elif fact.interested and row.state == "reviewing":
            to: ApplicationState = "matched" if book.slot_free and not book.line else "waitlisted"
            moved = replace(
                row,
                state=move(row.state, to),
                provisional="U" in row.verdicts,
                seq=book.seq + 1,
                place=len(book.line) + 1 if to == "waitlisted" else None,
                due=at + MATCH_LASTS_MS if to == "matched" else 0,
            )
            counts = book.counts_with(row.candidate, to)
            yield Decided(fact.job, ApplicationMoved(row=moved, counts=counts, was=row.state, reason="interest", at=at))

    def _offer(self, state: Ledger, fact: OfferRequested, at: int) -> Iterator[Decided]:
        book = state.book(fact.job)
        row = book.rows.get(fact.candidate)
        if row is not None and row.offer == fact.offer:
            yield _noted(fact.job, at, "offered-before")
        elif row is None:
            yield _refused(book, fact, None, "no-application", at)
        elif row.state not in ("matched", "interviewing"):
            yield _refused(book, fact, row, "not-matched", at)
        elif not book.seat_free:
            yield _refused(book, fact, row, "no-seat", at)
        else:
            due = at + fact.expires_s * 1000
            offered = replace(row, state=move(row.state, "offered"), due=due, offer=fact.offer)
            yield Decided(fact.job, OfferMade(row=offered, counts=book.counts_with(row.candidate, "offered"), at=at))

    # ------------------------------------------------------------ answers and deadlines

    def _answer(self, state: Ledger, fact: AnswerReserved, at: int) -> Iterator[Decided]:
        book = state.book(fact.job)
        row = book.rows.get(fact.candidate)
        open_offer = row is not None and row.state == "offered" and row.offer == fact.offer
        if row is None or not open_offer or at >= row.due or fact.refused:
            reason = fact.refused or ("lapsed" if open_offer else "not-open")
            yield _refused(book, fact, row, reason, at, to_desk=fact.accept and not fact.refused)
        elif fact.accept:
            accepted = replace(row, state=move(row.state, "accepted"), due=0, offer="")
            counts = book.counts_with(row.candidate, "accepted")
            closed = OfferClosed(row=accepted, counts=counts, offer=fact.offer, outcome="accepted", at=at)
            yield Decided(fact.job, closed)
        else:
            declined = replace(row, state=move(row.state, "withdrawn"), due=0, offer="")
            counts = book.counts_with(row.candidate, "withdrawn")
            closed = OfferClosed(
                row=declined, counts=counts, offer=fact.offer, outcome="declined", reason="declined", at=at
            )
            yield Decided(fact.job, closed)
            yield from self._promote(book, fact.job, None, at)

    def _deadline(self, state: Ledger, fact: DeadlinePassed, at: int) -> Iterator[Decided]:
        book = state.book(fact.job)
        row = book.rows.get(fact.candidate)
        if row is None or not row.due or row.due != fact.due:
            yield _noted(fact.job, at, "deadline-void")
        elif at < fact.due:
            yield _noted(fact.job, at, "deadline-early")
        else:
            yield from self._vacate(book, row, "expired", "offer-lapsed" if row.offer else "match-lapsed", at)

    # ------------------------------------------------------------ what follows

    def routes(self, decision: MatchDecision, ident: str) -> Iterable[Route]:
        speech = Speech(ident, decision.at)
        match decision:
            case ApplicationEntered(row=row, counts=counts):
                tell_application(speech, row, counts, *dict.fromkeys(("submitted", row.state)))
                if row.state == "rejected":  # the employer's word came before the person
                    speech.routes.append(_ended(row.candidate, row.job, row.state, row.revision))
            case ApplicationMoved(row=row, counts=counts):
                tell_application(speech, row, counts, row.state, reason=decision.reason)
                if row.state in ENDS and decision.reason not in ("left", "accepted-elsewhere"):
                    speech.routes.append(_ended(row.candidate, row.job, row.state, row.revision))
            case ApplicationRefused(candidate=candidate, job=job_id):
                speech.routes.append(_ended(candidate, job_id, decision.state, decision.revision))
            case OfferMade(row=row, counts=counts):
                tell_offer(speech, "offer.made", row, row.offer, expires=row.due)
                tell_application(speech, row, counts, row.state)
            case OfferClosed(row=row, counts=counts):
                self._tell_closed(speech, decision)
                tell_application(speech, row, counts, row.state, reason=decision.reason)
            case OfferRefused():
                tell_refusal(speech, decision)
                if decision.to_desk:
                    settled = AcceptanceSettled(decision.candidate, decision.job, decision.offer, False)
                    speech.routes.append(Route(CANDIDATES, decision.candidate, "acceptance.settled", encode(settled)))
            case LineMoved():
                tell_line(speech, decision.job, decision.first, decision.line)
            case JobListed(job=job):
                tell_counts(speech, job.fair, job.job, decision.counts)
            case _:
                pass
        return speech.routes

    def _tell_closed(self, speech: Speech, closed: OfferClosed) -> None:
        row = closed.row
        if closed.outcome in ("accepted", "declined"):
            tell_offer(speech, "offer.answered", row, closed.offer, accept=closed.outcome == "accepted")
        else:
            tell_offer(speech, "offer.expired", row, closed.offer)
        if closed.outcome == "accepted":
            settled = AcceptanceSettled(row.candidate, row.job, closed.offer, True, row.revision)
            speech.routes.append(Route(CANDIDATES, row.candidate, "acceptance.settled", encode(settled)))
        elif closed.outcome in ("declined", "expired") or row.state == "rejected":
            speech.routes.append(_ended(row.candidate, row.job, row.state, row.revision))


def _noted(job: str, at: int, why: str) -> Decided:
    return Decided(job, Noted(at=at, why=why))


def _turned_away(fact: ApplicationMade, state: ApplicationState, at: int) -> ApplicationRefused:
    """The table holds no way back from `state`; whether the desk knew of it when it took the person on is chance."""
    return ApplicationRefused(
        application=fact.application,
        job=fact.job,
        candidate=fact.person.candidate,
        revision=fact.revision,
        state=state,
        at=at,
    )


def _ended(candidate: str, job: str, state: ApplicationState, revision: int) -> Route:
    ended = ApplicationEnded(candidate=candidate, job=job, state=state, revision=revision)
    return Route(CANDIDATES, candidate, "application.ended", encode(ended))


def _refused(
    book: Book, fact: OfferRequested | AnswerReserved, row: Row | None, reason: str, at: int, *, to_desk: bool = False
) -> Decided:
    refused = OfferRefused(
        job=fact.job,
        fair=book.job.fair if book.job is not None else "",
        candidate=fact.candidate,
        offer=fact.offer,
        reason=reason,
        holder=row.holder if row is not None else "",
        answered=isinstance(fact, AnswerReserved),
        to_desk=to_desk,
        to_host=row is not None and row.to_host,
        to_employer=row is not None and row.to_employer,
        at=at,
    )
    return Decided(fact.job, refused)
