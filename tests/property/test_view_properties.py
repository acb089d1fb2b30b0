"""A snapshot and the publications after its offset give a fresh snapshot."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from livefair.wire.codec import Codec, encode
from livefair.wire.feed import FeedRecord, View, view_of

entities = st.sampled_from(["", "fair", "job/j1", "application/a1", "application/a2", "ticker"])
events = st.integers(0, 99).map(lambda n: msgspec.Raw(b'{"id":"%d"}' % n))
records = st.lists(
    st.builds(FeedRecord, st.sampled_from(["must", "latest", "sample"]), events, entities), max_size=30
).flatmap(
    lambda said: st.lists(st.integers(1, 5), min_size=len(said), max_size=len(said)).map(
        lambda steps: [(sum(steps[: n + 1]), record) for n, record in enumerate(said)]
    )
)
codec: Codec[FeedRecord] = Codec(FeedRecord)


def shown(view: View) -> tuple[int, dict[str, bytes]]:
    return view.offset, {entity: bytes(event) for entity, event in view.entities.items()}


@given(records, st.integers(0, 30), st.integers(0, 30))
def test_a_snapshot_and_what_follows_is_a_fresh_snapshot(
    said: list[tuple[int, FeedRecord]], cut: int, overlap: int
) -> None:
    snapshot = view_of(said[:cut])
    # What follows may begin before the snapshot's offset: a client that resumed, a rebuild from a checkpoint.
    for offset, record in said[max(0, cut - overlap) :]:
        snapshot.apply(offset, record)
    assert shown(snapshot) == shown(view_of(said))


@given(records)
def test_an_event_is_passed_on_byte_for_byte(said: list[tuple[int, FeedRecord]]) -> None:
    for _, record in said:
        again = codec.decode(encode(record))
        assert (again.class_, bytes(again.event), again.entity) == (record.class_, bytes(record.event), record.entity)
