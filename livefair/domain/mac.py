"""HMAC-SHA-256 (RFC 2104) under keys that stay: what depends on the key alone is computed once.

The standard library prepares the key each time, which takes two thirds of a short message's time; a sign-up has five.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


@lru_cache(maxsize=16)
def _prepared(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    short = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
    padded = short.ljust(_BLOCK, b"\x00")
    return hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))


def mac(key: bytes, message: bytes) -> bytes:
    """The 32 bytes that `hmac.digest(key, message, "sha256")` gives. A program has few keys: sixteen are kept."""
    inner, outer = _prepared(key)
    first, second = inner.copy(), outer.copy()
    first.update(message)
    second.update(first.digest())
    return second.digest()
