"""What is written to a topic is what is read from it, and what is not ours is refused, never half understood."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import assume, given

from livefair.errors import UnreadableRecord
from livefair.wire.channels import Channel, parse_channel
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import DeskDecision, FairDecision, JobListed, MatchDecision
from livefair.wire.envelope import (
    DecisionHeaders,
    Origin,
    Position,
    RoutedHeaders,
    Step,
    header,
    origin_of,
    parse_origin,
    parse_position,
    position_text,
    rank_of,
)
from livefair.wire.facts import CandidateFact, FairFact, JobFact
from livefair.wire.feed import FeedRecord, Publication, View, view_of
from livefair.wire.partition import murmur2, partition_of
from livefair.wire.topics import BY_TAG, TOPICS, Topic
from tests.support.records import DOCUMENTS, RAW, TEXT, records

UNIONS = {
    "fairs": FairFact,
    "candidates": CandidateFact,
    "jobs": JobFact,
    "fair-decisions": FairDecision,
    "desk-decisions": DeskDecision,
    "matches": MatchDecision,
}
every_union = pytest.mark.parametrize("union", UNIONS.values(), ids=UNIONS.keys())

# ------------------------------------------------------------------------------------------------------------- codec


@every_union
@given(data=st.data())
def test_a_record_comes_back_as_it_was_written(union: Any, data: st.DataObject) -> None:
    record = data.draw(records(union))
    value = encode(record)
    assert Codec[Any](union).decode(value) == record
    assert json.loads(value)["type"] == type(record).__struct_config__.tag
    assert encode(Codec[Any](union).decode(value)) == value


@every_union
@given(data=st.data(), name=TEXT, added=DOCUMENTS)
def test_a_field_that_a_later_version_adds_is_passed_over(
    union: Any, data: st.DataObject, name: str, added: Any
) -> None:
    record = data.draw(records(union))
    written = json.loads(encode(record))
    assume(name not in {*record.__struct_fields__, "type"})
    assert Codec[Any](union).decode(json.dumps({**written, name: added}).encode()) == record


@every_union
@given(value=st.none() | st.binary(max_size=40) | DOCUMENTS.map(msgspec.json.encode))
def test_what_is_no_record_is_unreadable_and_nothing_else(union: Any, value: bytes | None) -> None:
    with pytest.raises(UnreadableRecord) as refused:
        Codec[Any](union).decode(value)
    assert refused.value.message
    assert "\n" not in refused.value.message


@every_union
@given(data=st.data())
def test_a_record_cut_short_is_unreadable(union: Any, data: st.DataObject) -> None:
    value = encode(data.draw(records(union)))
    with pytest.raises(UnreadableRecord):
        Codec[Any](union).decode(value[: data.draw(st.integers(0, len(value) - 1))])


@given(records(FeedRecord))
def test_a_feed_record_comes_back_as_it_was_written(record: FeedRecord) -> None:
    value = encode(record)
    back = Codec[FeedRecord](FeedRecord).decode(value)
    assert (back.class_, bytes(back.event), back.entity) == (record.class_, bytes(record.event), record.entity)
    assert json.loads(value)["class"] == record.class_


@given(records(Publication))
def test_a_publication_is_the_json_that_clients_are_promised(publication: Publication) -> None:
    assert json.loads(encode(publication)) == {
        "offset": publication.offset,
        "prev": publication.prev,
        "class": publication.class_,
        "event": json.loads(bytes(publication.event)),
    }


# ---------------------------------------------------------------------------------------------------------- envelope

COUNTS = st.integers(0, 2**63 - 1)
ORIGINS = st.builds(Origin, st.sampled_from(sorted(BY_TAG)), COUNTS, COUNTS, COUNTS, COUNTS)
STEPS = st.builds(Step, st.integers(-1, 2**63 - 1), COUNTS)
POSITIONS = st.builds(Position, STEPS, COUNTS, STEPS, COUNTS, st.text("0123456789.-abc", max_size=12))


def written(position: Position) -> bytes:
    """A position as a decision's header carries it."""
    step, size, before, epoch, rules = position
    return position_text(step.offset, step.nth, size, before, epoch, rules).encode()


@given(ORIGINS)
def test_an_origin_comes_back_as_it_was_written(origin: Origin) -> None:
    assert parse_origin(origin.text().encode()) == origin


@given(POSITIONS)
def test_a_position_comes_back_as_it_was_written(position: Position) -> None:
    assert parse_position(written(position)) == position


@given(ORIGINS | ORIGINS.map(lambda origin: origin._replace(partition=origin.partition % 10)))
def test_the_quick_rank_is_that_of_the_whole_origin(origin: Origin) -> None:
    text = origin.text().encode()
    if origin.partition < BY_TAG[origin.tag].partitions:
        assert rank_of(text) == (f"{origin.tag}{origin.partition}".encode(), origin.rank)
    else:
        with pytest.raises(UnreadableRecord):
            rank_of(text)


@given(ORIGINS, ORIGINS | ORIGINS.map(lambda origin: origin._replace(tag="m", partition=0, offset=origin.nth)))
def test_two_origins_of_one_log_are_one_only_if_they_rank_the_same(one: Origin, other: Origin) -> None:
    assert (one == other) == (one.upstream == other.upstream and one.rank == other.rank)
    assert (one == other) == (one.text() == other.text())


