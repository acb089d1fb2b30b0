"""The headers of a record: CloudEvents 1.0 in binary mode, and positions that can be read again."""

from __future__ import annotations

import pytest

from livefair.errors import UnreadableRecord
from livefair.wire.decisions import JobListed, OfferMade
from livefair.wire.envelope import (
    START,
    DecisionHeaders,
    Origin,
    Position,
    RoutedHeaders,
    Step,
    fact_headers,
    header,
    parse_origin,
    parse_position,
    position_text,
    rank_of,
)
from livefair.wire.topics import JOBS, MATCHES

ORIGIN = Origin("d", 3, 41, 2, 1)


def test_the_headers_that_cloudevents_requires() -> None:
    """CloudEvents 1.0, Kafka binding 1.0.2: specversion, id, source and type, each with the prefix `ce_`."""
    every = [
        fact_headers("k1", "person.signed-up"),
        RoutedHeaders(JOBS).of(ORIGIN.text(), "application.made"),
        DecisionHeaders(MATCHES).of("m0-1-0", JobListed, "1.0.1.-1.0.1.2026-11", None),
    ]
    for headers in every:
        names = [name for name, _ in headers]
        assert {"ce_specversion", "ce_id", "ce_source", "ce_type", "content-type"} <= set(names)
        assert len(names) == len(set(names))
        assert header(headers, "ce_specversion") == b"1.0"
        assert header(headers, "content-type") == b"application/json"


def test_a_fact() -> None:
    headers = fact_headers("k1", "person.signed-up")
    assert header(headers, "ce_id") == b"k1"
    assert header(headers, "ce_source") == b"/livefair/intake"
    assert header(headers, "ce_type") == b"person.signed-up"
    assert header(headers, "ce_origin") is None


def test_a_routed_record_is_named_by_its_origin() -> None:
    headers = RoutedHeaders(JOBS).of(ORIGIN.text(), "application.made")
    assert header(headers, "ce_id") == header(headers, "ce_origin") == b"d3-41-2-1"
    assert header(headers, "ce_source") == b"/livefair/jobs"


def test_a_decision_says_where_it_stands() -> None:
    made = DecisionHeaders(MATCHES)
    position = position_text(41, 2, 3, Step(41, 1), 7, "2026-11")
    first = made.of("m3-41-2", JobListed, position, ORIGIN.text().encode())
    assert header(first, "ce_position") == b"41.2.3.41.1.7.2026-11"
    assert header(first, "ce_origin") == b"d3-41-2-1"
    assert header(first, "ce_type") == b"job.listed"
    assert header(first, "ce_source") == b"/livefair/matches"
    other = made.of("m3-42-0", OfferMade, position, None)
    assert header(other, "ce_type") == b"offer.made"
    assert header(other, "ce_origin") is None
    assert header(made.of("m3-43-0", JobListed, position, None), "ce_type") == b"job.listed"


def test_a_position_is_read_again() -> None:
    assert parse_position(b"41.2.3.-1.0.7.2026-11") == Position(Step(41, 2), 3, START, 7, "2026-11")
    assert parse_position(b"0.0.1.-1.0.1.a.b").rules == "a.b"


def test_an_origin_is_read_again() -> None:
    assert parse_origin(b"d3-41-2-1") == ORIGIN
    assert (ORIGIN.upstream, ORIGIN.rank) == (("d", 3), (41, 2, 1))
    assert rank_of(b"d3-41-2-1") == (b"d3", (41, 2, 1))


def test_origins_of_one_log_rise_in_its_order() -> None:
    ranks = [rank_of(text)[1] for text in (b"d3-9-0-0", b"d3-10-0-0", b"d3-10-0-1", b"d3-10-1-0", b"d3-11-0-0")]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    "text", [b"", b"d3", b"d3-1-2", b"d3-1-2-3-4", b"3-1-2-3", b"d-1-2-3", b"dx-1-2-3", b"d3-1-2-x", b"-1-2-3", b"\xff"]
)
def test_no_origin(text: bytes) -> None:
    for read in (parse_origin, rank_of):
        with pytest.raises(UnreadableRecord, match=r"ce_origin (is not|names no)"):
            read(text)


@pytest.mark.parametrize("text", [b"q3-1-2-3", b"q99-1-2-3"])
def test_an_origin_of_no_log_of_ours(text: bytes) -> None:
    for read in (parse_origin, rank_of):
        with pytest.raises(UnreadableRecord, match="names no log of ours"):
            read(text)


@pytest.mark.parametrize(
    "text", [b"", b"1.2.3", b"1.2.3.4.5.6", b"1.2.3.4.5.x.r", b"a.2.3.4.5.6.r", b"\xff.2.3.4.5.6.r"]
)
def test_no_position(text: bytes) -> None:
    with pytest.raises(UnreadableRecord, match="ce_position is not"):
        parse_position(text)
