"""Fairs: created, moved from state to state, a job pinned, read."""

from __future__ import annotations

import datetime as dt

import msgspec
import orjson

from livefair.domain.fairs import MOVES, Fair
from livefair.domain.ids import fair_id
from livefair.domain.jobs import Job
from livefair.wire.facts import FairChanged, FairScheduled
from livefair.wire.topics import FAIRS
from services.intake.access import fair_of, forbidden, own_fair
from services.intake.door import Door
from services.intake.log import record_of
from services.intake.models import FairAnswer, FairChange, FairIn, FairShown
from services.intake.operations import Answer, Call, operation
from services.intake.problems import FieldError, Refused, invalid, shown
from services.intake.versions import etag_of, matches


def fair_json(fair: Fair, jobs: list[Job]) -> bytes:
    """The fair as everyone may see it, every field of its jobs too; but not whose token created it."""
    return orjson.dumps(
        {
            "fair": fair.fair,
            "title": fair.title,
            "starts": fair.starts,
            "host": fair.host,
            "state": fair.state,
            "pinned": fair.pinned,
            "jobs": [{name: msgspec.to_builtins(getattr(job, name)) for name in job.__struct_fields__} for job in jobs],
        }
    )


def _shown_now(door: Door, fair: Fair) -> bytes:
    return fair_json(fair, door.directory.board.jobs_of(fair.fair))


@operation(
    "POST",
    "/v1/fairs",
    "Create a fair",
    tag="fairs",
    body=FairIn,
    answers={201: FairAnswer},
    roles=("host", "operator"),
    problems=("forbidden", "key-reused", "key-in-flight", "unavailable"),
    key="optional",
)
async def create_fair(door: Door, call: Call) -> Answer:
    """Whoever creates a fair runs it."""
    claims, body = call.who(), call.body
    if claims.role not in ("host", "operator"):
        forbidden("host", claims)
    if not _is_time(body.starts):
        raise invalid(FieldError(("starts",), "not-a-time"))
    fair = Fair(
        fair_id(door.random("fair", claims.subject, call.key)), body.title, body.host, claims.subject, body.starts
    )
    answer = orjson.dumps({"fair": fair.fair})
    headers = {"Location": f"/v1/fairs/{fair.fair}"}
    if call.key and (there := await door.directory.fair(fair.fair)) is not None:
        # A repeat that the index may no longer know: its id comes from the key.
        if (there.title, there.host, there.starts) != (fair.title, fair.host, fair.starts):
            raise Refused("key-reused")
        return Answer(201, answer, headers)
    record = record_of(FAIRS, fair.fair, FairScheduled(fair), "fair.scheduled", door.new_id())
    outcome = await door.submissions.submit(door.claim(f"@{claims.subject}", call), (record,), answer)
    await door.noticed()
    return Answer(201, outcome, headers)


def _is_time(text: str) -> bool:
    try:
        return dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


@operation(
    "GET",
    "/v1/fairs/{fair}",
    "A fair and its jobs",
    tag="fairs",
    answers={200: FairShown, 304: None},
    problems=("not-found", "unavailable"),
    bearer="none",
)
async def read_fair(door: Door, call: Call) -> Answer:
    """Public."""
    body = _shown_now(door, await fair_of(door, call.path["fair"]))
    headers = {"ETag": etag_of(body), "Cache-Control": "no-cache"}
    if matches(call.headers.get("If-None-Match", ""), headers["ETag"]):
        return Answer(304, b"", headers)
    return Answer(200, body, headers)


@operation(
    "PATCH",
    "/v1/fairs/{fair}",
    "Move a fair to another state, pin a job, or both",
    tag="fairs",
    body=FairChange,
    answers={200: FairShown},
    roles=("host", "operator"),
    problems=("forbidden", "not-found", "illegal-move", "changed-meanwhile", "unavailable"),
)
async def change_fair(door: Door, call: Call) -> Answer:
    """Saying it again changes nothing, so no key is needed."""
    claims, body, identifier = call.who(), call.body, call.path["fair"]
    await own_fair(door, claims, identifier)
    pins = "pinned" in body.model_fields_set
    if body.state is None and not pins:
        raise invalid(FieldError((), "nothing-to-change"))
    async with door.alone(identifier):
        await door.directory.catch_up()
        fair = await fair_of(door, identifier)
        check_version(call, _shown_now(door, fair))
        _check_change(door, fair, body)
        pinned = None if not pins else body.pinned or ""
        fact = FairChanged(fair.fair, claims.subject, body.state, pinned)
        await door.submissions.submit(None, (record_of(FAIRS, fair.fair, fact, "fair.changed", door.new_id()),), b"")
        await door.directory.catch_up()
    shown_now = _shown_now(door, await fair_of(door, identifier))
    return Answer(200, shown_now, {"ETag": etag_of(shown_now)})


def check_version(call: Call, shown_now: bytes) -> None:
    """If-Match, where it was sent. Raises Refused (changed-meanwhile)."""
    condition = call.headers.get("If-Match")
    if condition is not None and not matches(condition, etag_of(shown_now)):
        raise Refused("changed-meanwhile", headers={"ETag": etag_of(shown_now)})


def _check_change(door: Door, fair: Fair, body: FairChange) -> None:
    if body.state is not None and not fair.may_become(body.state):
        allowed = ", ".join(sorted(MOVES[fair.state])) or "-"
        raise Refused("illegal-move", values={"was": fair.state, "to": body.state, "allowed": allowed})
    if body.pinned is not None:
        job = door.directory.board.jobs.get(body.pinned)
        if job is None or job.fair != fair.fair:
            raise invalid(FieldError(("pinned",), "unknown-job", {"value": shown(body.pinned)}))
