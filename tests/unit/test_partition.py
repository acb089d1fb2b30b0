"""The partition of a key, by the vectors of Kafka's own tests (UtilsTest.testMurmur2)."""

from __future__ import annotations

import pytest

from livefair.wire.partition import murmur2, partition_of
from livefair.wire.topics import CONTROL, JOBS, TOPICS


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_java(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


def test_the_sign_bit_is_dropped_before_the_modulo() -> None:
    """`toPositive(murmur2(key)) % partitions`: not the absolute value, and not the unsigned number."""
    assert partition_of(JOBS, "21") == (-973932308 & 0x7FFFFFFF) % JOBS.partitions == 4
    assert partition_of(JOBS, "abc") == 479470107 % JOBS.partitions == 3


def test_a_key_is_its_utf_8_bytes() -> None:
    assert partition_of(JOBS, "张丽") == (murmur2("张丽".encode()) & 0x7FFFFFFF) % JOBS.partitions


def test_every_partition_is_used_and_none_beyond() -> None:
    for topic in TOPICS:
        used = {partition_of(topic, f"key-{number}") for number in range(500)}
        assert used == set(range(topic.partitions))
    assert CONTROL.partitions == 1
