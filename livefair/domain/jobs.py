"""A job as its employer states it. Levels run from 5 (lowest) to 1; pay is whole yuan per unit."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from livefair.domain.pay import PayBand
from livefair.domain.people import Mode

Lodging = Literal["live-in", "couple", "dormitory", "none"]
EmploymentModel = Literal["employee", "agency", "direct"]
Insurance = Literal["social", "injury", "accident", "none"]


class Job(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One job of one fair.

    `interview_ratio` slots are opened per seat; with `auto_match` an applicant who passes is matched
    without a word from the employer. `min_level` is a condition only where it is given.
    """

    job: str
    fair: str
    title: str
    employer: str
    occupation: str
    region: str
    pay: PayBand
    mode: Mode
    seats: int = 1
    skills: tuple[str, ...] = ()
    min_level: int | None = None
    hours_week: int | None = None
    lodging: Lodging = "none"
    rest_days: int | None = None
    languages: tuple[str, ...] = ()
    interview_ratio: int = 1
    auto_match: bool = True
    start_window: tuple[dt.date, dt.date] | None = None
    employment_model: EmploymentModel | None = None
    insurance: Insurance | None = None
    health_certificate: bool = False
    paused: bool = False

    @property
    def slots(self) -> int:
        """How many people may hold an interview slot or a seat at once."""
        return self.seats * self.interview_ratio
