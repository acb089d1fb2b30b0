"""Where a rebuild begins, what a record must be, when a feeder is stuck."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from livefair.errors import Unavailable, UnreadableRecord
from livefair.reading import Bounds
from livefair.wire.codec import encode
from livefair.wire.envelope import Headers
from livefair.wire.feed import FeedRecord
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from livefair.wire.views import Checkpoint, RowKey, row_key
from services.feeder.publications import read
from services.feeder.rebuild import Start, choose_start
from services.feeder.views import Saved, flat
from services.feeder.watch import STUCK_AFTER, Watch

POINT = Checkpoint("e", 5000, {"m0": "9-0-0"})


@pytest.mark.parametrize(
    ("bounds", "point", "start"),
    [
        (Bounds(0, 100), None, Start(0, {})),  # nothing saved: from the beginning
        (Bounds(40, 100), None, Start(40, {})),
        (Bounds(0, 6000), POINT, Start(0, {})),  # short: whole, and the saved origins are of later
        (Bounds(0, 900_000), POINT, Start(5000, POINT.origins)),  # long: from the checkpoint
        (Bounds(6000, 900_000), POINT, Start(6000, POINT.origins)),  # expired beyond it
        (Bounds(5000, 5010), POINT, Start(5000, POINT.origins)),
    ],
)
def test_where_a_rebuild_begins(bounds: Bounds, point: Checkpoint | None, start: Start) -> None:
    assert choose_start(bounds, point, whole=100_000) == start


def test_rows_of_views_are_restored_but_for_offsets_that_the_feed_will_give() -> None:
    saved = Saved({RowKey("fair:f1", "job/1"): b"{}"}, {"fair:f1": 7, "fair:f2": 12}, None)
    assert list(flat(saved, before=10)) == ["fair:f1", "", 7, "fair:f1", "job/1", b"{}"]


def test_a_row_key_reads_as_it_was_written() -> None:
    for key in (RowKey("fair:f1:host", "application/a1-1"), RowKey("fair:f1", ""), RowKey("fair:f1", "odd|name")):
        assert row_key(key.text()) == key


def record(key: bytes | None, value: bytes | None, headers: Headers | None = None, partition: int | None = None) -> Any:
    if partition is None:
        partition = partition_of(FEED, (key or b"").decode("utf-8", "replace"))
    return SimpleNamespace(key=key, value=value, headers=headers or [], partition=partition, offset=3)


GOOD = encode(FeedRecord("must", cast("Any", __import__("msgspec").Raw(b'{"id": "1"}')), "job/1"))


def test_a_publication_is_read_without_touching_its_event() -> None:
    found = read(record(b"fair:f1", GOOD, [("ce_origin", b"m3-12-1-0")]))
    assert found == ((3, "fair:f1", "must", "job/1", "m3", 12, 1, 0, "-"), b'{"id": "1"}')
    assert read(record(b"fair:f1", GOOD)).head[4:] == ("", 0, 0, 0, "-")


@pytest.mark.parametrize(
    ("key", "value", "headers", "partition", "reason"),
    [
        (None, GOOD, [], 0, "the key is no channel"),
        (b"\xff", GOOD, [], 0, "the key is no channel"),
        (b"fair:f1", None, [], None, "no value"),
        (b"fair:f1", b"{", [], None, "truncated"),
        (b"fair:f1", b'{"class":"loud","event":{}}', [], None, "loud"),
        (b"fair:f1", GOOD, [("ce_origin", b"nonsense")], None, "ce_origin"),
        (b"fair:f1", GOOD, [], (partition_of(FEED, "fair:f1") + 1) % 8, "does not belong"),
    ],
)
def test_what_is_no_publication_says_why(
    key: bytes | None, value: bytes | None, headers: Headers, partition: int | None, reason: str
) -> None:
    with pytest.raises(UnreadableRecord, match=reason):
        read(record(key, value, headers, partition))


def test_standing_still_with_records_waiting_ends_it_and_nothing_else_does() -> None:
    shard: Any = SimpleNamespace(partition=0, position=10, live=True, since=0)
    store: Any = SimpleNamespace(connected=True)
    watch = Watch(cast("Any", None), [shard], store)
    for _ in range(3 * STUCK_AFTER):
        watch.look(shard, 10)  # nothing waits
    store.connected = False
    for _ in range(3 * STUCK_AFTER):
        watch.look(shard, 20)  # Valkey is away
    store.connected = True
    for _ in range(STUCK_AFTER - 1):
        watch.look(shard, 20)
    shard.position = 11
    for _ in range(STUCK_AFTER):
        watch.look(shard, 20)  # it moved
    with pytest.raises(Unavailable, match="partition 0 of feed has stood at 11"):
        watch.look(shard, 20)
