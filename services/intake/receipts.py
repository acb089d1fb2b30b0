"""What a sign-up was told: the few facts that give its answer again, byte for byte, from the index or from the log."""

from __future__ import annotations

import msgspec
import orjson

from livefair import tokens
from livefair.domain.access import Claims
from livefair.domain.ids import application_id
from livefair.errors import UnreadableRecord
from livefair.wire.channels import candidate_channel
from livefair.wire.facts import SignedUp


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """Who signed up, whose token it is, since when (Unix s), and for which jobs."""

    candidate: str
    holder: str
    issued: int
    jobs: tuple[str, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Receipt).decode


def receipt_of(fact: SignedUp) -> bytes:
    """The receipt of a fact, as the index keeps it."""
    return _encode(Receipt(fact.candidate, fact.holder, fact.issued, fact.jobs))


def read_receipt(kept: bytes) -> Receipt:
    """What `receipt_of` wrote. Raises UnreadableRecord."""
    try:
        return _decode(kept)
    except msgspec.DecodeError as error:
        raise UnreadableRecord(f"a receipt in the index cannot be read: {error}") from None


def token_of(secret: bytes, receipt: Receipt) -> str:
    """The person's token; the same receipt gives the same one."""
    claims = Claims("candidate", receipt.candidate, (), receipt.holder)
    return tokens.mint(secret, claims, receipt.issued)


def answer_of(secret: bytes, receipt: Receipt) -> bytes:
    """The body of the 202."""
    candidate = receipt.candidate
    return orjson.dumps(
        {
            "candidate": candidate,
            "token": token_of(secret, receipt),
            "applications": [{"id": application_id(candidate, job), "job": job} for job in receipt.jobs],
            "channel": candidate_channel(candidate),
        }
    )
