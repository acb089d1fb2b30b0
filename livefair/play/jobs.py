"""Jobs of a generated fair, as their employers would state them.

The rule: every body is what `POST /v1/fairs/{fair}/jobs` takes. Pay follows the indicative bands of the code tables.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any

import msgspec

from livefair.play.corridor import DESTINATIONS

DOMESTIC, ELDER, INFANT, NURSERY = "4-10-01-06", "4-10-01-05", "4-10-01-02", "4-10-01-03"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job. `pay` is unit, lowest and highest of the bands drawn; `step` what their ends are rounded to."""

    title: str
    occupation: str
    skills: tuple[str, ...]
    pay: tuple[str, int, int]
    step: int
    mode: str
    weight: int
    lodging: str = "none"
    min_level: int | None = None
    languages: tuple[str, ...] = ("zh",)
    rest_days: tuple[int, int] = (4, 4)
    seats: tuple[int, ...] = (1, 1, 1, 1, 1, 1, 1, 1, 2)
    hours_week: tuple[int, ...] = ()
    health: bool = True
    models: tuple[str, ...] = ("agency", "employee", "direct")
    insurances: tuple[str, ...] = ("accident", "social", "injury")
    interview_ratio: int = 1
    auto_match: bool = True


KINDS: tuple[Kind, ...] = (
    Kind(title="住家育儿嫂", occupation=DOMESTIC, skills=("infant-care", "infant-feeding"),
         pay=("month", 7000, 10000), step=500, mode="live-in", lodging="live-in", min_level=4, weight=22),
    Kind(title="住家老人照护", occupation=DOMESTIC, skills=("elder-care", "cooking", "medication-reminder"),
         pay=("month", 5500, 8000), step=500, mode="live-in", lodging="live-in", weight=18),
    Kind(title="白班做饭保洁", occupation=DOMESTIC, skills=("cooking", "cleaning", "laundry"),
         pay=("month", 4500, 6500), step=500, mode="day", rest_days=(4, 8), weight=14),
    Kind(title="养老院护理员", occupation=ELDER, skills=("elder-care", "bedridden-care", "mobility-transfer"),
         pay=("month", 5000, 6500), step=500, mode="day", lodging="dormitory", min_level=5, seats=(2, 3, 4, 6),
         models=("employee",), insurances=("social",), weight=8),
    Kind(title="月嫂", occupation=DOMESTIC, skills=("maternity-care", "newborn-care", "postpartum-meals"),
         pay=("26-days", 12000, 15000), step=1000, mode="live-in", lodging="live-in", min_level=3,
         rest_days=(0, 2), interview_ratio=2, auto_match=False, weight=10),
    Kind(title="钟点保洁", occupation=DOMESTIC, skills=("cleaning", "organising"), pay=("hour", 30, 50), step=5,
         mode="hourly", hours_week=(12, 20, 24, 30), rest_days=(4, 8), health=False, weight=10),
    Kind(title="会说晋语的住家保姆", occupation=DOMESTIC, skills=("cooking", "northern-dishes", "companionship"),
         pay=("month", 6000, 8000), step=500, mode="live-in", lodging="live-in", languages=("zh", "cjy"),
         weight=5),
    Kind(title="失智老人陪护", occupation=ELDER, skills=("dementia-care", "elder-care"), pay=("month", 6500, 9000),
         step=500, mode="live-in", lodging="live-in", min_level=4, weight=5),
    Kind(title="夫妻工（做饭、司机）", occupation=DOMESTIC, skills=("cooking", "driving"),
         pay=("month", 6000, 8000), step=500, mode="live-in", lodging="couple", seats=(2,), health=False,
         weight=3),
    Kind(title="日结深度保洁", occupation=DOMESTIC, skills=("deep-cleaning", "cleaning"), pay=("day", 180, 300),
         step=20, mode="day", rest_days=(4, 8), health=False, seats=(1, 1, 2, 3), weight=4),
    Kind(title="托育园保育师", occupation=NURSERY, skills=("infant-care", "child-safety"),
         pay=("month", 4500, 6000), step=500, mode="day", lodging="dormitory", min_level=5, rest_days=(8, 8),
         models=("employee",), insurances=("social",), weight=3),
    Kind(title="夜间育婴", occupation=INFANT, skills=("newborn-care", "sleep-routine"), pay=("month", 7500, 10000),
         step=500, mode="live-in", lodging="live-in", min_level=4, weight=3),
)  # fmt: skip
"""In this order the first jobs of a fair are drawn; from then on by weight. The first kind has every condition."""


def draw_kind(rng: random.Random, number: int) -> Kind:
    """The kind of the `number`-th job: each kind once, then by weight."""
    return KINDS[number] if number < len(KINDS) else rng.choices(KINDS, [kind.weight for kind in KINDS])[0]


def draw_job(rng: random.Random, kind: Kind, employer: str, today: dt.date) -> dict[str, Any]:
    """One job's body. Its start window opens tomorrow and is open for two to eight weeks."""
    unit, lowest, highest = kind.pay
    low = rng.randrange(lowest, highest - kind.step, kind.step)
    high = min(highest, low + kind.step * rng.choice((1, 2, 2, 3, 4)))
    opens = today + dt.timedelta(days=1)
    closes = opens + dt.timedelta(days=rng.randrange(14, 57))
    body: dict[str, Any] = {
        "title": kind.title,
        "employer": employer,
        "occupation": kind.occupation,
        "skills": list(kind.skills),
        "seats": rng.choice(kind.seats),
        "pay": {"unit": unit, "min": low, "max": high},
        "region": rng.choices([code for code, _ in DESTINATIONS], [weight for _, weight in DESTINATIONS])[0],
        "mode": kind.mode,
        "lodging": kind.lodging,
        "rest_days": rng.randint(*kind.rest_days),
        "languages": list(kind.languages),
        "interview_ratio": kind.interview_ratio,
        "auto_match": kind.auto_match,
        "start_window": [opens.isoformat(), closes.isoformat()],
        "employment_model": rng.choice(kind.models),
        "insurance": rng.choice(kind.insurances),
        "health_certificate": kind.health,
    }
    if kind.min_level is not None:
        body["min_level"] = kind.min_level
    if kind.hours_week:
        body["hours_week"] = rng.choice(kind.hours_week)
    return body


def floats(job: Mapping[str, Any]) -> bool:
    """Whether the start moves with a birth, so that no date is too late for it."""
    return "maternity-care" in job["skills"]


def completed(job: Mapping[str, Any], today: dt.date) -> dict[str, Any]:
    """A job as somebody else stated it, with what people are drawn by where it was left open."""
    stated = {name: value for name, value in job.items() if value is not None}
    window = [(today + dt.timedelta(days=days)).isoformat() for days in (1, 30)]
    return {"skills": [], "languages": [], "health_certificate": False, "start_window": window} | stated
