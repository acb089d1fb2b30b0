"""Each term of the two scores by its table, in basis points."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from livefair.domain.pay import Pay, PayBand
from livefair.domain.people import Profile
from livefair.domain.rules import APPEAL_TERMS, FIT_TERMS
from livefair.domain.scores import appeal, fit
from tests.support.matching import person, prepared

OPENS, CLOSES = dt.date(2026, 11, 25), dt.date(2026, 12, 31)
ONE_DAY = dt.timedelta(days=1)


def fit_points(term: str, said: dict[str, Any], job: dict[str, Any]) -> int:
    return dict(zip((term.code for term in FIT_TERMS), fit(person(**said), prepared(**job)), strict=True))[term]


def appeal_points(term: str, said: dict[str, Any], job: dict[str, Any]) -> int:
    return dict(zip((term.code for term in APPEAL_TERMS), appeal(person(**said), prepared(**job)), strict=True))[term]


def test_all_that_can_be_had() -> None:
    easy = {"min_level": None, "health_certificate": False}
    assert fit(person(), prepared(**easy)) == tuple(term.weight for term in FIT_TERMS)
    assert appeal(person(), prepared(rest_days=8)) == tuple(term.weight for term in APPEAL_TERMS)


def test_what_is_not_known_gives_no_point() -> None:
    assert fit(Profile(region="140221"), prepared()) == (0, 0, 0, 0, 0, 0)
    bare = prepared(lodging="none", rest_days=None, employment_model=None, insurance=None)
    assert appeal(Profile(region="140221"), bare) == (0, 0, 0, 0, 0, 0)


def test_what_a_job_does_not_ask_for_is_covered() -> None:
    undemanding = prepared(skills=(), min_level=None, health_certificate=False, languages=(), start_window=None)
    assert fit(Profile(region="140221"), undemanding) == (3500, 0, 1500, 0, 1000, 500)


@pytest.mark.parametrize(
    ("term", "said", "job", "points"),
    [
        ("skills", {"skills": ("infant-care", "cooking", "cleaning")}, {}, 3500),
        ("skills", {"skills": ("cooking",)}, {}, 1750),
        ("skills", {"skills": ("cooking", "cooking")}, {}, 1750),
        ("skills", {"skills": ("cooking",)}, {"skills": ("a", "b", "cooking")}, 1166),
        ("skills", {"skills": ("b", "cooking")}, {"skills": ("a", "b", "cooking")}, 2333),
        ("skills", {"skills": ("cooking",)}, {"skills": ("cooking", "cooking", "a")}, 1750),
        ("skills", {"skills": ("cleaning",)}, {}, 0),
        ("skills", {"skills": ()}, {}, 0),
        ("experience", {"experience_years": 0}, {}, 0),
        ("experience", {"experience_years": 1}, {}, 500),
        ("experience", {"experience_years": 4}, {}, 2000),
        ("experience", {"experience_years": 5}, {}, 2500),
        ("experience", {"experience_years": 40}, {}, 2500),
        ("experience", {"experience_years": None}, {}, 0),
        ("experience", {"experience_years": -1}, {}, 0),
        # 4-10-01-05 cares for the old, 4-10-01-06 is domestic service: one minor group, 4-10-01.
        ("experience", {"experience_years": 5, "occupations": ("4-10-01-05",)}, {}, 1250),
        ("experience", {"experience_years": 5, "occupations": ("4-10-01-05", "4-10-01-06")}, {}, 2500),
        ("experience", {"experience_years": 5, "occupations": ("4-10-02-05",)}, {}, 0),
        ("experience", {"experience_years": 5, "occupations": ("4-10-011-5",)}, {}, 0),
        ("experience", {"experience_years": 5, "occupations": ()}, {}, 0),
        ("experience", {"experience_years": 5, "occupations": ("cook",)}, {"occupation": "nurse"}, 0),
        ("start", {"start": OPENS - 90 * ONE_DAY}, {}, 1500),
        ("start", {"start": OPENS}, {}, 1500),
        ("start", {"start": OPENS + ONE_DAY}, {}, 1450),
        ("start", {"start": OPENS + 6 * ONE_DAY}, {}, 1200),
        ("start", {"start": OPENS + 29 * ONE_DAY}, {}, 50),
        ("start", {"start": OPENS + 30 * ONE_DAY}, {}, 0),
        ("start", {"start": OPENS + 300 * ONE_DAY}, {}, 0),
        ("start", {"start": None}, {}, 0),
        ("start", {"start": None}, {"start_window": None}, 1500),
        ("start", {"start": CLOSES}, {"start_window": None}, 1500),
        ("schedule", {"modes": ("day", "live-in")}, {}, 1000),
        ("schedule", {"modes": ("day",)}, {}, 0),
        ("schedule", {"modes": ()}, {}, 0),
        ("verified", {}, {}, 0),
        ("verified", {}, {"min_level": None}, 0),
        ("verified", {}, {"health_certificate": False}, 0),
        ("verified", {}, {"min_level": None, "health_certificate": False}, 1000),
        ("language", {"languages": ("zh",)}, {}, 500),
        ("language", {"languages": ("zh",)}, {"languages": ("zh", "cjy", "yue")}, 166),
        ("language", {"languages": ("cjy",)}, {}, 0),
        ("language", {"languages": ()}, {}, 0),
        ("language", {"languages": ()}, {"languages": ()}, 500),
    ],
)
def test_fit(term: str, said: dict[str, Any], job: dict[str, Any], points: int) -> None:
    assert fit_points(term, said, job) == points


@pytest.mark.parametrize(
    ("term", "said", "job", "points"),
    [
        ("pay", {"pay_min": Pay("month", 7000)}, {}, 3500),
        ("pay", {"pay_min": Pay("month", 8000)}, {}, 3500),
        ("pay", {"pay_min": Pay("month", 8500)}, {}, 2625),
        ("pay", {"pay_min": Pay("month", 9999)}, {}, 1),
        ("pay", {"pay_min": Pay("month", 10000)}, {}, 0),
        ("pay", {"pay_min": Pay("month", 20000)}, {}, 0),
        ("pay", {"pay_min": Pay("month", 8000)}, {"pay": PayBand("month", 8000, 8000)}, 3500),
        ("pay", {"pay_min": Pay("month", 8001)}, {"pay": PayBand("month", 8000, 8000)}, 0),
        # 300 a day is 7800 a month, and 2200 of the band's 3000 lie above it.
        ("pay", {"pay_min": Pay("day", 300)}, {"pay": PayBand("month", 7000, 10000)}, 2566),
        ("pay", {"pay_min": None}, {}, 0),
        ("place", {"provinces": ("11", "12")}, {}, 2500),
        ("place", {"provinces": ("12", "11")}, {}, 2000),
        ("place", {"provinces": ("12", "13", "14", "15", "11")}, {}, 500),
        ("place", {"provinces": ("12", "13", "14", "15", "21", "22", "11")}, {}, 500),
        ("place", {"provinces": ("12", "11", "11")}, {}, 2000),
        ("place", {"provinces": ("14",)}, {}, 0),
        ("place", {"provinces": ()}, {}, 0),
        ("rest", {}, {"rest_days": 0}, 0),
        ("rest", {}, {"rest_days": 4}, 750),
        ("rest", {}, {"rest_days": 8}, 1500),
        ("rest", {}, {"rest_days": 31}, 1500),
        ("rest", {}, {"rest_days": None}, 0),
        ("rest", {}, {"rest_days": None, "hours_week": 20}, 1500),
        ("rest", {}, {"rest_days": None, "hours_week": 40}, 1500),
        ("rest", {}, {"rest_days": None, "hours_week": 50}, 750),
        ("rest", {}, {"rest_days": None, "hours_week": 60}, 0),
        ("rest", {}, {"rest_days": None, "hours_week": 84}, 0),
        ("rest", {}, {"rest_days": 4, "hours_week": 40}, 1125),
        ("start", {"start": OPENS}, {}, 1000),
        ("start", {"start": CLOSES}, {}, 1000),
        ("start", {"start": OPENS - ONE_DAY}, {}, 966),
        ("start", {"start": OPENS - 15 * ONE_DAY}, {}, 500),
        ("start", {"start": OPENS - 30 * ONE_DAY}, {}, 0),
        ("start", {"start": OPENS - 300 * ONE_DAY}, {}, 0),
        ("start", {"start": CLOSES + ONE_DAY}, {}, 966),
        ("start", {"start": CLOSES + 300 * ONE_DAY}, {}, 0),
        ("start", {"start": None}, {}, 0),
        ("start", {"start": None}, {"start_window": None}, 1000),
        ("lodging", {}, {"lodging": "live-in"}, 1000),
        ("lodging", {}, {"lodging": "couple"}, 1000),
        ("lodging", {}, {"lodging": "dormitory"}, 500),
        ("lodging", {}, {"lodging": "none"}, 0),
        ("contract", {}, {"employment_model": "employee", "insurance": "social"}, 500),
        ("contract", {}, {"employment_model": "employee", "insurance": None}, 250),
        ("contract", {}, {"employment_model": "agency", "insurance": "injury"}, 250),
        ("contract", {}, {"employment_model": "direct", "insurance": "accident"}, 200),
        ("contract", {}, {"employment_model": None, "insurance": "none"}, 0),
    ],
)
def test_appeal(term: str, said: dict[str, Any], job: dict[str, Any], points: int) -> None:
    assert appeal_points(term, said, job) == points
