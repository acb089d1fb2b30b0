"""The bodies of the HTTP calls, in and out: their fields, bounds and words in the OpenAPI document.

A field that is not here is refused, and no value is bent into another type. What a code means is checked afterwards,
against the tables.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from livefair.domain.fairs import FairState
from livefair.domain.jobs import EmploymentModel, Insurance, Lodging
from livefair.domain.pay import PayUnit
from livefair.domain.people import Mode

Code = Annotated[str, Field(min_length=1, max_length=40)]
ID_PATTERN = r"^[a-z0-9-]+$"
NAME_PATTERN = r"^[^\s/:]+$"
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=ID_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=100)]
Yuan = Annotated[int, Field(ge=1, le=1_000_000)]
Day = Annotated[dt.date, Field(ge=dt.date(1950, 1, 1), le=dt.date(2199, 12, 31))]
Level = Annotated[int, Field(ge=1, le=5, description="5 (lowest) to 1")]

SIGN_UP_EXAMPLE: dict[str, Any] = {
    "candidate": {
        "name": "张丽",
        "phone": "+8613800138000",
        "region": "140221",
        "occupations": ["4-10-01-06"],
        "skills": ["infant-care", "cooking"],
        "level": 4,
        "experience_years": 5,
        "pay_min": {"unit": "month", "amount": 8000},
        "provinces": ["11", "12"],
        "modes": ["live-in", "day"],
        "languages": ["zh", "cjy"],
        "start": "2026-12-01",
        "health_certificate_until": "2027-05-01",
    },
    "jobs": [],
    "consent": {"host": True, "employers": True, "ranking": True, "sensitive": True},
    "source": {"channel": "kuaishou", "id": "v-123"},
}
JOB_EXAMPLE: dict[str, Any] = {
    "title": "住家育儿嫂",
    "employer": "e1",
    "occupation": "4-10-01-06",
    "skills": ["infant-care"],
    "min_level": 5,
    "seats": 2,
    "pay": {"unit": "month", "min": 8000, "max": 10000},
    "region": "110105",
    "mode": "live-in",
    "lodging": "live-in",
    "rest_days": 4,
    "languages": ["zh"],
    "interview_ratio": 1,
    "auto_match": True,
    "start_window": ["2026-11-25", "2026-12-31"],
    "employment_model": "employee",
    "insurance": "social",
    "health_certificate": True,
}


class Body(BaseModel):
    """What every body keeps to."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PayFloor(Body):
    """The least that somebody would work for, whole yuan."""

    unit: PayUnit
    amount: Yuan


class CandidateIn(Body):
    """A person. Only name, phone and region are required; what is left out is unknown and blocks nothing."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    phone: Annotated[str, Field(min_length=1, max_length=40, description="E.164, or as it is dialled in China")]
    region: Annotated[Code, Field(description="GB/T 2260 code of the county, six digits")]
    occupations: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    skills: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    level: Level | None = None
    experience_years: Annotated[int, Field(ge=0, le=70)] | None = None
    pay_min: PayFloor | None = None
    provinces: Annotated[tuple[Code, ...], Field(max_length=34, description="two digits each, best first")] = ()
    modes: Annotated[tuple[Mode, ...], Field(max_length=3)] = ()
    languages: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    start: Day | None = None
    health_certificate_until: Annotated[
        Day | None, Field(description="a health fact: needs the consent `sensitive`")
    ] = None
    id_number: Annotated[
        str | None, Field(max_length=18, description="of the identity card; sealed; needs the consent `sensitive`")
    ] = None
    health: Annotated[
        str | None, Field(max_length=500, description="health facts; sealed; needs the consent `sensitive`")
    ] = None


class ConsentIn(Body):
    """Who may see the person, and whether a program may rank them. What is left out is not agreed to."""

    host: bool = False
    employers: bool = False
    ranking: bool = False
    sensitive: bool = False


class SourceIn(Body):
    """Where the sign-up came from: a channel of the tables, and the video, post or batch."""

    channel: Code = "direct"
    id: Annotated[str, Field(max_length=100)] = ""


class SignUp(Body):
    """A sign-up at a fair. `jobs` may be empty: open to any job."""

    model_config = ConfigDict(json_schema_extra={"examples": [SIGN_UP_EXAMPLE]})

    candidate: CandidateIn
    jobs: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    consent: ConsentIn
    source: SourceIn = SourceIn()


class ApplicationName(BaseModel):
    """An application and its job."""

    id: str
    job: str


class SignedUpAnswer(BaseModel):
    """A sign-up that Kafka has on all in-sync replicas. `token` reads `channel`."""

    candidate: str
    token: str
    applications: list[ApplicationName]
    channel: str


class FairIn(Body):
    """A new fair."""

    title: Text
    starts: Annotated[str, Field(max_length=40, description="RFC 3339 time", examples=["2026-11-24T19:00:00+08:00"])]
    host: Annotated[Text, Field(description="the name under which the host appears")]


class FairChange(Body):
    """A new state, another pinned job (null takes the pin away), or both."""

    state: FairState | None = None
    pinned: Id | None = None


class FairAnswer(BaseModel):
    """A fair that was created."""

    fair: str


class PayBandIn(Body):
    """What a job pays, whole yuan, from `min` to `max`."""

    unit: PayUnit
    min: Yuan
    max: Yuan


class JobIn(Body):
    """A new job of a fair. What is left out is not asked for, or unknown."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB_EXAMPLE]})

    title: Text
    employer: Annotated[str, Field(min_length=1, max_length=100, pattern=NAME_PATTERN)]
    occupation: Code
    region: Annotated[Code, Field(description="GB/T 2260 code of the county, six digits")]
    pay: PayBandIn
    mode: Mode
    seats: Annotated[int, Field(ge=1, le=10_000)] = 1
    skills: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    min_level: Level | None = None
    hours_week: Annotated[int, Field(ge=1, le=80)] | None = None
    lodging: Lodging = "none"
    rest_days: Annotated[int, Field(ge=0, le=31, description="a month")] | None = None
    languages: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    interview_ratio: Annotated[int, Field(ge=1, le=100, description="interview slots for each seat")] = 1
    auto_match: bool = True
    start_window: Annotated[tuple[Day, Day] | None, Field(description="first and last day")] = None
    employment_model: EmploymentModel | None = None
    insurance: Insurance | None = None
    health_certificate: bool = False


