"""People who sign up, each made for one job of the fair: who fits it, who misses it by one filter, who says little.

The rule: sex, age, ethnicity, religion and household registration are nowhere in here, since matching knows none of
them; the county where somebody lives is drawn without a look at the job.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

from livefair.play.corridor import JIN_SHARE, ORIGINS
from livefair.play.jobs import floats

OCCUPATIONS = ("4-10-01-06", "4-10-01-05", "4-10-01-02")
MODES = ("live-in", "day", "hourly")
PROVINCES = ("11", "12", "13", "14", "31")

_MORE_SKILLS = (
    "cooking", "cleaning", "laundry", "infant-care", "elder-care", "northern-dishes", "shopping", "organising",
    "first-aid", "companionship", "child-escort", "feeding-assistance",
)  # fmt: skip

Job = Mapping[str, Any]
Profile = dict[str, Any]


def _start(job: Job) -> tuple[dt.date, dt.date]:
    opens, closes = job["start_window"]
    return dt.date.fromisoformat(opens), dt.date.fromisoformat(closes)


def draw_region(rng: random.Random) -> str:
    """A county of the corridor, by weight."""
    return rng.choices([code for code, _ in ORIGINS], [weight for _, weight in ORIGINS])[0]


def draw_fitting(rng: random.Random, region: str, job: Job) -> Profile:
    """A profile that says everything and that no filter of the job fails."""
    opens, closes = _start(job)
    start = opens + dt.timedelta(days=rng.randrange((closes - opens).days + 1))
    lowest, highest = job["pay"]["min"], job["pay"]["max"]
    step = 500 if highest > 1000 else 5
    floor = max(1, rng.randrange(int(lowest * 0.75) // step * step, highest + 1, step))
    least = job.get("min_level", 5)
    skills = [skill for skill in job["skills"] if rng.random() < 0.85] or list(job["skills"][:1])
    languages = ["zh"]
    if (region[:2] in ("14", "15") and rng.random() < JIN_SHARE) or "cjy" in job["languages"]:
        languages.append("cjy")
    languages += [code for code in job["languages"] if code not in languages]
    profile: Profile = {
        "region": region,
        "occupations": [job["occupation"]],
        "skills": list(dict.fromkeys([*skills, *rng.sample(_MORE_SKILLS, rng.randrange(4))])),
        "level": rng.randint(min(3, least), least),
        "experience_years": min(int(rng.expovariate(1 / 4)), 20),
        "pay_min": {"unit": job["pay"]["unit"], "amount": floor},
        "provinces": list(dict.fromkeys([job["region"][:2], *rng.sample(PROVINCES, rng.randrange(3))])),
        "modes": list(dict.fromkeys([job["mode"], *rng.sample(MODES, rng.randrange(2))])),
        "languages": languages,
        "start": start.isoformat(),
    }
    if rng.random() < 0.2:
        profile["occupations"] = list(dict.fromkeys([job["occupation"], rng.choice(OCCUPATIONS)]))
    if job["health_certificate"] or rng.random() < 0.4:
        profile["health_certificate_until"] = (start + dt.timedelta(days=rng.randrange(30, 330))).isoformat()
    return profile


def _fail_occupation(_: random.Random, profile: Profile, job: Job) -> None:
    profile["occupations"] = [next(code for code in OCCUPATIONS if code != job["occupation"])]


def _fail_level(rng: random.Random, profile: Profile, job: Job) -> None:
    profile["level"] = rng.randint(job["min_level"] + 1, 5)


def _fail_pay(rng: random.Random, profile: Profile, job: Job) -> None:
    highest = job["pay"]["max"]
    step = 500 if highest > 1000 else 5
    profile["pay_min"] = {"unit": job["pay"]["unit"], "amount": (highest // step + rng.randrange(1, 5)) * step}


def _fail_province(_: random.Random, profile: Profile, job: Job) -> None:
    profile["provinces"] = [code for code in PROVINCES if code != job["region"][:2]][:2]


def _fail_mode(rng: random.Random, profile: Profile, job: Job) -> None:
    profile["modes"] = [rng.choice([mode for mode in MODES if mode != job["mode"]])]


def _fail_language(_: random.Random, profile: Profile, job: Job) -> None:
    profile["languages"] = ["zh"] if "cjy" in job["languages"] else ["cjy"]


def _fail_start(rng: random.Random, profile: Profile, job: Job) -> None:
    _, closes = _start(job)
    start = closes + dt.timedelta(days=rng.randrange(10, 60))
    profile["start"] = start.isoformat()
    if "health_certificate_until" in profile:
        profile["health_certificate_until"] = (start + dt.timedelta(days=90)).isoformat()


FAILURES: Mapping[str, Callable[[random.Random, Profile, Job], None]] = {
    "occupation": _fail_occupation,
    "level": _fail_level,
    "pay": _fail_pay,
    "province": _fail_province,
    "mode": _fail_mode,
    "language": _fail_language,
    "start": _fail_start,
}
"""Every filter that a sign-up can fail by what it says. A health certificate that has run out is none of them: another
can be had before the start, so it leaves its filter unknown (`expire`)."""

_FIELDS = {
    "occupation": "occupations",
    "level": "level",
    "pay": "pay_min",
    "province": "provinces",
    "mode": "modes",
    "language": "languages",
    "start": "start",
}


def can_fail(code: str, job: Job) -> bool:
    """Whether the job has the condition of that filter."""
    if code == "level":
        return int(job.get("min_level", 5)) < 5
    if code == "language":
        return bool(job["languages"])
    return code != "start" or not floats(job)


def unknown_filters(profile: Profile, job: Job) -> tuple[str, ...]:
    """Filters of the job that this profile leaves unknown."""
    found = [
        code for code, field in _FIELDS.items() if field not in profile and (code != "level" or "min_level" in job)
    ]
    if job["health_certificate"]:
        start = profile.get("start", job["start_window"][0])
        if profile.get("health_certificate_until", "") < start:
            found.append("health_certificate")
    return tuple(found)


def expire(rng: random.Random, profile: Profile, today: dt.date) -> None:
    """The health certificate has run out, and another is still due."""
    profile["health_certificate_until"] = (today - dt.timedelta(days=rng.randrange(10, 200))).isoformat()


def silence(rng: random.Random, profile: Profile, keep: int) -> None:
    """Take all but `keep` facts out of a profile; the region stays."""
    said = [name for name in profile if name != "region"]
    for name in rng.sample(said, max(0, len(said) - keep)):
        del profile[name]
