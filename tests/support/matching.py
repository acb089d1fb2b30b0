"""People and jobs for the tests of matching: one of each that fits the other, and strategies for all the rest.

The strategies draw from small sets of codes, so that what a job asks for and what a person has often meet.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import hypothesis.strategies as st
import msgspec

from livefair.domain.jobs import EmploymentModel, Insurance, Job, Lodging
from livefair.domain.pay import Pay, PayBand, PayUnit
from livefair.domain.people import Mode, Profile
from livefair.domain.prepared import PreparedJob

OCCUPATIONS = ("4-10-01-06", "4-10-01-05", "4-08-01-01", "cook")
SKILLS = ("infant-care", "cooking", "newborn-care", "elder-care", "cleaning")
LANGUAGES = ("zh", "cjy", "yue", "en")
PROVINCES = ("11", "12", "14", "31", "44", "61", "50")
DAY = dt.date(2026, 12, 1)
"""The day around which drawn dates lie."""


def person(**other: Any) -> Profile:
    """Somebody whom `job()` suits in everything, but for what `other` says."""
    profile = Profile(
        region="140221",
        occupations=("4-10-01-06",),
        skills=("infant-care", "cooking"),
        level=4,
        experience_years=5,
        pay_min=Pay("month", 8000),
        provinces=("11", "12"),
        modes=("live-in", "day"),
        languages=("zh", "cjy"),
        start=dt.date(2026, 11, 25),
        health_certificate_until=dt.date(2027, 5, 1),
    )
    return msgspec.structs.replace(profile, **other)


def job(**other: Any) -> Job:
    """A live-in job in Beijing that asks for everything a job can ask for, but for what `other` says."""
    whole = Job(
        job="j1",
        fair="f1",
        title="住家育儿嫂",
        employer="e1",
        occupation="4-10-01-06",
        region="110105",
        pay=PayBand("month", 8000, 10000),
        mode="live-in",
        seats=2,
        skills=("infant-care", "cooking"),
        min_level=4,
        lodging="live-in",
        rest_days=4,
        languages=("zh",),
        start_window=(dt.date(2026, 11, 25), dt.date(2026, 12, 31)),
        employment_model="employee",
        insurance="social",
        health_certificate=True,
    )
    return msgspec.structs.replace(whole, **other)


def prepared(**other: Any) -> PreparedJob:
    """`job(**other)`, prepared."""
    return PreparedJob(job(**other))


def _some(codes: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(codes), max_size=4).map(tuple)


UNITS = st.sampled_from(PayUnit.__args__)  # type: ignore[attr-defined]
MODES = st.sampled_from(Mode.__args__)  # type: ignore[attr-defined]
DATES = st.dates(DAY - dt.timedelta(days=50), DAY + dt.timedelta(days=50))
TODAYS = st.none() | DATES.map(dt.date.toordinal)
PAYS = st.builds(Pay, UNITS, st.integers(1, 20_000))


def profiles() -> st.SearchStrategy[Profile]:
    """Anybody, from one who says all to one who says nothing but a region."""
    return st.builds(
        Profile,
        region=st.sampled_from(PROVINCES).map(lambda province: province + "0105"),
        occupations=_some(OCCUPATIONS),
        skills=_some(SKILLS),
        level=st.none() | st.integers(1, 5),
        experience_years=st.none() | st.integers(0, 60),
        pay_min=st.none() | PAYS,
        provinces=st.lists(st.sampled_from(PROVINCES), max_size=7).map(tuple),
        modes=st.lists(MODES, max_size=3).map(tuple),
        languages=_some(LANGUAGES),
        start=st.none() | DATES,
        health_certificate_until=st.none() | DATES,
    )


def jobs() -> st.SearchStrategy[Job]:
    """Any job that the door would let in."""
    return st.builds(
        Job,
        job=st.just("j1"),
        fair=st.just("f1"),
        title=st.just("-"),
        employer=st.just("e1"),
        occupation=st.sampled_from(OCCUPATIONS),
        region=st.sampled_from(PROVINCES).map(lambda province: province + "0105"),
        pay=st.builds(
            lambda unit, ends: PayBand(unit, min(ends), max(ends)),
            UNITS,
            st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
        ),
        mode=MODES,
        skills=_some(SKILLS),
        min_level=st.none() | st.integers(1, 5),
        hours_week=st.none() | st.integers(1, 84),
        lodging=st.sampled_from(Lodging.__args__),  # type: ignore[attr-defined]
        rest_days=st.none() | st.integers(0, 31),
        languages=_some(LANGUAGES),
        start_window=st.none() | st.tuples(DATES, DATES).map(lambda days: (min(days), max(days))),
        employment_model=st.none() | st.sampled_from(EmploymentModel.__args__),  # type: ignore[attr-defined]
        insurance=st.none() | st.sampled_from(Insurance.__args__),  # type: ignore[attr-defined]
        health_certificate=st.booleans(),
    )