class JobChange(Body):
    """Other seats, or taking on people paused or resumed. A cut takes back no seat that is given."""

    seats: Annotated[int, Field(ge=1, le=10_000)] | None = None
    paused: bool | None = None


class JobAnswer(BaseModel):
    """A job that was opened."""

    job: str


class JobShown(BaseModel):
    """A job as everyone sees it."""

    model_config = ConfigDict(extra="allow")

    job: str
    fair: str
    title: str
    employer: str
    occupation: str
    region: str
    pay: PayBandIn
    mode: Mode
    seats: int
    paused: bool


class FairShown(BaseModel):
    """A fair as everyone sees it, with its jobs in the order in which they were opened."""

    fair: str
    title: str
    starts: str
    host: str
    state: FairState
    pinned: str | None
    jobs: list[JobShown]


class Nothing(Body):
    """No field at all."""


class ApplicationAnswer(BaseModel):
    """An application that was asked for."""

    application: str


class InterestIn(Body):
    """An employer's word on a person."""

    candidate: Id
    interested: bool


class InterestAnswer(BaseModel):
    """What was noted."""

    application: str
    interested: bool


class OfferIn(Body):
    """An offer of a seat, good for `expires_s` seconds."""

    candidate: Id
    expires_s: Annotated[int, Field(ge=1, le=30 * 86_400)] = 86_400


class OfferAnswer(BaseModel):
    """The offer's id. Whether a seat is left for it is decided afterwards: `offer.made` or `offer.refused`."""

    offer: str


class AnswerIn(Body):
    """A person's answer to an offer."""

    accept: bool


class AnswerAnswer(BaseModel):
    """What was answered. It stands when `offer.answered` says so; `offer.refused` says that it came too late."""

    offer: str
    accept: bool


class ApplicationShown(BaseModel):
    """An application as its reader may see it: see `application.*` in the events."""

    model_config = ConfigDict(extra="allow")

    application: str
    job: str
    fair: str
    candidate: str
    state: str
    place: int | None = None
    score: int
    explanation: list[dict[str, Any]]


class ContactShown(BaseModel):
    """The clear name and number, for this answer alone: it is not to be kept, and the reading is on record."""

    application: str
    candidate: str
    name: str
    phone: str


class Snapshot(BaseModel):
    """A channel's state up to and with `offset`: the last event of each entity. Subscribe `since` it."""

    channel: str
    epoch: str
    offset: int
    entities: dict[str, dict[str, Any]]


class FieldProblem(BaseModel):
    """One field that is wrong."""

    pointer: str
    detail: str
    code: str


class ProblemShown(BaseModel):
    """A problem as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] | None = None
