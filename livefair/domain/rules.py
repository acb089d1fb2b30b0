"""The rules of matching by version: which filters, which terms, in which order, and what their letters are called.

A table here is never changed once a decision has named it: a new order, term or weight is a new version, so that
any old decision's letters and points can be named again (matching.md, "Two scores").
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypedDict

import msgspec

Verdict = Literal["pass", "fail", "unknown"]
ScoreKind = Literal["fit", "appeal"]


class Term(NamedTuple):
    """One term of a score and the most points (basis points) that it can give."""

    code: str
    weight: int


class RuleTable(NamedTuple):
    """One version: the filters in the order of a decision's letters, the terms in the order of its points."""

    filters: tuple[str, ...]
    fit: tuple[Term, ...]
    appeal: tuple[Term, ...]

    def terms(self, kind: ScoreKind) -> tuple[Term, ...]:
        """The terms of one of the two scores."""
        return self.fit if kind == "fit" else self.appeal


class NamedVerdict(TypedDict):
    """A filter and what it said, as pushed events carry it."""

    filter: str
    verdict: Verdict


class NamedPoints(TypedDict):
    """A term and its points, as an explanation carries it."""

    term: str
    points: int


RULE_TABLES: Final[Mapping[str, RuleTable]] = MappingProxyType(
    {
        "2026-11": RuleTable(
            filters=(
                "occupation",
                "level",
                "health_certificate",
                "pay",
                "province",
                "mode",
                "language",
                "start",
            ),
            fit=(
                Term("skills", 3500),
                Term("experience", 2500),
                Term("start", 1500),
                Term("schedule", 1000),
                Term("verified", 1000),
                Term("language", 500),
            ),
            appeal=(
                Term("pay", 3500),
                Term("place", 2500),
                Term("rest", 1500),
                Term("start", 1000),
                Term("lodging", 1000),
                Term("contract", 500),
            ),
        ),
    }
)
"""Every version that ever made a decision; the weights of each score sum to 10,000 basis points."""

RULES: Final = "2026-11"
"""The version that decides now: `livefair.domain.filters` and `livefair.domain.scores` are its arithmetic."""

FILTERS: Final = RULE_TABLES[RULES].filters
FIT_TERMS: Final = RULE_TABLES[RULES].fit
APPEAL_TERMS: Final = RULE_TABLES[RULES].appeal

VERDICTS: Final[Mapping[str, Verdict]] = MappingProxyType({"P": "pass", "F": "fail", "U": "unknown"})
"""What each letter of a decision's `verdicts` says."""


def named_verdicts(rules: str, letters: str) -> list[NamedVerdict]:
    """Each filter of the version with its verdict, in order.

    Raises KeyError for a version or a letter that never was, ValueError where the letters are too few or too many.
    """
    filters = RULE_TABLES[rules].filters
    return [{"filter": code, "verdict": VERDICTS[letter]} for code, letter in zip(filters, letters, strict=True)]


def named_points(rules: str, kind: ScoreKind, points: tuple[int, ...]) -> list[NamedPoints]:
    """Each term of the score with its points, in order; they sum to the score. Raises as `named_verdicts` does."""
    terms = RULE_TABLES[rules].terms(kind)
    return [{"term": term.code, "points": value} for term, value in zip(terms, points, strict=True)]


@lru_cache(maxsize=1 << 13)
def verdicts_json(rules: str, letters: str) -> msgspec.Raw:
    """`named_verdicts` as JSON that is ready to be put into an event."""
    return msgspec.Raw(msgspec.json.encode(named_verdicts(rules, letters)))


@lru_cache(maxsize=1 << 13)
def proofs_due(rules: str, letters: str) -> tuple[str, ...]:
    """The filters whose verdict is unknown: what a provisional match still has to prove."""
    return tuple(code for code, letter in zip(RULE_TABLES[rules].filters, letters, strict=True) if letter == "U")


_KINDS: tuple[ScoreKind, ...] = ("fit", "appeal")
_TEMPLATES: Mapping[tuple[str, ScoreKind], bytes] = {
    (rules, kind): b"[%b]" % b",".join(b'{"term":"%b","points":%%d}' % term.code.encode() for term in table.terms(kind))
    for rules, table in RULE_TABLES.items()
    for kind in _KINDS
}


@lru_cache(maxsize=1 << 12)
def points_json(rules: str, kind: ScoreKind, points: tuple[int, ...]) -> msgspec.Raw:
    """`named_points` as JSON that is ready to be put into an event.

    Raises KeyError for a version that never was, TypeError where the points are too few or too many.
    """
    return msgspec.Raw(_TEMPLATES[rules, kind] % points)
