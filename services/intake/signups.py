"""Signing up: the hot path. Checked, sealed, appended, acknowledged; then, and only then, 202.

A retry with the same key is the same sign-up: the same holder, the same token, the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from livefair.domain import ids
from livefair.domain.access import Claims
from livefair.domain.people import mask_name
from livefair.logs import detail
from livefair.wire.codec import encode
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import SignedUp
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATE_KEYS, CANDIDATES
from services.intake import access, metrics, people
from services.intake.door import Door
from services.intake.index import Claim, entry_name
from services.intake.log import Record
from services.intake.models import SignedUpAnswer, SignUp
from services.intake.operations import Answer, Call, operation
from services.intake.problems import FieldError, invalid, shown
from services.intake.receipts import Receipt, answer_of, read_receipt, receipt_of

KIND = "person.signed-up"
_KEY_KIND = "candidate-key.made"
log = structlog.get_logger(__name__)


@operation(
    "POST",
    "/v1/fairs/{fair}/signups",
    "Sign up at a fair, for jobs or for any",
    tag="sign-ups",
    body=SignUp,
    answers={202: SignedUpAnswer},
    problems=("not-found", "fair-closed", "key-reused", "key-in-flight", "unavailable"),
    bearer="optional",
    key="required",
)
async def sign_up(door: Door, call: Call) -> Answer:
    """Kafka has it on all in-sync replicas when this answers. What becomes of it is pushed on `channel`."""
    receipt = await take_on(door, call.path["fair"], call.key, call.body, call.claims)
    return Answer(202, answer_of(door.keyring.token, receipt))


async def take_on(door: Door, fair: str, key: str, body: SignUp, claims: Claims | None) -> Receipt:
    """Check a sign-up and bring it into Kafka. Raises Refused, Unavailable; then nothing of it counts."""
    if fair not in door.directory.board.fairs or not door.directory.board.fairs[fair].takes_sign_ups:
        await access.open_fair(door, fair, access.SIGN_UPS)
    said = people.read(body, door.codes)
    jobs = tuple(dict.fromkeys(body.jobs))
    if jobs:
        await _check_jobs(door, fair, jobs)
    prepared = prepare(door, fair, key, said, jobs, claims)
    kept = await door.submissions.submit(
        prepared.claim, (prepared.fact,), receipt_of(prepared.said), (prepared.data_key,)
    )
    metrics.SIGNUPS.inc()
    receipt = read_receipt(kept)
    if detail.on:
        log.debug("signed up", fair=fair, candidate=receipt.candidate, jobs=receipt.jobs)
    return receipt


async def _check_jobs(door: Door, fair: str, jobs: Sequence[str]) -> None:
    found = await door.directory.jobs(jobs)
    errors = [
        FieldError(("jobs", number), "unknown-job", {"value": shown(name)})
        for number, (name, job) in enumerate(zip(jobs, found, strict=True))
        if job is None or job.fair != fair
    ]
    if errors:
        raise invalid(*errors)


class Prepared(NamedTuple):
    """A sign-up ready for Kafka: its claim, its fact, and the two records; the data key's goes first."""

    claim: Claim
    said: SignedUp
    data_key: Record
    fact: Record


def prepare(
    door: Door, fair: str, key: str, said: people.Said, jobs: tuple[str, ...], claims: Claims | None
) -> Prepared:
    """Make the ids, seal, and put the records together. No I/O."""
    secret = door.keyring.identity
    contact = said.contact
    candidate = ids.candidate_id(secret, contact.phone, ids.folded_name(contact.name))
    presented = claims.holder if claims is not None and claims.is_candidate(candidate) else ""
    locked = door.sealer.seal(candidate, contact)
    hashed = door.keyed("key", key)
    fact = SignedUp(
        candidate=candidate,
        fair=fair,
        key=hashed,
        body=door.keyed_bytes("body", encode((contact, said.profile, said.consent, said.source, jobs))),
        issued=int(time.time()),
        holder=presented or ids.holder_id(secret, candidate, fair, key),
        mask=mask_name(contact.name),
        profile=said.profile,
        consent=said.consent,
        sealed=locked.sealed,
        jobs=jobs,
        presented=presented,
        source=said.source,
        tables=door.codes.release,
        by=claims.subject if claims is not None and claims.role == "office" else "",
    )
    name = candidate.encode()
    return Prepared(
        Claim(entry_name(fair, hashed), fact.body),
        fact,
        Record(
            CANDIDATE_KEYS,
            partition_of(CANDIDATE_KEYS, locked.key),
            locked.key.encode(),
            locked.value,
            fact_headers(locked.key, _KEY_KIND),
        ),
        Record(
            CANDIDATES,
            partition_of(CANDIDATES, candidate),
            name,
            encode(fact),
            fact_headers(f"{fair}.{hashed}", KIND),
        ),
    )
