"""The two scores: points for each term in the order of the rule table; a score is the sum of its points.

The rule: integer basis points rounded towards zero, and a point only for what is known. Fit, which employers see,
never reads region, pay floor, or a language that the job does not require (matching.md, "Two scores").
"""

from __future__ import annotations

from typing import Final

from livefair.domain.people import Profile
from livefair.domain.prepared import APPEAL, FIT, PreparedJob, shares

FULL_YEARS = 5
"""Years of work in similar care from which experience counts in full."""
GAP_DAYS = 30
"""Days between the two sides' start from which no point is left."""
PLACE_STEP = 500
"""Points that each place further down the person's list of provinces takes away; the last of a long list keeps it."""

_EXPERIENCE: Final = shares(FIT["experience"], FULL_YEARS)
_FIT_START: Final = shares(FIT["start"], GAP_DAYS)
_APPEAL_START: Final = shares(APPEAL["start"], GAP_DAYS)
_SCHEDULE: Final = FIT["schedule"]
_PAY: Final = APPEAL["pay"]
_PLACES: Final = tuple(range(APPEAL["place"], 0, -PLACE_STEP))


def fit(profile: Profile, prepared: PreparedJob) -> tuple[int, ...]:
    """How well the person fits the job: points for each of `FIT_TERMS`, in order.

    - skills: 3500 × skills of the job that the person has ÷ skills of the job; all where the job names none.
    - experience: 500 a year up to five in the job's occupation; half of that where the person's occupations are
      other ones of the same minor group (similar care); else none, as it is not known to be in similar care.
    - start: 50 less for each day from the window's opening to the person's first day; all where there is no window.
    - schedule: all where the person works in the job's mode.
    - verified: see `prepared.verified_points`.
    - language: 500 × required languages that the person speaks ÷ required; all where none is.
    """
    experience = 0
    years = profile.experience_years
    if years is not None and years > 0:
        experience = _EXPERIENCE[years] if years < FULL_YEARS else _EXPERIENCE[-1]
        if prepared.occupation not in profile.occupations:
            experience = experience // 2 if _similar(profile.occupations, prepared.similar) else 0

    start = _FIT_START[GAP_DAYS]
    if prepared.first is not None:
        start = 0
        if (day := profile.start) is not None:
            gap = day.toordinal() - prepared.first_day
            if gap < GAP_DAYS:
                start = _FIT_START[GAP_DAYS - gap if gap > 0 else GAP_DAYS]

    return (
        prepared.skill_points[len(prepared.skills.intersection(profile.skills))],
        experience,
        start,
        _SCHEDULE if prepared.mode in profile.modes else 0,
        prepared.verified,
        prepared.language_points[len(prepared.languages.intersection(profile.languages))],
    )


def appeal(profile: Profile, prepared: PreparedJob) -> tuple[int, ...]:
    """What the job has for the person: points for each of `APPEAL_TERMS`, in order.

    - pay: 3500 × the share of the job's band, from its lowest to its highest, that lies above the floor; all where
      the lowest is at or above it; none without a floor.
    - place: 2500 for the first province of the person's list, 500 less for each place further down, at least 500.
    - rest: see `prepared.rest_points`.
    - start: 1000 × (30 − days from the person's first day to the window) ÷ 30; all in it, or where there is none.
    - lodging: see `prepared.lodging_points`.
    - contract: see `prepared.contract_points`.
    """
    pay = 0
    if (least := profile.pay_min) is not None:
        floor = least.amount * prepared.yearly[least.unit]
        low, high = prepared.low, prepared.high
        if floor <= low:
            pay = _PAY
        elif floor < high:
            pay = _PAY * (high - floor) // (high - low)

    place = 0
    provinces = profile.provinces
    if prepared.province in provinces:
        place = _PLACES[min(provinces.index(prepared.province), len(_PLACES) - 1)]

    start = _APPEAL_START[GAP_DAYS]
    if prepared.first is not None:
        start = 0
        if profile.start is not None:
            day = profile.start.toordinal()
            gap = prepared.first_day - day if day < prepared.first_day else day - prepared.last_day
            if gap < GAP_DAYS:
                start = _APPEAL_START[GAP_DAYS - gap if gap > 0 else GAP_DAYS]

    return (pay, place, prepared.rest, start, prepared.lodging, prepared.contract)


def _similar(occupations: tuple[str, ...], group: str) -> bool:
    """Whether one of the occupations stands in the minor group; nothing stands in no group."""
    return bool(group) and any(occupation.startswith(group) for occupation in occupations)
