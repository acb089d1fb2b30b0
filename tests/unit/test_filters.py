"""Each hard filter by its table: what passes, what fails, what is not known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from livefair.domain.filters import day_of, verdicts
from livefair.domain.pay import Pay, PayBand
from livefair.domain.people import Profile
from livefair.domain.rules import FILTERS
from tests.support.matching import person, prepared

OPENS, CLOSES = dt.date(2026, 11, 25), dt.date(2026, 12, 31)
ONE_DAY = dt.timedelta(days=1)
WINDOW = (OPENS, CLOSES)


def letter(code: str, profile: Profile, job: dict[str, Any], today: dt.date | None = None) -> str:
    """The letter of one filter, where all the others pass."""
    letters = verdicts(profile, prepared(**job), today.toordinal() if today else None)
    at = FILTERS.index(code)
    others = letters[:at] + letters[at + 1 :]
    assert others == "P" * (len(FILTERS) - 1) or code in ("health_certificate", "start")
    return letters[at]


def test_somebody_whom_the_job_suits_passes_every_filter() -> None:
    assert verdicts(person(), prepared()) == "PPPPPPPP"


def test_somebody_of_whom_nothing_is_known_fails_none() -> None:
    assert verdicts(Profile(region="140221"), prepared()) == "UUUUUUUU"
    assert verdicts(Profile(region="140221"), prepared(), OPENS.toordinal()) == "UUUUUUUU"


def test_what_a_job_does_not_ask_for_passes_unasked() -> None:
    undemanding = prepared(min_level=None, health_certificate=False, languages=(), start_window=None)
    assert dict(zip(FILTERS, verdicts(Profile(region="140221"), undemanding), strict=True)) == {
        "occupation": "U",
        "level": "P",
        "health_certificate": "P",
        "pay": "U",
        "province": "U",
        "mode": "U",
        "language": "P",
        "start": "P",
    }


@pytest.mark.parametrize(
    ("code", "said", "job", "expected"),
    [
        ("occupation", {"occupations": ("4-10-01-05", "4-10-01-06")}, {}, "P"),
        ("occupation", {"occupations": ("4-10-01-05",)}, {}, "F"),
        ("occupation", {"occupations": ("4-10-01",)}, {}, "F"),
        ("occupation", {"occupations": ()}, {}, "U"),
        ("level", {"level": 4}, {"min_level": 4}, "P"),
        ("level", {"level": 1}, {"min_level": 4}, "P"),
        ("level", {"level": 5}, {"min_level": 4}, "F"),
        ("level", {"level": None}, {"min_level": 5}, "U"),
        ("level", {"level": None}, {"min_level": None}, "P"),
        ("province", {"provinces": ("12", "11")}, {}, "P"),
        ("province", {"provinces": ("14",)}, {}, "F"),
        ("province", {"provinces": ("14",)}, {"region": "140221"}, "P"),
        ("province", {"provinces": ()}, {}, "U"),
        ("mode", {"modes": ("hourly", "live-in")}, {}, "P"),
        ("mode", {"modes": ("day",)}, {}, "F"),
        ("mode", {"modes": ()}, {}, "U"),
        ("language", {"languages": ("cjy", "zh")}, {"languages": ("zh", "cjy")}, "P"),
        ("language", {"languages": ("zh",)}, {"languages": ("zh", "cjy")}, "F"),
        ("language", {"languages": ("cjy",)}, {"languages": ("zh", "cjy")}, "F"),
        ("language", {"languages": ()}, {"languages": ("zh",)}, "U"),
        ("language", {"languages": ()}, {"languages": ()}, "P"),
        ("start", {"start": OPENS}, {}, "P"),
        ("start", {"start": CLOSES}, {}, "P"),
        ("start", {"start": CLOSES + ONE_DAY}, {}, "F"),
        ("start", {"start": OPENS - 90 * ONE_DAY}, {}, "P"),
        ("start", {"start": OPENS}, {"start_window": (OPENS, OPENS)}, "P"),
        ("start", {"start": OPENS + ONE_DAY}, {"start_window": (OPENS, OPENS)}, "F"),
        ("start", {"start": None}, {}, "U"),
        ("start", {"start": None}, {"start_window": None, "health_certificate": False}, "P"),
    ],
)
def test_filter(code: str, said: dict[str, Any], job: dict[str, Any], expected: str) -> None:
    assert letter(code, person(**said), job) == expected


@pytest.mark.parametrize(
    ("floor", "pay", "hours", "expected"),
    [
        (None, PayBand("month", 8000, 10000), None, "U"),
        (Pay("month", 10000), PayBand("month", 8000, 10000), None, "P"),
        (Pay("month", 10001), PayBand("month", 8000, 10000), None, "F"),
        (Pay("26-days", 10000), PayBand("month", 8000, 10000), None, "P"),
        (Pay("day", 300), PayBand("month", 7000, 7800), None, "P"),
        (Pay("day", 301), PayBand("month", 7000, 7800), None, "F"),
        (Pay("month", 7800), PayBand("day", 250, 300), None, "P"),
        (Pay("month", 7801), PayBand("day", 250, 300), None, "F"),
        (Pay("hour", 60), PayBand("hour", 40, 60), 20, "P"),
        (Pay("hour", 61), PayBand("hour", 40, 60), 20, "F"),
        # 60 yuan for 20 hours a week: 60 × 20 × 52 ÷ 12 = 5200 a month.
        (Pay("month", 5200), PayBand("hour", 40, 60), 20, "P"),
        (Pay("month", 5201), PayBand("hour", 40, 60), 20, "F"),
        # Hours that nobody stated are 40: 60 × 40 × 52 ÷ 12 = 10400.
        (Pay("month", 10400), PayBand("hour", 40, 60), None, "P"),
        (Pay("month", 10401), PayBand("hour", 40, 60), None, "F"),
        # 1 yuan an hour over 41 hours is 177 2⁄3 a month, which is less than 178 by a third of a yuan.
        (Pay("month", 177), PayBand("hour", 1, 1), 41, "P"),
        (Pay("month", 178), PayBand("hour", 1, 1), 41, "F"),
    ],
)
def test_pay_is_compared_over_its_units(floor: Pay | None, pay: PayBand, hours: int | None, expected: str) -> None:
    assert letter("pay", person(pay_min=floor), {"pay": pay, "hours_week": hours}) == expected


@pytest.mark.parametrize(
    ("until", "start", "window", "today", "expected"),
    [
        # Not asked for an end: the door has not heard of a certificate.
        (None, OPENS, WINDOW, OPENS - 9 * ONE_DAY, "U"),
        (None, OPENS, WINDOW, OPENS, "U"),
        # Its last day counts.
        (OPENS, OPENS, WINDOW, None, "P"),
        (OPENS - ONE_DAY, OPENS, WINDOW, None, "U"),
        # The start is the person's day …
        (OPENS + 9 * ONE_DAY, OPENS + 9 * ONE_DAY, WINDOW, None, "P"),
        (OPENS + 8 * ONE_DAY, OPENS + 9 * ONE_DAY, WINDOW, None, "U"),
        # … but nobody starts before the window opens …
        (OPENS, OPENS - 30 * ONE_DAY, WINDOW, None, "P"),
        (OPENS - ONE_DAY, OPENS - 30 * ONE_DAY, WINDOW, None, "U"),
        # … nor before today.
        (OPENS, OPENS, WINDOW, OPENS + ONE_DAY, "F"),
        (OPENS, OPENS, None, OPENS + ONE_DAY, "F"),
        (OPENS + ONE_DAY, OPENS, WINDOW, OPENS + ONE_DAY, "P"),
        # Where they named none it is the window's first; where there is no window either, it is not known.
        (OPENS, None, WINDOW, None, "P"),
        (OPENS - ONE_DAY, None, WINDOW, None, "U"),
        (CLOSES, None, None, OPENS, "U"),
        # Another one can be had while two days are left, until the day that the person named …
        (OPENS - 30 * ONE_DAY, OPENS, WINDOW, OPENS - 2 * ONE_DAY, "U"),
        (OPENS - 30 * ONE_DAY, OPENS, WINDOW, OPENS - ONE_DAY, "F"),
        (OPENS - 30 * ONE_DAY, OPENS - 9 * ONE_DAY, WINDOW, OPENS - 2 * ONE_DAY, "U"),
        # … or until the window closes.
        (OPENS - 30 * ONE_DAY, None, WINDOW, CLOSES - 2 * ONE_DAY, "U"),
        (OPENS - 30 * ONE_DAY, None, WINDOW, CLOSES - ONE_DAY, "F"),
    ],
)
def test_health_certificate(
    until: dt.date | None,
    start: dt.date | None,
    window: tuple[dt.date, dt.date] | None,
    today: dt.date | None,
    expected: str,
) -> None:
    profile = person(health_certificate_until=until, start=start)
    assert letter("health_certificate", profile, {"start_window": window}, today) == expected


def test_a_job_that_asks_for_no_certificate_reads_none() -> None:
    for until in (None, OPENS - 30 * ONE_DAY):
        profile = person(health_certificate_until=until)
        assert letter("health_certificate", profile, {"health_certificate": False}, OPENS) == "P"


@pytest.mark.parametrize(
    ("time", "day"),
    [
        (0, dt.date(1970, 1, 1)),
        (16 * 3_600_000 - 1, dt.date(1970, 1, 1)),
        (16 * 3_600_000, dt.date(1970, 1, 2)),
        (1_795_622_400_000, dt.date(2026, 11, 26)),
    ],
)
def test_the_day_is_that_of_beijing(time: int, day: dt.date) -> None:
    assert day_of(time) == day.toordinal()
    beijing = dt.timezone(dt.timedelta(hours=8))
    assert dt.datetime.fromtimestamp(time / 1000, beijing).date() == day
