"""Which partition a key lives in: murmur2 as Kafka's Java client computes it, and nothing else.

Every producer passes the partition explicitly, so all programs, in any language, agree on it.
The hash is Python, about 2 µs for a new key; a key seen lately costs a look-up.
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack_from

from livefair.wire.topics import Topic

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit hash of `org.apache.kafka.common.utils.Utils.murmur2`, as an unsigned integer."""
    length, m, mask = len(data), _M, _MASK
    words, rest = length >> 2, length & 3
    h = _SEED ^ length
    for k in unpack_from(f"<{words}I", data):
        k = (k * m) & mask
        h = (h * m ^ (k ^ (k >> 24)) * m) & mask
    if rest:
        h = ((h ^ int.from_bytes(data[-rest:], "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=1 << 16)
def _partition(key: str, partitions: int) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def partition_of(topic: Topic, key: str) -> int:
    """The partition of `key` in `topic`, as Java's default partitioner chooses it."""
    return _partition(key, topic.partitions)
