"""The rule tables: whole, unchanged, and any decision's letters and points can be named by them."""

from __future__ import annotations

import itertools
import json

import pytest
from inline_snapshot import snapshot

from livefair.domain import rules
from livefair.tables import load


def test_weights_of_each_score_sum_to_ten_thousand() -> None:
    for table in rules.RULE_TABLES.values():
        for kind in ("fit", "appeal"):
            terms = table.terms(kind)
            assert sum(term.weight for term in terms) == 10_000
            assert len({term.code for term in terms}) == len(terms)
        assert len(set(table.filters)) == len(table.filters)


def test_a_version_that_has_decided_is_never_changed() -> None:
    """A change here needs a new version: decisions in the log name these."""
    tables = {
        version: [list(table.filters), [list(term) for term in table.fit], [list(term) for term in table.appeal]]
        for version, table in rules.RULE_TABLES.items()
    }
    assert tables == snapshot(
        {
            "2026-11": [
                ["occupation", "level", "health_certificate", "pay", "province", "mode", "language", "start"],
                [
                    ["skills", 3500],
                    ["experience", 2500],
                    ["start", 1500],
                    ["schedule", 1000],
                    ["verified", 1000],
                    ["language", 500],
                ],
                [
                    ["pay", 3500],
                    ["place", 2500],
                    ["rest", 1500],
                    ["start", 1000],
                    ["lodging", 1000],
                    ["contract", 500],
                ],
            ]
        }
    )


def test_the_version_that_decides_is_one_of_them() -> None:
    table = rules.RULE_TABLES[rules.RULES]
    assert table == (rules.FILTERS, rules.FIT_TERMS, rules.APPEAL_TERMS)


def test_the_code_tables_have_words_for_every_filter_and_term() -> None:
    tables = load()
    for table in rules.RULE_TABLES.values():
        assert set(table.filters) <= set(tables.filters)
        assert {("fit", term.code) for term in table.fit} <= set(tables.score_terms)
        assert {("appeal", term.code) for term in table.appeal} <= set(tables.score_terms)


def test_letters_are_named_in_order() -> None:
    assert rules.named_verdicts("2026-11", "PFUPPPPU") == [
        {"filter": "occupation", "verdict": "pass"},
        {"filter": "level", "verdict": "fail"},
        {"filter": "health_certificate", "verdict": "unknown"},
        {"filter": "pay", "verdict": "pass"},
        {"filter": "province", "verdict": "pass"},
        {"filter": "mode", "verdict": "pass"},
        {"filter": "language", "verdict": "pass"},
        {"filter": "start", "verdict": "unknown"},
    ]
    assert rules.proofs_due("2026-11", "PFUPPPPU") == ("health_certificate", "start")
    assert rules.proofs_due("2026-11", "PFPPPPPP") == ()


def test_points_are_named_in_order() -> None:
    assert rules.named_points("2026-11", "appeal", (3500, 2000, 750, 0, 1000, 5)) == [
        {"term": "pay", "points": 3500},
        {"term": "place", "points": 2000},
        {"term": "rest", "points": 750},
        {"term": "start", "points": 0},
        {"term": "lodging", "points": 1000},
        {"term": "contract", "points": 5},
    ]


@pytest.mark.parametrize("rest", ["".join(letters) for letters in itertools.product("PFU", repeat=2)])
def test_ready_verdicts_are_the_named_ones(rest: str) -> None:
    letters = rest * 4
    assert json.loads(bytes(rules.verdicts_json("2026-11", letters))) == rules.named_verdicts("2026-11", letters)


@pytest.mark.parametrize("kind", ["fit", "appeal"])
@pytest.mark.parametrize("points", [(0, 0, 0, 0, 0, 0), (3500, 2500, 1500, 1000, 1000, 500), (1, 22, 333, 44, 5, 6)])
def test_ready_points_are_the_named_ones(kind: rules.ScoreKind, points: tuple[int, ...]) -> None:
    ready = bytes(rules.points_json("2026-11", kind, points))
    assert json.loads(ready) == rules.named_points("2026-11", kind, points)


def test_what_no_decision_can_hold_is_refused() -> None:
    with pytest.raises(KeyError):
        rules.named_verdicts("1999-01", "PPPPPPPP")
    with pytest.raises(KeyError):
        rules.named_verdicts("2026-11", "PPPPPPPX")
    for letters in ("PPPPPPP", "PPPPPPPPP"):
        with pytest.raises(ValueError, match="argument 2"):
            rules.named_verdicts("2026-11", letters)
        with pytest.raises(ValueError, match="argument 2"):
            rules.proofs_due("2026-11", letters)
    for points in ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7)):
        with pytest.raises(ValueError, match="argument 2"):
            rules.named_points("2026-11", "fit", points)
        with pytest.raises(TypeError):
            rules.points_json("2026-11", "fit", points)
