"""How every id is made. An id is opaque to clients; to us it is a pure function of what it names.

An application's id is made of its person and its job, an offer's of those and a number, so that a repeat gives the
same id and a door can route a call by the id alone. Letters are Crockford's base 32, lower case: read aloud they
cannot be mistaken.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from livefair.domain.mac import mac

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_BODY = 16
"""Letters of a derived id: 80 bits, so that a million people collide with a chance below 10⁻¹²."""
RANDOM_BYTES = 10
"""Random bytes of a new id: 16 letters, as long as a derived one."""


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def spell(data: bytes) -> str:
    """Bytes (a multiple of five) as lower-case Crockford base 32, eight letters for each five bytes."""
    pairs, spelt = _PAIRS, ""
    # Two letters a look-up, and numbers that fit a machine word: a sign-up spells six ids.
    for at in range(0, len(data), 5):
        five = int.from_bytes(data[at : at + 5], "big")
        spelt += pairs[five >> 30] + pairs[five >> 20 & 1023] + pairs[five >> 10 & 1023] + pairs[five & 1023]
    return spelt


def _digest(secret: bytes, *parts: str) -> str:
    return spell(mac(secret, "\x00".join(parts).encode())[: _BODY * 5 // 8])


def candidate_id(secret: bytes, phone: str, name: str) -> str:
    """`phone` in E.164, `name` as `folded_name` gives it: the same two are the same person."""
    return "c" + _digest(secret, "candidate", phone, name)


def holder_id(secret: bytes, candidate: str, fair: str, key: str) -> str:
    """Who made a sign-up. Derived from its Idempotency-Key, so that a retry is the same holder."""
    return "h" + _digest(secret, "holder", candidate, fair, key)


def folded_name(name: str) -> str:
    """A name as ids compare it: no spaces, no case, one form of each letter; so 张 丽 and 张丽 are one.

    A keyboard may compose é or write it in two code points, and write Latin letters wide: NFKC makes them the same.
    """
    return unicodedata.normalize("NFKC", "".join(unicodedata.normalize("NFKC", name).casefold().split()))


def keyed_hash(secret: bytes, purpose: str, data: bytes) -> str:
    """A hash of personal content that says nothing to whoever lacks the secret (24 letters)."""
    return spell(mac(secret, purpose.encode() + b"\x00" + data)[:15])


def fair_id(random: bytes) -> str:
    """A new fair's id, from RANDOM_BYTES random bytes."""
    return "f" + spell(random[:RANDOM_BYTES])


def job_id(random: bytes) -> str:
    """A new job's id, from RANDOM_BYTES random bytes."""
    return "j" + spell(random[:RANDOM_BYTES])


def application_id(candidate: str, job: str) -> str:
    """One application per (person, job): the id is the two."""
    return f"a{candidate[1:]}-{job[1:]}"


def offer_id(candidate: str, job: str, random: bytes) -> str:
    """A new offer to a person for a job, from RANDOM_BYTES random bytes."""
    return f"o{candidate[1:]}-{job[1:]}-{spell(random[:RANDOM_BYTES])}"


class Named(NamedTuple):
    """Whom and what an application's or an offer's id names."""

    candidate: str
    job: str


def named_by(identifier: str) -> Named | None:
    """The person and the job in an application's or an offer's id; None where it is neither."""
    parts = identifier[1:].split("-")
    wanted = {"a": 2, "o": 3}.get(identifier[:1])
    if wanted != len(parts) or not all(part and part.isalnum() and part.isascii() for part in parts):
        return None
    return Named("c" + parts[0], "j" + parts[1])
