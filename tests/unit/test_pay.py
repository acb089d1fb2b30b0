"""Pay over its units."""

from __future__ import annotations

import pytest

from livefair.domain.pay import PayUnit, monthly_fen, yearly_fen


@pytest.mark.parametrize(
    ("amount", "unit", "hours_week", "fen"),
    [
        (8000, "month", None, 800_000),
        (8000, "month", 20, 800_000),
        (8000, "26-days", None, 800_000),
        (300, "day", None, 780_000),
        (45, "hour", 20, 390_000),
        (45, "hour", None, 780_000),
        (1, "hour", 1, 433),
    ],
)
def test_a_sum_in_fen_per_month(amount: int, unit: PayUnit, hours_week: int | None, fen: int) -> None:
    assert monthly_fen(amount, unit, hours_week) == fen


@pytest.mark.parametrize(
    ("unit", "hours_week", "fen"),
    [
        ("month", None, 1_200),
        ("26-days", 7, 1_200),
        ("day", None, 31_200),
        ("hour", 20, 104_000),
        ("hour", None, 208_000),
    ],
)
def test_what_one_yuan_per_unit_comes_to_in_a_year(unit: PayUnit, hours_week: int | None, fen: int) -> None:
    assert yearly_fen(unit, hours_week) == fen
