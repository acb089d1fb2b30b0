"""The protocol of the decision log under random schedules, and each way to weaken it shown to fail.

The long form (LONG_TESTS=1) plays 150,000 schedules; the short one is for every run of the suite.
"""

from __future__ import annotations

import os

import pytest

from tests.support.model import WEAKENINGS
from tests.support.model_judge import run

SCHEDULES = 150_000 if os.environ.get("LONG_TESTS") else 2_000
WITHIN = 4_000
"""Schedules within which every weakening must have been caught."""
START = {
    "no fence": 800,
    "own marker not checked to be first": 700,
    "state from the first read only": 700,
    "several batches under way to one target": 2_800,
}
"""Where a weakening takes long to show, the schedule to begin with."""


def test_whatever_happens_the_log_is_the_fold_of_its_input() -> None:
    wrong = [(seed, said) for seed in range(SCHEDULES) if (said := run(seed))]
    assert wrong == []


@pytest.mark.parametrize("weakening", WEAKENINGS)
def test_each_weakening_of_the_protocol_fails(weakening: str) -> None:
    start = START.get(weakening, 0)
    assert any(run(seed, weakening) for seed in range(start, start + WITHIN)), f"'{weakening}' was never caught"
