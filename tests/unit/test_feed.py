"""The feed's records and views, and the names of what is kept in Valkey."""

from __future__ import annotations

import msgspec

from livefair.wire import feed
from livefair.wire.codec import Codec, encode
from livefair.wire.feed import FeedRecord, Publication, View, view_of


def record(event: bytes, entity: str = "") -> FeedRecord:
    return FeedRecord("must", msgspec.Raw(event), entity)


def test_a_record_calls_its_class_class() -> None:
    assert encode(record(b'{"id":"e1"}', "job/j1")) == b'{"class":"must","event":{"id":"e1"},"entity":"job/j1"}'
    assert encode(record(b'{"id":"e1"}')) == b'{"class":"must","event":{"id":"e1"}}'


def test_an_event_is_carried_to_the_letter() -> None:
    event = b'{ "id" : "e1",  "data" : 1.50 }'
    decoded = Codec[FeedRecord](FeedRecord).decode(b'{"class":"latest","event":' + event + b"}")
    assert bytes(decoded.event) == event
    assert encode(Publication(7, 3, decoded.class_, decoded.event)) == (
        b'{"offset":7,"prev":3,"class":"latest","event":' + event + b"}"
    )


def test_a_later_event_replaces_the_row_of_its_entity() -> None:
    view = view_of([(3, record(b"1", "a")), (5, record(b"2", "b")), (9, record(b"3", "a"))])
    assert view == View(9, {"a": msgspec.Raw(b"3"), "b": msgspec.Raw(b"2")})


def test_an_event_without_entity_leaves_no_row_but_moves_the_offset() -> None:
    assert view_of([(3, record(b"1"))]) == View(3, {})


def test_what_was_applied_before_changes_nothing() -> None:
    view = view_of([(3, record(b"1", "a")), (5, record(b"2", "a"))])
    for offset in (0, 3, 5):
        view.apply(offset, record(b"9", "a"))
    assert view == View(5, {"a": msgspec.Raw(b"2")})


def test_a_channel_without_publications() -> None:
    assert view_of([]) == View(feed.NO_OFFSET, {})


def test_two_views_share_nothing() -> None:
    one, other = View(), View()
    one.apply(1, record(b"1", "a"))
    assert other.entities == {}


def test_names_in_valkey_do_not_meet() -> None:
    channel = "candidate:c9~h1"
    names = [
        feed.stream_key(channel),
        feed.view_key(channel),
        feed.push_key(channel),
        feed.last_key(3),
        feed.feeder_key(3),
    ]
    assert names == [
        "feed:candidate:c9~h1",
        "view:candidate:c9~h1",
        "push:candidate:c9~h1",
        "last:3",
        "feeder:3",
    ]
