"""A job as the filters and scores read it: everything that depends on the job alone, computed once for each change.

The rule: nothing here knows a person, and nothing in `filters` or `scores` works out again what stands here.
Points are basis points, rounded towards zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from livefair.domain.jobs import EmploymentModel, Insurance, Job, Lodging
from livefair.domain.pay import PayUnit, yearly_fen
from livefair.domain.rules import APPEAL_TERMS, FIT_TERMS

FIT: Final = {term.code: term.weight for term in FIT_TERMS}
APPEAL: Final = {term.code: term.weight for term in APPEAL_TERMS}
"""The most points of each term, by its code."""

FULL_REST_DAYS = 8
"""Rest days a month that leave nothing to wish for: every weekend."""
FULL_HOURS, NO_HOURS = 40, 60
"""Hours a week: from the first down all points, from the second up none. 40 is the standard week of the State
Council's rules on working hours (1995, article 3)."""

LODGING_SHARE: Final[Mapping[Lodging, int]] = {"live-in": 100, "couple": 100, "dormitory": 50, "none": 0}
"""Percent of the term `lodging`: a bed in a shared room is half of a room."""
EMPLOYMENT_SHARE: Final[Mapping[EmploymentModel, int]] = {"employee": 50, "agency": 20, "direct": 20}
"""Percent of the term `contract`: only an employee has a labour contract."""
INSURANCE_SHARE: Final[Mapping[Insurance, int]] = {"social": 50, "injury": 30, "accident": 20, "none": 0}
"""Percent of the term `contract`, in the order of the code table: strongest first."""

_UNITS: tuple[PayUnit, ...] = ("month", "26-days", "day", "hour")


def shares(weight: int, parts: int) -> tuple[int, ...]:
    """The points of 0, 1 … `parts` parts out of `parts`; where there are none to cover, all the weight."""
    return tuple(weight * part // parts for part in range(parts + 1)) if parts else (weight,)


def verified_points(job: Job) -> int:
    """`verified`: the share of the claims that the job requires (level, health certificate) which are verified.

    A profile says what the person states of themselves and carries no issuer, so no claim counts as verified; a
    job that requires none leaves nothing to verify.
    """
    return 0 if job.min_level is not None or job.health_certificate else FIT["verified"]


def rest_points(job: Job) -> int:
    """`rest`: rest days a month out of 8, and hours a week from 40 (all) to 60 (none); the mean of what is stated."""
    stated: list[tuple[int, int]] = []
    if job.rest_days is not None:
        stated.append((min(max(job.rest_days, 0), FULL_REST_DAYS), FULL_REST_DAYS))
    if job.hours_week is not None:
        spare = min(max(NO_HOURS - job.hours_week, 0), NO_HOURS - FULL_HOURS)
        stated.append((spare, NO_HOURS - FULL_HOURS))
    return sum(APPEAL["rest"] * have // (full * len(stated)) for have, full in stated)


def lodging_points(job: Job) -> int:
    """`lodging`: what the employer gives to live in; `LODGING_SHARE`."""
    return APPEAL["lodging"] * LODGING_SHARE[job.lodging] // 100


def contract_points(job: Job) -> int:
    """`contract`: who employs, and the insurance; each up to half, and nothing for what is not stated."""
    employment = EMPLOYMENT_SHARE[job.employment_model] if job.employment_model else 0
    insurance = INSURANCE_SHARE[job.insurance] if job.insurance else 0
    return APPEAL["contract"] * (employment + insurance) // 100


def similar_prefix(occupation: str) -> str:
    """What the codes of similar care begin with: the minor group (小类) that the occupation's code stands in.

    The classification's codes have four parts, the last of which counts within the minor group: 4-10-01-06 and
    4-10-01-05 are both care (4-10-01). "" where the code has no group.
    """
    group, dash, _ = occupation.rpartition("-")
    return group + dash


class PreparedJob:
    """One job, ready to be compared. Dates stay dates, or are days (proleptic ordinals); pay is fen per year."""

    __slots__ = (
        "contract",
        "first",
        "first_day",
        "health_certificate",
        "high",
        "job",
        "language_points",
        "languages",
        "last",
        "last_day",
        "lodging",
        "low",
        "min_level",
        "mode",
        "occupation",
        "province",
        "required_languages",
        "rest",
        "similar",
        "skill_points",
        "skills",
        "verified",
        "yearly",
    )

    def __init__(self, job: Job) -> None:
        self.job = job
        self.occupation = job.occupation
        self.similar = similar_prefix(job.occupation)
        self.min_level = job.min_level
        self.health_certificate = job.health_certificate
        self.province = job.region[:2]
        self.mode = job.mode
        self.skills = frozenset(job.skills)
        self.skill_points = shares(FIT["skills"], len(self.skills))
        self.languages = frozenset(job.languages)
        self.required_languages = tuple(sorted(self.languages))
        self.language_points = shares(FIT["language"], len(self.languages))
        self.first: dt.date | None = None
        self.last: dt.date | None = None
        self.first_day = self.last_day = 0
        if job.start_window is not None:
            self.first, self.last = job.start_window
            self.first_day, self.last_day = self.first.toordinal(), self.last.toordinal()
        self.yearly: Mapping[str, int] = {unit: yearly_fen(unit, job.hours_week) for unit in _UNITS}
        self.low = job.pay.min * self.yearly[job.pay.unit]
        self.high = job.pay.max * self.yearly[job.pay.unit]
        self.verified = verified_points(job)
        self.rest = rest_points(job)
        self.lodging = lodging_points(job)
        self.contract = contract_points(job)
