"""What an employer does about people: interested or not, an offer, and the contact once it is allowed.

A clear name and number leave this process only after the reading is on record in Kafka, and only with consent.
"""

from __future__ import annotations

import asyncio

import orjson

from livefair.domain.applications import HOLDS_SLOT
from livefair.domain.ids import application_id, named_by, offer_id
from livefair.domain.jobs import Job
from livefair.errors import Unavailable
from livefair.sealing import Contact, record_key
from livefair.wire.channels import candidate_channel, job_channel
from livefair.wire.facts import ContactRead, InterestExpressed, OfferRequested
from livefair.wire.topics import CANDIDATES, JOBS
from services.intake import access
from services.intake.door import Door
from services.intake.log import record_of
from services.intake.models import ContactShown, InterestAnswer, InterestIn, OfferAnswer, OfferIn
from services.intake.operations import Answer, Call, operation
from services.intake.problems import FieldError, Refused, invalid, no_such

UNSEALED_WITHIN_S = 25.0
"""A cold reading goes through a partition of the log; whoever waits longer asks again."""


def _candidate(identifier: str, job: Job) -> str:
    """The application's id, where the candidate's is one. Raises Refused (invalid-fields)."""
    application = application_id(identifier, job.job)
    if identifier[:1] != "c" or named_by(application) is None:
        wanted = {"en": "a candidate's id, c…", "zh-CN": "求职者编号 c…"}
        raise invalid(FieldError(("candidate",), "bad-form", {"wanted": wanted}))
    return application


@operation(
    "POST",
    "/v1/jobs/{job}/interests",
    "Say that a person is of interest, or not",
    tag="jobs",
    body=InterestIn,
    answers={202: InterestAnswer},
    roles=("employer",),
    problems=("forbidden", "not-found", "key-reused", "key-in-flight", "unavailable"),
    key="optional",
)
async def express_interest(door: Door, call: Call) -> Answer:
    """The last word counts, also about a person who has not applied yet."""
    claims, body = call.who(), call.body
    job = await access.own_job(door, claims, call.path["job"])
    application = _candidate(body.candidate, job)
    fact = InterestExpressed(job.job, body.candidate, body.interested, claims.subject)
    record = record_of(JOBS, job.job, fact, "interest.expressed", door.new_id())
    answer = orjson.dumps({"application": application, "interested": body.interested})
    return Answer(202, await door.submissions.submit(door.claim(job.fair, call), (record,), answer))


@operation(
    "POST",
    "/v1/jobs/{job}/offers",
    "Offer a person a seat",
    tag="offers",
    body=OfferIn,
    answers={202: OfferAnswer},
    roles=("employer",),
    problems=("forbidden", "not-found", "key-reused", "key-in-flight", "unavailable"),
    key="optional",
)
async def make_offer(door: Door, call: Call) -> Answer:
    """The id comes before the decision: `offer.made`, or `offer.refused` with the reason."""
    claims, body = call.who(), call.body
    job = await access.own_job(door, claims, call.path["job"])
    _candidate(body.candidate, job)
    offer = offer_id(body.candidate, job.job, door.random("offer", job.job, call.key))
    fact = OfferRequested(job.job, body.candidate, offer, body.expires_s, claims.subject)
    record = record_of(JOBS, job.job, fact, "offer.requested", door.new_id())
    answer = orjson.dumps({"offer": offer})
    return Answer(202, await door.submissions.submit(door.claim(job.fair, call), (record,), answer))


@operation(
    "GET",
    "/v1/applications/{application}/contact",
    "The clear name and number of a person who is matched and has agreed to it",
    tag="applications",
    answers={200: ContactShown},
    roles=("employer",),
    problems=("forbidden", "no-consent", "not-found", "not-matched", "forgotten", "not-whole", "unavailable"),
)
async def read_contact(door: Door, call: Call) -> Answer:
    """Every reading is recorded before it is answered, and the person sees it."""
    claims, identifier = call.who(), call.path["application"]
    named = named_by(identifier) if identifier[:1] == "a" else None
    if named is None:
        raise no_such("application")
    if not await _hires(door, call, named.job):
        raise no_such("application")
    row = await door.views.row(job_channel(named.job), f"application/{identifier}")
    if row is None:
        raise no_such("application")
    if row.data["state"] not in HOLDS_SLOT:
        raise Refused("not-matched", values={"was": row.data["state"]})
    contact = await _unseal(door, named.candidate)
    fact = ContactRead(named.candidate, named.job, claims.subject)
    record = record_of(CANDIDATES, named.candidate, fact, "contact.read", door.new_id())
    await door.submissions.submit(None, (record,), b"")
    shown = {"application": identifier, "candidate": named.candidate, "name": contact.name, "phone": contact.phone}
    return Answer(200, orjson.dumps(shown), {"Cache-Control": "no-store"})


async def _hires(door: Door, call: Call, job: str) -> bool:
    try:
        await access.own_job(door, call.who(), job)
    except Refused as refused:
        if refused.code == "not-found":
            return False
        raise
    return True


async def _unseal(door: Door, candidate: str) -> Contact:
    """The newest contact of a person. Raises Refused: no-consent, forgotten, not-found.

    Consent is that of whoever signed up first as the person: another who knows name and number cannot give it.
    """
    try:
        async with asyncio.timeout(UNSEALED_WITHIN_S):
            return await _newest(door, candidate)
    except TimeoutError:
        raise Unavailable("the log took too long to read") from None


async def _newest(door: Door, candidate: str) -> Contact:
    # Shielded: a reply to a command that is given up would be left for the next caller.
    (person,) = await asyncio.shield(door.views.rows(candidate_channel(candidate), ("person",)))
    facts = await door.history.sign_ups(candidate, 0 if person is None else person.data["record"])
    if not facts:
        raise no_such("application")
    first = facts[0].holder
    if not [fact for fact in facts if fact.holder == first][-1].consent.employers:
        raise Refused("no-consent")
    for fact in reversed(facts):
        wrapped = await door.history.data_key(record_key(candidate, fact.sealed.key_id))
        if wrapped is not None:
            return door.sealer.unseal(candidate, fact.sealed, wrapped)
    raise Refused("forgotten")
