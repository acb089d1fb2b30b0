"""Applications after the sign-up: one more job, withdrawn, read; and the person's answer to an offer.

The door names and routes; whether a move stands is decided by whoever owns the seat.
"""

from __future__ import annotations

from typing import Any

import orjson

from livefair.domain.access import Claims
from livefair.domain.applications import MOVES, ApplicationState
from livefair.domain.ids import Named, application_id, named_by
from livefair.wire.channels import host_channel, job_channel
from livefair.wire.facts import Applied, OfferAnswered, Withdrawn
from livefair.wire.topics import CANDIDATES
from services.intake import access
from services.intake.door import Door
from services.intake.log import record_of
from services.intake.models import AnswerAnswer, AnswerIn, ApplicationAnswer, ApplicationShown, Nothing
from services.intake.operations import Answer, Call, operation
from services.intake.problems import Refused, no_such
from services.intake.views import Event


def candidate_only(claims: Claims) -> None:
    """Raises Refused (forbidden) for every other role."""
    if claims.role != "candidate":
        access.forbidden("candidate", claims)


def _named(identifier: str, letter: str, what: str) -> Named:
    named = named_by(identifier) if identifier[:1] == letter else None
    if named is None:
        raise no_such(what)
    return named


@operation(
    "POST",
    "/v1/jobs/{job}/applications",
    "Apply for one more job of the fair",
    tag="applications",
    body=Nothing,
    answers={202: ApplicationAnswer},
    roles=("candidate",),
    problems=("forbidden", "not-found", "fair-closed", "key-reused", "key-in-flight", "unavailable"),
    key="optional",
)
async def apply(door: Door, call: Call) -> Answer:
    """The person has signed up before; the same job again is the same application."""
    claims = call.who()
    candidate_only(claims)
    job = await access.job_of(door, call.path["job"])
    await access.open_fair(door, job.fair, access.SIGN_UPS)
    key = door.keyed("key", call.key) if call.key else ""
    fact = Applied(claims.subject, job.fair, job.job, claims.holder, key)
    record = record_of(CANDIDATES, claims.subject, fact, "person.applied", door.new_id())
    answer = orjson.dumps({"application": application_id(claims.subject, job.job)})
    return Answer(202, await door.submissions.submit(door.claim(job.fair, call), (record,), answer))


async def _own_row(door: Door, claims: Claims, entity: str, what: str) -> Event:
    """A row of the channel that the person's token reads. Raises Refused (not-found)."""
    row = await door.views.row(await access.own_feed_key(door, claims), entity)
    if row is None:
        raise no_such(what)
    return row


@operation(
    "POST",
    "/v1/applications/{application}/withdraw",
    "Leave an application",
    tag="applications",
    body=Nothing,
    answers={202: ApplicationAnswer},
    roles=("candidate",),
    problems=("forbidden", "not-found", "illegal-move", "not-whole", "unavailable"),
    key="optional",
)
async def withdraw(door: Door, call: Call) -> Answer:
    """What it held goes to the next in line."""
    claims, identifier = call.who(), call.path["application"]
    candidate_only(claims)
    named = _named(identifier, "a", "application")
    if not claims.is_candidate(named.candidate):
        raise no_such("application")
    row = await _own_row(door, claims, f"application/{identifier}", "application")
    was: ApplicationState = row.data["state"]
    if was != "withdrawn" and "withdrawn" not in MOVES[was]:
        allowed = ", ".join(sorted(MOVES[was])) or "-"
        raise Refused("illegal-move", values={"was": was, "to": "withdrawn", "allowed": allowed})
    fact = Withdrawn(named.candidate, named.job, claims.holder)
    record = record_of(CANDIDATES, named.candidate, fact, "application.withdrawn", door.new_id())
    answer = orjson.dumps({"application": identifier})
    return Answer(202, await door.submissions.submit(door.claim(row.data["fair"], call), (record,), answer))


@operation(
    "POST",
    "/v1/offers/{offer}/answer",
    "Accept or decline an offer",
    tag="offers",
    body=AnswerIn,
    answers={202: AnswerAnswer},
    roles=("candidate",),
    problems=("forbidden", "not-found", "not-whole", "unavailable"),
    key="optional",
)
async def answer_offer(door: Door, call: Call) -> Answer:
    """Whether it came in time is pushed: `offer.answered`, or `offer.refused`."""
    claims = call.who()
    candidate_only(claims)
    return Answer(202, await take_answer(door, claims, call.path["offer"], call.body.accept, call))


async def take_answer(door: Door, claims: Claims, identifier: str, accept: bool, call: Call) -> bytes:
    """Bring an answer into Kafka. Raises Refused (not-found) where the offer is not theirs."""
    named = _named(identifier, "o", "offer")
    if not claims.is_candidate(named.candidate):
        raise no_such("offer")
    row = await _own_row(door, claims, f"offer/{identifier}", "offer")
    fact = OfferAnswered(named.candidate, named.job, identifier, claims.holder, accept)
    record = record_of(CANDIDATES, named.candidate, fact, "offer.answered", door.new_id())
    answer = orjson.dumps({"offer": identifier, "accept": accept})
    return await door.submissions.submit(door.claim(row.data["fair"], call), (record,), answer)


@operation(
    "GET",
    "/v1/applications/{application}",
    "An application: its state, place in line, explanation",
    tag="applications",
    answers={200: ApplicationShown},
    roles=("candidate", "employer", "host", "operator"),
    problems=("not-found", "not-whole", "unavailable"),
)
async def read_application(door: Door, call: Call) -> Answer:
    """The person sees the appeal of the job, employer and host the fit of the person."""
    claims, identifier = call.who(), call.path["application"]
    named = _named(identifier, "a", "application")
    feed_key = await _where_shown(door, claims, named)
    row = await door.views.row(feed_key, f"application/{identifier}")
    if row is None:
        raise no_such("application")
    shown: dict[str, Any] = dict(row.data)
    if shown["state"] == "waitlisted":
        (line,) = await door.views.rows(feed_key, (f"line/{named.job}",))
        if line is not None and line.time >= row.time and line.data["application"] == identifier:
            shown["place"] = line.data["place"]
    return Answer(200, orjson.dumps(shown), {"Cache-Control": "private, no-store"})


async def _where_shown(door: Door, claims: Claims, named: Named) -> str:
    """The feed key on which this token may see the application. Raises Refused (not-found)."""
    if claims.is_candidate(named.candidate):
        return await access.own_feed_key(door, claims)
    job = await door.directory.job(named.job) if claims.role != "candidate" else None
    fair = await door.directory.fair(job.fair) if job is not None else None
    if job is None or fair is None:
        raise no_such("application")
    if claims.hires_for(job.job, job.employer, job.fair):
        return job_channel(job.job)
    if access.runs(claims, fair):
        return host_channel(fair.fair)
    raise no_such("application")
