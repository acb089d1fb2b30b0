"""Pay in its units, and what makes two of them comparable.

Money is whole yuan as it was said; a comparison is made in fen per month, so that nothing rounds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PayUnit = Literal["month", "26-days", "day", "hour"]

DAYS_PER_MONTH = 26
"""A month of domestic work as the trade counts it: 26 paid days."""
HOURS_PER_WEEK = 40
WEEKS_PER_YEAR = 52


class Pay(msgspec.Struct, frozen=True):
    """One sum: whole yuan per `unit`."""

    unit: PayUnit
    amount: int


class PayBand(msgspec.Struct, frozen=True):
    """What a job pays: whole yuan per `unit`, from `min` to `max`, both included."""

    unit: PayUnit
    min: int
    max: int


def monthly_fen(amount: int, unit: PayUnit, hours_week: int | None = None) -> int:
    """The sum in fen per month; hourly pay is taken over `hours_week` (40 where unknown)."""
    if unit in ("month", "26-days"):
        return amount * 100
    if unit == "day":
        return amount * 100 * DAYS_PER_MONTH
    return amount * 100 * (hours_week or HOURS_PER_WEEK) * WEEKS_PER_YEAR // 12
