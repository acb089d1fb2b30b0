"""The hard filters: one letter for each, P(ass), F(ail) or U(nknown), in the order of the rule table.

The rule: what is not known never fails. A filter reads only what a person was asked for it; being past
retirement age, sex, origin and the like are no input (matching.md, "Two scores").
"""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Final

from livefair.domain.people import Profile
from livefair.domain.prepared import PreparedJob
from livefair.domain.rules import FILTERS

__all__ = ["CERTIFICATE_DAYS", "PreparedJob", "day_of", "verdicts"]

# The letters are found by number: a filter that does not pass adds its place value once (unknown) or twice (fail),
# so that the common case, all passed, builds nothing.
_LETTERS: Final = tuple("".join(letters) for letters in product("PUF", repeat=len(FILTERS)))
(_OCCUPATION, _LEVEL, _HEALTH, _PAY, _PROVINCE, _MODE, _LANGUAGE, _START) = (
    3**place for place in reversed(range(len(FILTERS)))
)


CERTIFICATE_DAYS = 2
"""Days from an application to the start below which no health certificate can be had: one for the examination,
the next for the certificate at the earliest. Three to five working days are usual; what is unlikely never fails."""

_MS_PER_DAY = 86_400_000
_BEIJING_MS = 8 * 3_600_000
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


def day_of(time: int) -> int:
    """The day on which a Unix time (ms) falls in Beijing, as a proleptic ordinal like `date.toordinal`."""
    return _EPOCH_DAY + (time + _BEIJING_MS) // _MS_PER_DAY


def verdicts(profile: Profile, prepared: PreparedJob, today: int | None = None) -> str:  # noqa: C901 - one pass: calls would cost more than the work
    """One letter for each of `FILTERS`, in order; `today` is the day of the application's record, as `day_of` gives it.

    - occupation: the job's code is among the person's, exactly (a person names occupations, never groups of
      them); none stated → unknown.
    - level: the person's level is the job's least level or better (5 is lowest, 1 highest); a job without the
      condition passes all; level not stated → unknown.
    - health_certificate: valid on the day of the start, its last day included; a job that asks for none passes all.
      That day is the person's, or the window's first where they named none; not before the window opens, nor before
      today. Not stated, or no day known → unknown. Ended before that day → unknown too, as another can be had until
      then; fail only where fewer than `CERTIFICATE_DAYS` are left until that day (until the window's last, where they
      named none). Without `today` it never fails.
    - pay: the job's highest pay is at or above the person's floor, in fen per year; no floor stated → unknown.
    - province: the job's is among those the person accepts; none stated → unknown.
    - mode: the job's is among the person's; none stated → unknown.
    - language: the person speaks every language that the job requires; a job that requires none passes all; none
      stated → unknown.
    - start: the person can start on the window's last day or before it (their date is the first day on which they
      can, so one before the window is no obstacle); a job without a window passes all; no date stated → unknown.
    """
    number = 0
    occupations = profile.occupations
    if prepared.occupation not in occupations:
        number = 2 * _OCCUPATION if occupations else _OCCUPATION

    if (least := prepared.min_level) is not None:
        level = profile.level
        if level is None:
            number += _LEVEL
        elif level > least:
            number += 2 * _LEVEL

    start = profile.start
    if prepared.health_certificate:
        until = profile.health_certificate_until
        first = prepared.first
        day = first if start is None or (first is not None and start < first) else start
        if until is None or day is None:
            number += _HEALTH
        else:
            begins = day.toordinal()
            if today is not None and begins < today:
                begins = today
            if until.toordinal() < begins:
                latest = prepared.last_day if start is None else begins
                number += 2 * _HEALTH if today is not None and latest - today < CERTIFICATE_DAYS else _HEALTH

    floor = profile.pay_min
    if floor is None:
        number += _PAY
    elif floor.amount * prepared.yearly[floor.unit] > prepared.high:
        number += 2 * _PAY

    provinces = profile.provinces
    if prepared.province not in provinces:
        number += 2 * _PROVINCE if provinces else _PROVINCE

    modes = profile.modes
    if prepared.mode not in modes:
        number += 2 * _MODE if modes else _MODE

    if required := prepared.required_languages:
        languages = profile.languages
        for language in required:
            if language not in languages:
                number += 2 * _LANGUAGE if languages else _LANGUAGE
                break

    if (last := prepared.last) is not None:
        if start is None:
            number += _START
        elif start > last:
            number += 2 * _START

    return _LETTERS[number]
