"""The events that channels carry: what each type's `data` holds, and how an event is put together.

An event is `{"id","type","time","data"}`; `time` is Unix ms by the broker's clock. A person appears by a mask only.
"""

from __future__ import annotations

from typing import Any

import msgspec

from livefair.domain.applications import ApplicationState
from livefair.domain.fairs import FairState


class FairData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`fair.changed`: the fair as it stands, whole."""

    fair: str
    title: str
    host: str
    starts: str
    state: FairState
    pinned: str | None = None


class PinData(msgspec.Struct, frozen=True, gc=False):
    """`job.pinned`: the job that the host shows now; null: none."""

    fair: str
    job: str | None


class CountersData(msgspec.Struct, frozen=True, gc=False):
    """`job.counters`: one job's seats and people."""

    fair: str
    job: str
    seats: int
    held: int
    seats_left: int
    applications: int
    matched: int
    waiting: int


class ApplicationData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`application.*`: one application. `score` is the fit for host and employer, the appeal for the person.

    `place` counts from 1 and is there while waitlisted; `proofs` names the facts still due of a provisional match.
    """

    application: str
    job: str
    fair: str
    candidate: str
    name: str
    state: ApplicationState
    score: int
    filters: msgspec.Raw
    explanation: msgspec.Raw
    ranked: bool = True
    place: int | None = None
    provisional: bool = False
    proofs: tuple[str, ...] = ()
    reason: str = ""
    revision: int = 1


class OfferData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`offer.*`: one offer; `expires` in Unix ms; `accept` on `offer.answered`, `reason` on `offer.refused`."""

    offer: str
    application: str
    job: str
    fair: str
    candidate: str
    expires: int = 0
    accept: bool | None = None
    reason: str = ""


class LineData(msgspec.Struct, frozen=True, gc=False):
    """`line.moved`: a person's new place in a job's waiting line, from 1."""

    application: str
    job: str
    place: int


class RegisteredData(msgspec.Struct, frozen=True, gc=False):
    """`candidate.registered`: who holds the person's token, and where the first sign-up stands in `candidates`."""

    candidate: str
    holder: str
    record: int


class ContactData(msgspec.Struct, frozen=True, gc=False):
    """`contact.read`: an employer was shown the person's contact."""

    job: str
    by: str


class Event(msgspec.Struct, frozen=True, gc=False):
    """What a gateway pushes."""

    id: str
    type: str
    time: int
    data: Any