PIECES = st.sampled_from(("c1", "m0", "j99", "z0", "", "1", "-1", "+1", " 1", "1_0", "x", "99999999999999999999"))
OTHER_BYTES = st.binary(max_size=30) | st.builds(
    lambda mark, pieces: mark.join(pieces).encode(), st.sampled_from("-."), st.lists(PIECES, min_size=2, max_size=8)
)


@given(OTHER_BYTES)
def test_other_bytes_are_no_origin(text: bytes) -> None:
    try:
        origin = parse_origin(text)
    except UnreadableRecord:
        return
    # Only another spelling of the same numbers may be read.
    assert parse_origin(origin.text().encode()) == origin


@given(OTHER_BYTES)
def test_what_has_a_rank_is_an_origin(text: bytes) -> None:
    try:
        upstream, rank = rank_of(text)
    except UnreadableRecord:
        return
    origin = parse_origin(text)
    assert (upstream.decode(), rank) == (f"{origin.tag}{origin.partition}", origin.rank)


@given(OTHER_BYTES)
def test_other_bytes_are_no_position(text: bytes) -> None:
    try:
        position = parse_position(text)
    except UnreadableRecord:
        return
    assert parse_position(written(position)) == position


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=3)), max_size=6), st.sampled_from("abcd"))
def test_a_header_is_the_first_of_its_name(headers: list[tuple[str, bytes]], name: str) -> None:
    values = [value for key, value in headers if key == name]
    assert header(headers, name) == (values[0] if values else None)


@given(ORIGINS, st.sampled_from(TOPICS))
def test_headers_say_where_a_record_comes_from(origin: Origin, log: Topic) -> None:
    text = origin.text().encode()
    routed = RoutedHeaders(log).of(origin.text(), "application.made")
    decided = DecisionHeaders(log).of("m0-1-0", JobListed, "1.0.1.0.0.1.2026-11", text)
    unrouted = DecisionHeaders(log).of("m0-1-0", JobListed, "1.0.1.0.0.1.2026-11", None)
    assert (origin_of(routed), origin_of(decided), origin_of(unrouted)) == (text, text, None)
    assert origin_of(list(reversed(routed))) == text
    assert origin_of([]) is None


# --------------------------------------------------------------------------------------------------------- partition


@given(st.binary(max_size=70))
def test_the_hash_is_that_of_the_client_library(data: bytes) -> None:
    assert murmur2(data) == aiokafka_murmur2(data)


@given(st.text(max_size=40), st.sampled_from(TOPICS))
def test_the_partition_is_that_of_the_client_library(key: str, topic: Any) -> None:
    everywhere = list(range(topic.partitions))
    assert partition_of(topic, key) == DefaultPartitioner()(key.encode(), everywhere, everywhere)


# ---------------------------------------------------------------------------------------------------------- channels

IDS = st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True)
CHANNELS = st.builds(Channel, st.sampled_from(("fair", "host", "job", "candidate", "office")), IDS)


@given(CHANNELS)
def test_a_channel_is_read_from_its_name(channel: Channel) -> None:
    assert parse_channel(channel.name) == channel


@given(CHANNELS, CHANNELS)
def test_no_two_channels_have_one_name(one: Channel, other: Channel) -> None:
    assert (one == other) == (one.name == other.name)


@given(st.text(max_size=30) | st.text("fairjobcndteohs:~-0189\n", max_size=20) | CHANNELS.map(lambda each: each.name))
def test_a_name_that_is_read_is_the_name_of_what_was_read(name: str) -> None:
    channel = parse_channel(name)
    assert channel is None or channel.name == name


# -------------------------------------------------------------------------------------------------------------- feed

ENTITIES = st.sampled_from(("", "fair", "job/1", "job/2"))
LOGS = st.lists(
    st.tuples(st.integers(0, 5), st.builds(FeedRecord, st.just("must"), RAW, ENTITIES)),
    max_size=12,
)
"""A channel as (gap before it, record): offsets rise, with holes where other channels' records lie."""


def numbered(log: list[tuple[int, FeedRecord]]) -> list[tuple[int, FeedRecord]]:
    """The log with an offset for each record."""
    offset, found = -1, []
    for gap, record in log:
        offset += 1 + gap
        found.append((offset, record))
    return found


@given(LOGS, st.integers(0, 12), st.integers(0, 12))
def test_a_snapshot_and_what_came_after_it_is_a_fresh_snapshot(
    log: list[tuple[int, FeedRecord]], cut: int, back: int
) -> None:
    channel = numbered(log)
    view = view_of(channel[:cut])
    # Those who come back are sent some of it again: that changes nothing.
    for offset, record in channel[max(0, cut - back) :]:
        view.apply(offset, record)
    assert view == view_of(channel)


@given(LOGS)
def test_a_view_is_the_last_event_of_each_entity(log: list[tuple[int, FeedRecord]]) -> None:
    channel = numbered(log)
    expected = View(channel[-1][0] if channel else -1)
    for _, record in channel:
        if record.entity:
            expected.entities[record.entity] = record.event
    assert view_of(channel) == expected
