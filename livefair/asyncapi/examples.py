"""An example of all that goes over the websocket: commands as clients write them, replies as a session says them.

The people and fairs in them are invented; the arithmetic is that of the rules.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from livefair.domain.applications import ApplicationState
from livefair.domain.jobs import Job
from livefair.domain.pay import PayBand
from livefair.domain.rules import RULES, points_json, proofs_due, verdicts_json
from livefair.wire.codec import encode
from livefair.wire.events import (
    EVENTS,
    AnswersData,
    ApplicationData,
    BucketData,
    ContactData,
    CountersData,
    Event,
    FairCountersData,
    FairData,
    FunnelData,
    InsightData,
    LineData,
    OfferData,
    PinData,
    RegisteredData,
    UnmetData,
)
from livefair.wire.feed import Publication
from livefair.wire.session import NO_SUCH_CHANNEL, Answer, Session, push

FAIR, JOB, CANDIDATE, HOLDER = "f3h8n2", "j7kq4w", "c5m9tx", "h2vd6r"
APPLICATION, OFFER, REGION = "a9wz3c", "o4yb7e", "140221"
NOW = 1_795_519_800_000
DAY_MS = 86_400_000
EPOCH = "9f86d081884c7d65"

CHANNEL_IDS = {"fair": FAIR, "job": JOB, "candidate": CANDIDATE, "region": REGION}
"""A value for each parameter of a channel's address."""

COMMANDS: dict[str, dict[str, Any]] = {
    "connect": {"id": 1, "connect": {"token": "eyJhbGciOi…", "client": "web/1"}},
    "subscribe": {"id": 2, "subscribe": {"channel": f"fair:{FAIR}:host", "since": {"epoch": EPOCH, "offset": 120}}},
    "unsubscribe": {"id": 3, "unsubscribe": {"channel": f"fair:{FAIR}:host"}},
    "presence": {"id": 4, "presence": {"channel": f"fair:{FAIR}"}},
    "ack": {"ack": {"channel": f"candidate:{CANDIDATE}", "offset": 77}},
}

_APPLIED = ApplicationData(
    application=APPLICATION,
    job=JOB,
    fair=FAIR,
    candidate=CANDIDATE,
    name="张*",
    state="submitted",
    score=7150,
    filters=verdicts_json(RULES, "PPUPPPPP"),
    explanation=points_json(RULES, "fit", (3500, 1250, 1500, 400, 0, 500)),
)
_OFFERED = OfferData(OFFER, APPLICATION, JOB, FAIR, CANDIDATE, expires=NOW + DAY_MS)
_JOB = Job(
    job=JOB,
    fair=FAIR,
    title="住家育儿嫂",
    employer="e1",
    occupation="4-10-01-06",
    region="110105",
    pay=PayBand("month", 8000, 10000),
    mode="live-in",
    seats=2,
    skills=("infant-care",),
    min_level=5,
    lodging="live-in",
    health_certificate=True,
)
_SHOWN: dict[str, msgspec.Struct] = {
    "fair.changed": FairData(FAIR, "晋京家政直播招聘会", "李主播", "2026-11-24T19:30:00+08:00", "live", JOB),
    "job.pinned": PinData(FAIR, JOB),
    "job.opened": _JOB,
    "job.changed": msgspec.structs.replace(_JOB, seats=3),
    "job.counters": CountersData(FAIR, JOB, 2, 1, 1, 34, 2, 31),
    "fair.counters": FairCountersData(
        FAIR, signups=412, applications=655, matched=38, seats_left=17, waiting=96, looking=4
    ),
    "fair.insight": InsightData(
        FAIR,
        (FunnelData("kuaishou", {"signed_up": 301, "applied": 480, "matched": 29, "waitlisted": 71, "offered": 6}),),
        (BucketData(NOW - 60_000, 33), BucketData(NOW, 12)),
        (BucketData(NOW - NOW % 3_600_000, 412),),
        AnswersData((100, 1_000), (388, 20, 4), 31_240),
        {"d3": "411.2", "m3": "4211.0"},
    ),
    "fair.unmet": UnmetData(FAIR, "110105", "4-10-01-06", 5, jobs=3, seats_open=1, waiting=31, failing=8),
    "line.moved": LineData(APPLICATION, JOB, 3),
    "candidate.registered": RegisteredData(CANDIDATE, HOLDER, 4211),
    "contact.read": ContactData(JOB, "e1"),
    "offer.made": _OFFERED,
    "offer.answered": msgspec.structs.replace(_OFFERED, expires=0, accept=True),
    "offer.expired": msgspec.structs.replace(_OFFERED, expires=0),
    "offer.refused": msgspec.structs.replace(_OFFERED, expires=0, reason="no-seat"),
}


def _application(state: ApplicationState) -> ApplicationData:
    more: dict[str, Any] = {}
    if state == "waitlisted":
        more = {"place": 3}
    elif state == "matched":
        more = {"provisional": True, "proofs": proofs_due(RULES, "PPUPPPPP")}
    return msgspec.structs.replace(_APPLIED, state=state, **more)


def event(kind: str) -> dict[str, Any]:
    """One event of a type, as it is pushed."""
    family, _, state = kind.partition(".")
    data = _application(state) if family == "application" else _SHOWN[kind]  # type: ignore[arg-type]  # as EVENTS has it
    found: dict[str, Any] = orjson.loads(encode(Event("m3-4211-0-1", kind, NOW, data)))
    return found


def pushed(kind: str, channel: str) -> dict[str, Any]:
    """The push of one event on a channel, byte for byte as a gateway makes it."""
    found: dict[str, Any] = orjson.loads(push(channel, 140, 131, EVENTS[kind].class_, encode(event(kind))))
    return found


def replies() -> dict[str, dict[str, Any]]:
    """Each reply, said by a session."""
    session, host, own = Session(), f"fair:{FAIR}:host", f"candidate:{CANDIDATE}"
    missed = Publication(131, 120, "must", msgspec.Raw(encode(event("application.submitted"))))
    said = {
        "connected": session.accept(1, None, "5b1f0c9a7e32d846", NOW),
        "subscribed": session.subscribed(2, host, EPOCH, 131, True, [missed]),
        "unsubscribed": session.unsubscribed(3, host),
        "presence": session.present(4, f"fair:{FAIR}", 812),
        "acked": session.acknowledged(5, own, 77),
        "error": session.refuse(9, NO_SUCH_CHANNEL),
    }
    found = {name: orjson.loads(answer.data) for name, answer in said.items() if isinstance(answer, Answer)}
    return found | {"push": pushed("application.matched", host)}
