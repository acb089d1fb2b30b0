"""What was decided: the records of `fair-decisions`, `desk-decisions` and `matches`.

A decision carries all that its readers need, so that nobody has to look elsewhere; `at` is the time
of its input record (Unix ms, the broker's clock). State is what applying these in order gives, and only that.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from livefair.domain.applications import ApplicationState
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.domain.people import Person
from livefair.wire.facts import ApplicationMade


class _Decision(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", kw_only=True):
    """A decision; `at` is its input's time in Unix ms."""

    at: int


class Noted(_Decision, frozen=True, tag="noted"):
    """An input seen for the first time that has no effect: `why` is a code. It still leaves its position.

    `unreadable` holds the start of a record that could not be read, in base64, for `dead-letters`.
    """

    why: str
    detail: str = ""
    unreadable: str = ""


# ---------------------------------------------------------------- fair-decisions, by fair_id


class FairStated(_Decision, frozen=True, tag="fair.stated"):
    """The fair as it stands now, whole."""

    fair: Fair
    pinned_anew: bool = False


class JobStatedAnew(_Decision, frozen=True, tag="job.stated"):
    """A job opened or changed, whole."""

    job: Job
    opened: bool = False


class PersonOpened(_Decision, frozen=True, tag="person.opened"):
    """A person open to any job of the fair was taken on. A suggestion follows in its group where a job suits."""

    fair: str
    person: Person


class JobSuggested(_Decision, frozen=True, tag="job.suggested"):
    fair: str
    candidate: str
    holder: str
    job: str


class SuggestionEnded(_Decision, frozen=True, tag="suggestion.ended"):
    """What was suggested to a person has ended. With `again` they wait for the next; else they have left."""

    fair: str
    candidate: str
    holder: str
    job: str
    again: bool


FairDecision = Noted | FairStated | JobStatedAnew | PersonOpened | JobSuggested | SuggestionEnded


# ---------------------------------------------------------------- desk-decisions, by candidate_id


class PersonSignedUp(_Decision, frozen=True, tag="person.signed-up"):
    """A sign-up taken on. `holder` holds the person's token (first in the log); `by_holder` made this one.

    The sealed part and the source stay in the input record, which the position of this decision names.
    """

    candidate: str
    fair: str
    key: str
    body: str
    holder: str
    by_holder: str
    person: Person
    first: bool = False


class ApplicationApplied(_Decision, frozen=True, tag="application.applied"):
    """The person applied for a job (revision counts from 1); routed to the job's ledger."""

    application: str
    job: str
    fair: str
    person: Person
    revision: int = 1
    open_to_any: bool = False
    key: str = ""


class ApplicationWithdrawn(_Decision, frozen=True, tag="application.withdrawn"):
    """The person left an application, or was `released` from it by an acceptance elsewhere."""

    application: str
    job: str
    candidate: str
    fair: str
    holder: str = ""
    released: bool = False
    open_to_any: bool = False


class AnswerTaken(_Decision, frozen=True, tag="answer.taken"):
    """The person answered an offer. An acceptance is reserved until the ledger settles it, or `refused` with a code."""

    candidate: str
    job: str
    offer: str
    accept: bool
    refused: str = ""


class AcceptanceTaken(_Decision, frozen=True, tag="acceptance.taken"):
    """The ledger settled a reserved acceptance. Refused: the person is free again."""

    candidate: str
    job: str
    offer: str
    confirmed: bool


class ApplicationClosed(_Decision, frozen=True, tag="application.closed"):
    """An application ended (`state` "": it was not even made). If `open_to_any`, the fair desk hears of it."""

    candidate: str
    job: str
    fair: str
    state: str
    holder: str = ""
    open_to_any: bool = False
    again: bool = False


class ContactWasRead(_Decision, frozen=True, tag="contact.read"):
    candidate: str
    job: str
    by: str


class OpenAsked(_Decision, frozen=True, tag="person.open"):
    """The person is open to any job of the fair; routed to the fair desk."""

    fair: str
    person: Person


