"""Versions of what is shown: ETag, If-Match, If-None-Match (RFC 9110, section 13).

The same content has the same name, at every intake.
"""

from __future__ import annotations

import hashlib


def etag_of(body: bytes) -> str:
    """Names this version of a body."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def matches(condition: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names the version."""
    named = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return "*" in named or etag in named
