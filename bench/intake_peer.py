"""The peer of intake: FastAPI on uvicorn, written as its users plainly write it, for the same sign-up.

Checked with pydantic, three fields sealed with AES-GCM, ids by HMAC, one record in Kafka on all in-sync replicas, 202.
It leaves out what intake does besides: codes of the tables, fair and jobs, Idempotency-Keys, limits, tokens, metrics.
Usage: KAFKA=host:port uvicorn bench.intake_peer:app
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from aiokafka import AIOKafkaProducer
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Header
from pydantic import BaseModel, ConfigDict, Field

TOPIC = "peer-sign-ups"
KEY, SECRET = AESGCM(AESGCM.generate_key(256)), os.urandom(32)

Code = Annotated[str, Field(min_length=1, max_length=40)]


class PayFloor(BaseModel):
    model_config = ConfigDict(extra="forbid")
    unit: Literal["month", "26-days", "day", "hour"]
    amount: Annotated[int, Field(ge=1, le=1_000_000)]


class Candidate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=40)]
    phone: Annotated[str, Field(min_length=1, max_length=40)]
    region: Code
    occupations: Annotated[list[Code], Field(max_length=20)] = []
    skills: Annotated[list[Code], Field(max_length=40)] = []
    level: Annotated[int, Field(ge=1, le=5)] | None = None
    experience_years: Annotated[int, Field(ge=0, le=70)] | None = None
    pay_min: PayFloor | None = None
    provinces: Annotated[list[Code], Field(max_length=34)] = []
    modes: Annotated[list[Literal["live-in", "day", "hourly"]], Field(max_length=3)] = []
    languages: Annotated[list[Code], Field(max_length=20)] = []
    start: dt.date | None = None
    health_certificate_until: dt.date | None = None


class Consent(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: bool = False
    employers: bool = False
    ranking: bool = False
    sensitive: bool = False


class Source(BaseModel):
    model_config = ConfigDict(extra="forbid")
    channel: Code = "direct"
    id: Annotated[str, Field(max_length=100)] = ""


class SignUp(BaseModel):
    model_config = ConfigDict(extra="forbid")
    candidate: Candidate
    jobs: Annotated[list[str], Field(max_length=20)] = []
    consent: Consent
    source: Source = Source()


class Application(BaseModel):
    id: str
    job: str


class SignedUp(BaseModel):
    candidate: str
    applications: list[Application]


class Sealed(BaseModel):
    name: str
    phone: str
    health_certificate_until: str


class Record(BaseModel):
    """What goes into Kafka."""

    candidate: str
    fair: str
    key: str
    sealed: Sealed
    said: SignUp


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The producer, as long as the application runs."""
    async with AIOKafkaProducer(bootstrap_servers=os.environ["KAFKA"], acks="all", enable_idempotence=True) as producer:
        app.state.producer = producer
        yield


app = FastAPI(lifespan=lifespan)


def seal(text: str, owner: str) -> str:
    """A field, sealed for its person."""
    nonce = os.urandom(12)
    return base64.b64encode(nonce + KEY.encrypt(nonce, text.encode(), owner.encode())).decode()


def hashed(*parts: str) -> str:
    """An id that tells nothing of what it is made of."""
    return hmac.new(SECRET, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:20]


@app.get("/readyz")
async def ready() -> dict[str, bool]:
    """The producer is connected once this answers."""
    return {"ready": True}


@app.post("/v1/fairs/{fair}/signups", status_code=202)
async def sign_up(fair: str, body: SignUp, idempotency_key: Annotated[str, Header()]) -> SignedUp:
    """A sign-up."""
    person = body.candidate
    candidate = "c" + hashed(person.phone, person.name)
    sealed = Sealed(
        name=seal(person.name, candidate),
        phone=seal(person.phone, candidate),
        health_certificate_until=seal(str(person.health_certificate_until or ""), candidate),
    )
    record = Record(candidate=candidate, fair=fair, key=hashed(fair, idempotency_key), sealed=sealed, said=body)
    value = record.model_dump_json(exclude={"said": {"candidate": {"name", "phone", "health_certificate_until"}}})
    await app.state.producer.send_and_wait(TOPIC, value.encode(), key=candidate.encode())
    applications = [Application(id="a" + hashed(candidate, job), job=job) for job in body.jobs]
    return SignedUp(candidate=candidate, applications=applications)
