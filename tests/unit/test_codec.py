"""The codec: what a record looks like on the wire, and why one that is not ours cannot be read."""

from __future__ import annotations

import datetime as dt

import pytest

from livefair.errors import UnreadableRecord
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import Counts
from livefair.wire.facts import Applied, CandidateFact, JobFact, JobStated
from tests.support.matching import job

CANDIDATES: Codec[CandidateFact] = Codec(CandidateFact)
JOBS: Codec[JobFact] = Codec(JobFact)


def test_a_record_names_its_type_first() -> None:
    value = encode(Applied(candidate="c1", fair="f1", job="j1", holder="h1"))
    assert value == b'{"type":"person.applied","candidate":"c1","fair":"f1","job":"j1","holder":"h1"}'


def test_chinese_is_written_as_it_is() -> None:
    assert "住家育儿嫂".encode() in encode(JobStated(job()))


def test_what_is_as_by_default_is_not_written_and_comes_back() -> None:
    plain = job(rest_days=None, languages=(), seats=1)
    value = encode(JobStated(plain))
    assert b"rest_days" not in value
    assert b"languages" not in value
    assert b"seats" not in value
    assert JOBS.decode(value) == JobStated(plain)


def test_a_date_is_a_date() -> None:
    decoded = JOBS.decode(encode(JobStated(job(start_window=(dt.date(2024, 2, 29), dt.date(2026, 12, 31))))))
    assert isinstance(decoded, JobStated)
    assert decoded.job.start_window == (dt.date(2024, 2, 29), dt.date(2026, 12, 31))


def test_counts_are_written_without_names() -> None:
    assert encode(Counts(2, 1, 9, 3, 4)) == b"[2,1,9,3,4]"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no value"),
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"not json", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `type`"),
        (b'{"type":"person.flew"}', "Invalid value 'person.flew'"),
        (b'{"type":"person.applied","candidate":"c1"}', "missing required field `fair`"),
        (b'{"type":"person.applied","candidate":1,"fair":"f1","job":"j1","holder":"h1"}', r"\$.candidate"),
        (b'{"type":"person.applied","candidate":"\xff","fair":"f1","job":"j1","holder":"h1"}', "utf-8"),
        (b'{"type":"person.applied","later":' + b"[" * 100_000, "recursion"),
    ],
)
def test_what_cannot_be_read_says_why(value: bytes | None, why: str) -> None:
    with pytest.raises(UnreadableRecord, match=why):
        CANDIDATES.decode(value)


def test_a_day_that_never_was_cannot_be_read() -> None:
    value = encode(JobStated(job())).replace(b"2026-11-25", b"2026-02-30")
    with pytest.raises(UnreadableRecord, match="start_window"):
        JOBS.decode(value)


def test_a_record_of_another_topic_cannot_be_read() -> None:
    with pytest.raises(UnreadableRecord, match=r"job\.stated"):
        CANDIDATES.decode(encode(JobStated(job())))
