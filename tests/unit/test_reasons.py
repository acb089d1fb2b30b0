"""Every reason that a decision can carry to a person has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import streams
from livefair import tables

# The codes stand where they are decided: as the reason of a move, of an offer's end, or of a refusal.
SOURCES = ("ledger.py", "desk.py")
PATTERNS = (
    r'reason="([a-z-]+)"',
    r'_vacate\([^"\n]*"[a-z_]+", "([a-z-]+)"',
    r'_refused\(book, fact, \w+, "([a-z-]+)"',
    r'"([a-z-]+)" if fact\.released else "([a-z-]+)"',
    r'"([a-z-]+)" if row\.offer else "([a-z-]+)"',
    r'"([a-z-]+)" if open_offer else "([a-z-]+)"',
    r'refused = "([a-z-]+)" if known\.accepted else "([a-z-]+)"',
)


def codes() -> set[str]:
    """What the rules say, as their source spells it."""
    folder = Path(streams.__file__).parent
    text = "\n".join((folder / name).read_text() for name in SOURCES)
    return {code for pattern in PATTERNS for match in re.finditer(pattern, text) for code in match.groups()}


def test_the_patterns_find_what_they_are_for() -> None:
    assert {"next-in-line", "left", "employer-declined", "offer-lapsed", "no-seat", "lapsed", "declined"} <= codes()


@pytest.mark.parametrize("code", sorted(codes()))
def test_a_reason_has_words(code: str) -> None:
    reason = tables.load().reasons[code]
    assert reason.zh
    assert reason.en
    assert reason.zh != reason.en
