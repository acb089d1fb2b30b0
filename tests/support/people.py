"""People and jobs of stories: a word says who they are, and what must never be told of them can be looked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec.structs import replace

from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.domain.pay import Pay
from livefair.domain.people import Consent, Person, Profile
from livefair.wire.facts import Sealed, SignedUp
from tests.support import matching

FAIR = "f1"
SECRETS = (b"140221", b"7771", b"2027-05-03", b"sealed-data", b"+86")
"""Marks of what no channel may be told: home region, pay floor, the health certificate's date, what is sealed."""
PROFILES: dict[str, Profile] = {
    "fits": matching.person(pay_min=Pay("month", 7771), health_certificate_until=dt.date(2027, 5, 3)),
    "fails": matching.person(pay_min=Pay("month", 7771), occupations=("cook",)),
    "unknown": Profile(region="140221", occupations=("4-10-01-06",)),
}
CONSENTS = {
    "all": Consent(host=True, employers=True, ranking=True, sensitive=True),
    "no-host": Consent(employers=True, ranking=True),
    "no-employers": Consent(host=True, ranking=True),
    "unranked": Consent(host=True, employers=True),
}


def fair(**other: Any) -> Fair:
    return replace(Fair(FAIR, "山西育儿嫂专场", "李老师", "h1", "2026-11-20T19:00:00+08:00"), **other)


def job(name: str = "j1", **other: Any) -> Job:
    return matching.job(**{"job": name, "fair": FAIR, "employer": f"e{name[1:]}", "seats": 1, **other})


def person(name: str, kind: str = "fits", consent: str = "all", holder: str = "") -> Person:
    return Person(name, f"{name}*", PROFILES[kind], CONSENTS[consent], holder)


def sign_up(
    name: str, *jobs: str, key: str = "", holder: str = "", kind: str = "fits", consent: str = "all"
) -> SignedUp:
    """A sign-up of `name`; who made it is named after the key unless a token said so."""
    key = key or f"k{name}"
    return SignedUp(
        candidate=name,
        fair=FAIR,
        key=key,
        body="b",
        issued=1_790_000_000,
        holder=holder or f"h{key}",
        mask=f"{name}*",
        profile=PROFILES[kind],
        consent=CONSENTS[consent],
        sealed=Sealed("y1", "sealed-data"),
        jobs=jobs,
    )
