"""What people say, and what one stage tells the next: the records of `fairs`, `candidates` and `jobs`.

A fact is never changed once written; a field is only ever added, with a default. The record's own
timestamp is its time, so no fact carries one that a fold could mistake for it.
"""

from __future__ import annotations

import msgspec

from livefair.domain.fairs import Fair, FairState
from livefair.domain.jobs import Job
from livefair.domain.people import Consent, Person, Profile, Source


class _Fact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type"):
    """A record whose `type` names it, as its CloudEvents `type` header does."""


# ---------------------------------------------------------------- fairs, by fair_id


class FairScheduled(_Fact, frozen=True, tag="fair.scheduled"):
    fair: Fair


class FairChanged(_Fact, frozen=True, tag="fair.changed"):
    """A new state, a new pin (`pinned` "" takes the pin away), or both; `by` is the subject who said so."""

    fair: str
    by: str
    state: FairState | None = None
    pinned: str | None = None


class JobOpened(_Fact, frozen=True, tag="job.opened"):
    job: Job
    by: str


class JobChanged(_Fact, frozen=True, tag="job.changed"):
    """Seats, or taking on people paused or resumed."""

    job: str
    fair: str
    by: str
    seats: int | None = None
    paused: bool | None = None


class OpenToAny(_Fact, frozen=True, tag="person.open"):
    """From the candidate desk: this person would take any job of the fair."""

    fair: str
    person: Person


class OpenEnded(_Fact, frozen=True, tag="person.open-ended"):
    """From the candidate desk: what was suggested has ended (`again`: suggest the next), or the person left."""

    fair: str
    candidate: str
    holder: str
    job: str
    again: bool


FairFact = FairScheduled | FairChanged | JobOpened | JobChanged | OpenToAny | OpenEnded


# ---------------------------------------------------------------- candidates, by candidate_id


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """Personal data under the person's own key: `key_id` names it in `candidate-keys`, `data` is base64url of
    the 12-byte nonce and the AES-256-GCM ciphertext, with candidate and key id as associated data."""

    key_id: str
    data: str


class SignedUp(_Fact, frozen=True, tag="person.signed-up"):
    """One sign-up. `holder` is who made it; `presented` the holder whose token came with it, if any.

    `key` and `body` are the Idempotency-Key and the keyed hash of the body; `issued` is the Unix time (s)
    at which its token was made, so that a repeat is answered with the very same token.
    """

    candidate: str
    fair: str
    key: str
    body: str
    issued: int
    holder: str
    mask: str
    profile: Profile
    consent: Consent
    sealed: Sealed
    jobs: tuple[str, ...] = ()
    presented: str = ""
    source: Source = Source()
    tables: str = ""
    by: str = ""


class Applied(_Fact, frozen=True, tag="person.applied"):
    """A person who has signed up asks for one more job of the fair. `key` is the keyed hash of the Idempotency-Key."""

    candidate: str
    fair: str
    job: str
    holder: str
    key: str = ""


class Withdrawn(_Fact, frozen=True, tag="application.withdrawn"):
    candidate: str
    job: str
    holder: str


class OfferAnswered(_Fact, frozen=True, tag="offer.answered"):
    candidate: str
    job: str
    offer: str
    holder: str
    accept: bool


class Suggested(_Fact, frozen=True, tag="job.suggested"):
    """From the fair desk: the next best job for a person who is open to any. `holder` as in `Person`."""

    candidate: str
    fair: str
    job: str
    holder: str


class AcceptanceSettled(_Fact, frozen=True, tag="acceptance.settled"):
    """From the seat ledger: the acceptance that the desk reserved is confirmed (for that revision), or refused."""

    candidate: str
    job: str
    offer: str
    confirmed: bool
    revision: int = 1


class ApplicationEnded(_Fact, frozen=True, tag="application.ended"):
    """From the seat ledger: a revision of an application has ended, or was never taken on, whoever ended it."""

    candidate: str
    job: str
    state: str
    revision: int = 1


class ContactRead(_Fact, frozen=True, tag="contact.read"):
    """The audit record of an unsealing: written, and acknowledged, before the contact is shown."""

    candidate: str
    job: str
    by: str


CandidateFact = (
    SignedUp | Applied | Withdrawn | OfferAnswered | Suggested | AcceptanceSettled | ApplicationEnded | ContactRead
)


# ---------------------------------------------------------------- jobs, by job_id


class JobStated(_Fact, frozen=True, tag="job.stated"):
    """From the fair desk: the job as it stands now, whole."""

    job: Job


class ApplicationMade(_Fact, frozen=True, tag="application.made"):
    """From the candidate desk: a person applied, with the facts as they are now. `revision` counts from 1."""

    application: str
    job: str
    fair: str
    person: Person
    revision: int = 1
    open_to_any: bool = False


class ApplicationLeft(_Fact, frozen=True, tag="application.left"):
    """From the candidate desk: the person withdrew, or was `released` because another seat was accepted."""

    application: str
    job: str
    candidate: str
    released: bool = False


class InterestExpressed(_Fact, frozen=True, tag="interest.expressed"):
    """The employer's word on a person: interested, or not."""

    job: str
    candidate: str
    interested: bool
    by: str


class OfferRequested(_Fact, frozen=True, tag="offer.requested"):
    """The employer offers a seat; the door named the offer, the ledger decides. It runs for `expires_s` seconds."""

    job: str
    candidate: str
    offer: str
    expires_s: int
    by: str


class AnswerReserved(_Fact, frozen=True, tag="answer.reserved"):
    """From the candidate desk: the person's answer. An acceptance is reserved there until the ledger confirms it, or is
    `refused` there already, with a code: only the ledger tells people."""

    job: str
    candidate: str
    offer: str
    accept: bool
    refused: str = ""


class DeadlinePassed(_Fact, frozen=True, tag="deadline.passed"):
    """From the partition's owner: a row's deadline has passed. Void where the record is older than `due` (Unix ms)."""

    job: str
    candidate: str
    due: int


JobFact = (
    JobStated | ApplicationMade | ApplicationLeft | InterestExpressed | OfferRequested | AnswerReserved | DeadlinePassed
)
