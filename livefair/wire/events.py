"""The events that channels carry: each type once, with its data, its class, its channels and the row it replaces.

An event is `{"id","type","time","data"}`; `time` is Unix ms by the broker's clock. A person appears by a mask only. A
type that is not in EVENTS cannot be said: the projection takes its class from there, the AsyncAPI document all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec

from livefair.domain.applications import ApplicationState
from livefair.domain.fairs import FairState
from livefair.domain.jobs import Job
from livefair.domain.rules import NamedPoints, NamedVerdict
from livefair.wire.channels import ChannelKind
from livefair.wire.feed import Class


def _list_of(row: Any) -> msgspec.Meta:
    """The schema of JSON that the rules have ready made: a list of such rows."""
    return msgspec.Meta(extra_json_schema={"type": "array", "items": msgspec.json.schema(row)["$defs"][row.__name__]})


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
    filters: Annotated[msgspec.Raw, _list_of(NamedVerdict)]
    explanation: Annotated[msgspec.Raw, _list_of(NamedPoints)]
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


class FairCountersData(msgspec.Struct):
    """`fair.counters`: a fair's people and seats, over all its jobs. No figure in it is about one person.

    `signups` counts sign-ups taken on; `matched` who holds an interview slot or a seat now; `waiting` who stands in a
    line; `looking` who is open to any job while none has room for them.
    """

    fair: str
    signups: int = 0
    applications: int = 0
    matched: int = 0
    seats_left: int = 0
    waiting: int = 0
    looking: int = 0


class FunnelData(msgspec.Struct, frozen=True, gc=False):
    """One source: how many of its sign-ups were taken on (`signed_up`), of its applications made (`applied`), and how
    many times one came to each state. An application made again after a withdrawal counts again."""

    source: str
    reached: dict[str, int]


class BucketData(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Sign-ups in the time from `start` (Unix ms, the broker's clock) on."""

    start: int
    signups: int


class AnswersData(msgspec.Struct, frozen=True, gc=False):
    """Times from asking to the first answer (matched, waitlisted or rejected): `counts` has one number for each bound
    (at most so many ms, and more than the bound before), and one for all above; `sum_ms` is all of them together."""

    bounds_ms: tuple[int, ...]
    counts: tuple[int, ...]
    sum_ms: int


class InsightData(msgspec.Struct, frozen=True, gc=False):
    """`fair.insight`: what a host sees of the fair as a whole. Empty minutes and hours are left out.

    `minutes` are those of the last two hours with sign-ups, `hours` of the last 31 days; `through` names, for each
    partition of a decision log, the last step that is counted.
    """

    fair: str
    funnel: tuple[FunnelData, ...]
    minutes: tuple[BucketData, ...]
    hours: tuple[BucketData, ...]
    answers: AnswersData
    through: dict[str, str]


class UnmetData(msgspec.Struct):
    """`fair.unmet`: one region, occupation and level (0: none asked for) of the fair's jobs: the seats that are open,
    against the applications that wait in line and those that fail a filter."""

    fair: str
    region: str
    occupation: str
    level: int
    jobs: int = 0
    seats_open: int = 0
    waiting: int = 0
    failing: int = 0


class Event(msgspec.Struct, frozen=True, gc=False):
    """What a gateway pushes."""

    id: str
    type: str
    time: int
    data: Any


class Pushed(NamedTuple):
    """One type of event. `entity` is the row of the view that it replaces, ids as `{field}` of its data; "": no row."""

    says: str
    data: type[msgspec.Struct]
    class_: Class
    channels: tuple[ChannelKind, ...]
    entity: str = ""


_PUBLIC: tuple[ChannelKind, ...] = ("fair", "host", "job")
_CONCERNED: tuple[ChannelKind, ...] = ("host", "job", "candidate")
"""Host and employer only where the person has consented to it."""

_STATES: Mapping[ApplicationState, str] = {
    "submitted": "The application came in.",
    "waitlisted": "It waits in the job's line, at `place`.",
    "reviewing": "It waits for the employer's word.",
    "matched": "It holds an interview slot; `provisional` where the facts in `proofs` are still due.",
    "interviewing": "They talk with each other.",
    "offered": "An offer is open.",
    "accepted": "The person has accepted the offer.",
    "placed": "The seat is theirs.",
    "arrived": "The person has come to work.",
    "trial": "The trial runs.",
    "completed": "It went well.",
    "withdrawn": "The person has left it, or took another seat.",
    "rejected": "A filter failed, or the employer is not interested; `reason` says which.",
    "expired": "A match or an offer has lapsed.",
    "fell_through": "It came to nothing after the acceptance.",
    "no_show": "The person did not come.",
    "left_early": "The person left.",
    "ended_by_employer": "The employer ended it.",
}

EVENTS: Mapping[str, Pushed] = {
    "fair.changed": Pushed("The fair as it stands, whole.", FairData, "latest", ("fair", "host"), "fair"),
    "job.pinned": Pushed("The host shows another job, or none.", PinData, "latest", ("fair", "host"), "pin"),
    "job.opened": Pushed("A job of the fair, whole.", Job, "latest", _PUBLIC, "job/{job}"),
    "job.changed": Pushed("The job as it stands now, whole.", Job, "latest", _PUBLIC, "job/{job}"),
    "job.counters": Pushed("One job's seats and people.", CountersData, "latest", _PUBLIC, "counters/{job}"),
    **{
        f"application.{state}": Pushed(says, ApplicationData, "must", _CONCERNED, "application/{application}")
        for state, says in _STATES.items()
    },
    "offer.made": Pushed("A seat is offered until `expires`.", OfferData, "must", _CONCERNED, "offer/{offer}"),
    "offer.answered": Pushed("The person said yes or no.", OfferData, "must", _CONCERNED, "offer/{offer}"),
    "offer.expired": Pushed("Nobody answered in time, or it was void.", OfferData, "must", _CONCERNED, "offer/{offer}"),
    "offer.refused": Pushed("The offer, or the answer to it, cannot stand: `reason`.", OfferData, "must", _CONCERNED),
    "line.moved": Pushed("A new place in a job's waiting line.", LineData, "latest", ("candidate",), "line/{job}"),
    "candidate.registered": Pushed(
        "A person's first sign-up was taken on.", RegisteredData, "latest", ("candidate",), "person"
    ),
    "fair.counters": Pushed(
        "People and seats of the whole fair, about every second while they change.",
        FairCountersData,
        "latest",
        ("fair", "host"),
        "counters",
    ),
    "fair.insight": Pushed(
        "Sign-ups by source and time, and the time to the first answer.", InsightData, "latest", ("host",), "insight"
    ),
    "fair.unmet": Pushed(
        "Seats open against people who wait or fail, for one region, occupation and level.",
        UnmetData,
        "latest",
        ("host",),
        "unmet/{region}/{occupation}/{level}",
    ),
    "contact.read": Pushed("An employer was shown the person's contact.", ContactData, "must", ("candidate",)),
}
