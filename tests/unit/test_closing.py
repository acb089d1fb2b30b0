"""Close codes: numbered, named, and each says whether to come back."""

from __future__ import annotations

import pytest

from livefair.wire.closing import CLOSINGS, DRAINING, FINAL, RESUMABLE, Closing, wait_before_return


def test_every_closing_has_a_number_and_a_name_of_its_own() -> None:
    assert len({each.code for each in CLOSINGS}) == len({each.name for each in CLOSINGS}) == len(CLOSINGS)
    assert all(each.code in RESUMABLE or each.code in FINAL for each in CLOSINGS)


@pytest.mark.parametrize("closing", CLOSINGS, ids=lambda each: each.name)
def test_a_client_learns_from_the_reason_when_to_come_back(closing: Closing) -> None:
    assert len(closing.reason.encode()) <= 123
    wait = wait_before_return(closing.code, closing.reason)
    assert wait == (closing.wait if closing.code in RESUMABLE else None)


def test_each_client_may_get_a_wait_of_its_own() -> None:
    assert wait_before_return(DRAINING.code, DRAINING.after(7.123).reason) == 7.12


@pytest.mark.parametrize(
    ("code", "reason", "wait"),
    [
        (1006, "", 0.0),
        (1001, "", 0.0),
        (1009, "", None),
        (4499, "", 0.0),
        (4000, "soon", 0.0),
        (4000, '{"wait":"x"}', 0.0),
        (4000, '{"wait":1e9}', 600.0),
        (4000, "[1]", 0.0),
        (4999, '{"wait":1}', None),
    ],
)
def test_other_reasons_are_no_trouble(code: int, reason: str, wait: float | None) -> None:
    assert wait_before_return(code, reason) == wait
