"""A candidate as matching sees one: facts without a name, consent, where the sign-up came from.

Nothing here identifies a person: name, phone, ID number and health facts are sealed at the door.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from livefair.domain.pay import Pay

Mode = Literal["live-in", "day", "hourly"]


class Profile(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What matching may know of a person. `None`, or empty, means unknown, and unknown never blocks.

    `level` is 5 (lowest) to 1; `region` a GB/T 2260 code, used for routing to an office and never
    for fit; `provinces` the two-digit codes where the person would work, best first.
    """

    region: str
    occupations: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    level: int | None = None
    experience_years: int | None = None
    pay_min: Pay | None = None
    provinces: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    languages: tuple[str, ...] = ()
    start: dt.date | None = None
    health_certificate_until: dt.date | None = None


class Consent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Who may see the person, and whether a program may rank them. Absent means no."""

    host: bool = False
    employers: bool = False
    ranking: bool = False
    sensitive: bool = False


class Source(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a sign-up came from: a channel of the code table and its video, post or batch id."""

    channel: str = "direct"
    id: str = ""


class Person(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What travels with an application: who, masked; the facts; the consent. No clear name, no phone.

    `holder` is empty where the person's own token made it, else the holder of the sign-up that did. `source` is the
    channel that the sign-up came from, `since` (Unix ms, 0: unknown) when the person asked.
    """

    candidate: str
    mask: str
    profile: Profile
    consent: Consent
    holder: str
    source: str = "direct"
    since: int = 0


def mask_name(name: str) -> str:
    """张丽 → 张*, 欧阳娜娜 → 欧***, Anna Lee → A***: the first letter and a star for each of up to three more."""
    name = name.strip()
    return name[:1] + "*" * max(1, min(3, len(name) - 1))