DeskDecision = (
    Noted
    | PersonSignedUp
    | ApplicationApplied
    | ApplicationWithdrawn
    | AnswerTaken
    | AcceptanceTaken
    | ApplicationClosed
    | ContactWasRead
    | OpenAsked
)


# ---------------------------------------------------------------- matches, by job_id


class Counts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One job after the decision that carries this: seats, of which held; people who applied, are matched, wait."""

    seats: int
    held: int
    applications: int
    matched: int
    waiting: int


class JobListed(_Decision, frozen=True, tag="job.listed"):
    """The ledger took the job as stated."""

    job: Job
    counts: Counts


class Row(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One application as everyone who may see it sees it; the projection leaves out what a role may not.

    `verdicts` has one letter a filter (P, F, U), in the order that `rules` names; `fit` and `appeal` are basis
    points, their points one number a term (none where the person refuses ranking). `holder` is empty where the person's
    own token made it. `seq` is the application's arrival in its job's log; `due` (Unix ms) when a match lapses or the
    open `offer` expires. `source` and `since` are the person's (`Person`): what is counted needs no look elsewhere.
    """

    application: str
    job: str
    fair: str
    candidate: str
    holder: str
    mask: str
    state: ApplicationState
    rules: str
    verdicts: str
    fit: int
    fit_points: tuple[int, ...]
    appeal: int
    appeal_points: tuple[int, ...]
    seq: int
    to_host: bool = False
    to_employer: bool = False
    provisional: bool = False
    place: int | None = None
    due: int = 0
    offer: str = ""
    revision: int = 1
    ranked: bool = True
    open_to_any: bool = False
    source: str = "direct"
    since: int = 0


class ApplicationEntered(_Decision, frozen=True, tag="application.entered"):
    """A new application, scored, and where that took it: submitted, reviewing, waitlisted or matched."""

    row: Row
    counts: Counts


class ApplicationMoved(_Decision, frozen=True, tag="application.moved"):
    """One move of the transition table. `reason` is a code where the move needs one."""

    row: Row
    counts: Counts
    was: ApplicationState
    reason: str = ""


class ApplicationHeld(_Decision, frozen=True, tag="application.held"):
    """An application that came before its job was listed here. It enters when the job does, unless it `left`."""

    made: ApplicationMade
    left: bool = False


class LineMoved(_Decision, frozen=True, tag="line.moved"):
    """The waiting line of a job after somebody left it: holders and candidates in order from place `first` on."""

    job: str
    first: int
    line: tuple[tuple[str, str], ...]


class InterestNoted(_Decision, frozen=True, tag="interest.noted"):
    """The employer's interest in a person, kept also where they have not applied yet."""

    job: str
    candidate: str
    interested: bool


class OfferMade(_Decision, frozen=True, tag="offer.made"):
    """An open offer; it holds a seat until the row's `due`."""

    row: Row
    counts: Counts


OfferOutcome = Literal["accepted", "declined", "expired", "left", "released"]


class OfferClosed(_Decision, frozen=True, tag="offer.closed"):
    """An offer answered, expired or withdrawn; `row` is the application after it."""

    row: Row
    counts: Counts
    offer: str
    outcome: OfferOutcome
    reason: str = ""


class ApplicationRefused(_Decision, frozen=True, tag="application.refused"):
    """A new revision of an application that has ended for good, in `state`: it stays so, and the desk hears of it."""

    application: str
    job: str
    candidate: str
    revision: int
    state: ApplicationState


class OfferRefused(_Decision, frozen=True, tag="offer.refused"):
    """An offer, or (`answered`) the answer to one, that cannot stand. `to_desk`: an acceptance that was reserved.

    `to_host` and `to_employer` say whether the person consented to be seen by them.
    """

    job: str
    fair: str
    candidate: str
    offer: str
    reason: str
    holder: str = ""
    answered: bool = False
    to_desk: bool = False
    to_host: bool = False
    to_employer: bool = False


MatchDecision = (
    Noted
    | JobListed
    | ApplicationEntered
    | ApplicationMoved
    | ApplicationHeld
    | ApplicationRefused
    | LineMoved
    | InterestNoted
    | OfferMade
    | OfferClosed
    | OfferRefused
)
