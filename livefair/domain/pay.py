"""Pay in its units, and what makes two of them comparable.

Money is whole yuan as it was said; two sums are compared in fen per year, where every unit is a whole
number, so that nothing rounds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PayUnit = Literal["month", "26-days", "day", "hour"]

DAYS_PER_MONTH = 26
"""A month of domestic work as the trade counts it: 26 paid days."""
HOURS_PER_WEEK = 40
WEEKS_PER_YEAR = 52


class Pay(msgspec.Struct, frozen=True, gc=False):
    """One sum: whole yuan per `unit`."""

    unit: PayUnit
    amount: int


class PayBand(msgspec.Struct, frozen=True, gc=False):
    """What a job pays: whole yuan per `unit`, from `min` to `max`, both included."""

    unit: PayUnit
    min: int
    max: int


def yearly_fen(unit: PayUnit, hours_week: int | None = None) -> int:
    """Fen per year that one yuan per `unit` comes to; hourly pay is taken over `hours_week` (40 where unknown)."""
    if unit == "hour":
        return 100 * (hours_week or HOURS_PER_WEEK) * WEEKS_PER_YEAR
    return 100 * 12 * (DAYS_PER_MONTH if unit == "day" else 1)


def monthly_fen(amount: int, unit: PayUnit, hours_week: int | None = None) -> int:
    """The sum in fen per month, rounded down by less than one fen; hourly pay as in `yearly_fen`."""
    return amount * yearly_fen(unit, hours_week) // 12
