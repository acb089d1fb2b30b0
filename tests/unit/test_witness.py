"""What clients were told against what they saw: each kind of fault is found, and nothing else is called one."""

from __future__ import annotations

from typing import Any

import pytest

from livefair.client import Event, Problem
from livefair.errors import Unavailable
from livefair.play.tally import Tally
from livefair.play.witness import Promises, Witness, percentile_ms


def test_a_chain_without_a_hole_is_no_fault() -> None:
    witness = Witness("fair:f1:host")
    witness.begin(10)
    assert [witness.see(15, 10, "a"), witness.see(16, 15, "b"), witness.see(40, 16, "c")] == [True, True, True]
    assert (witness.holes, witness.doubled, witness.seen, witness.last) == ([], [], 3, 40)


def test_a_missing_link_is_a_hole() -> None:
    witness = Witness("fair:f1:host")
    witness.begin(10)
    witness.see(15, 10, "a")
    witness.see(30, 20, "c")
    assert witness.holes == [(15, 20)]


def test_an_event_that_comes_again_is_doubled_also_under_another_offset() -> None:
    witness = Witness("fair:f1:host")
    witness.begin(-1)
    assert witness.see(3, -1, "a")
    assert not witness.see(5, 3, "a")
    assert witness.doubled == ["a"]


def test_a_snapshot_repeats_what_is_known_and_teaches_the_rest() -> None:
    witness = Witness("candidate:c1")
    witness.begin(-1)
    witness.see(3, -1, "a")
    assert [witness.learn("a"), witness.learn("b"), witness.learn("b")] == [False, True, False]
    witness.begin(9)
    assert not witness.see(12, 9, "b"), "an event of the snapshot comes once more: the door must not send it"
    assert witness.doubled == ["b"]
    assert witness.holes == []


def test_latency_runs_from_the_acknowledgement_to_the_push() -> None:
    promises = Promises()
    assert promises.acknowledge("a1", 10.0)
    assert promises.missing == {"a1"}
    promises.submit("a1", 1, 10.025)
    assert promises.missing == frozenset()
    assert list(promises.latencies) == [pytest.approx(0.025)]


def test_a_push_before_the_acknowledgement_took_no_time() -> None:
    promises = Promises()
    promises.submit("a1", 1, 9.0)
    promises.acknowledge("a1", 9.5)
    assert list(promises.latencies) == [0.0]
    assert promises.missing == frozenset()


def test_a_repeat_of_the_answer_changes_nothing() -> None:
    promises = Promises()
    promises.acknowledge("a1", 1.0)
    assert not promises.acknowledge("a1", 2.0)
    promises.submit("a1", 1, 3.0)
    assert list(promises.latencies) == [2.0]


def test_a_revision_is_another_coming_and_the_same_one_again_is_doubled() -> None:
    promises = Promises()
    promises.submit("a1", 1, 1.0)
    promises.submit("a1", 2, 2.0)
    assert promises.doubled == []
    promises.submit("a1", 2, 3.0)
    assert promises.doubled == ["a1"]
    assert promises.submitted == 2


def test_a_percentile_is_one_of_the_values() -> None:
    values = [number / 1000 for number in range(1, 101)]
    assert percentile_ms(values, 50) == 50
    assert percentile_ms(values, 99) == 99
    assert percentile_ms([0.007], 99) == 7
    assert percentile_ms([], 50) is None


def event(number: int, kind: str, **data: Any) -> Event:
    return Event(f"m0-{number}-0-0", kind, 1, data)


def test_the_tally_counts_what_the_host_is_told() -> None:
    tally = Tally()
    tally.promises.acknowledge("a1", 1.0)
    tally.hear(event(1, "application.submitted", application="a1", state="submitted"), 1.5)
    tally.hear(event(2, "application.waitlisted", application="a1", state="waitlisted"), 1.5)
    assert tally.waiting == 1
    tally.hear(event(3, "application.matched", application="a1", state="matched", reason="next-in-line"), 1.6)
    tally.hear(event(4, "offer.made", offer="o1"), 1.7)
    tally.hear(event(5, "offer.answered", offer="o1", accept=False), 1.8)
    found = tally.summary()
    expected = {
        "applications": 1, "submitted": 1, "matched": 1, "waiting": 0, "promoted": 1, "offers": 1, "accepted": 0,
        "declined": 1, "lapsed": 0, "latency_ms": {"p50": 500.0, "p99": 500.0},
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert tally.faultless


def test_latency_of_the_newest_forgets_the_start() -> None:
    tally = Tally()
    for number in range(100):
        tally.promises.acknowledge(f"a{number}", number)
        tally.promises.submit(f"a{number}", 1, number + (1.0 if number < 90 else 0.002))
    assert tally.latency(10) == {"p50": 2.0, "p99": 2.0}
    assert tally.latency() == {"p50": 1000.0, "p99": 1000.0}


def test_any_fault_of_any_socket_is_one_of_the_whole() -> None:
    for spoil in ("missing", "doubled", "hole", "contradicted"):
        tally = Tally()
        witness = tally.witness("job:j1")
        witness.begin(0)
        match spoil:
            case "missing":
                tally.promises.acknowledge("a1", 1.0)
            case "doubled":
                witness.see(1, 0, "x")
                witness.see(2, 1, "x")
            case "hole":
                witness.see(5, 3, "x")
            case _:
                tally.contradicted.append("c1")
        assert not tally.faultless, spoil


def test_refusals_are_counted_by_their_type() -> None:
    tally = Tally()
    tally.refuse(Problem(409, {"type": "urn:livefair:problem:fair-closed"}))
    tally.refuse(Unavailable("nobody answered"))
    assert tally.refused == {"fair-closed": 1, "Unavailable": 1}
