"""Jobs: opened at a fair, their seats changed, paused and resumed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import orjson

from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.domain.ids import job_id
from livefair.domain.jobs import Job
from livefair.domain.pay import PayBand
from livefair.wire.facts import JobChanged, JobOpened
from livefair.wire.topics import FAIRS
from services.intake import access
from services.intake.codes import Codes
from services.intake.door import Door
from services.intake.fairs import check_version
from services.intake.log import record_of
from services.intake.models import JobAnswer, JobChange, JobIn, JobShown
from services.intake.operations import Answer, Call, operation
from services.intake.problems import FieldError, Refused, invalid, no_such
from services.intake.versions import etag_of


def read_job(body: JobIn, fair: str, job: str, codes: Codes) -> Job:
    """The job that a body states. Raises Refused (invalid-fields) with every field that is wrong."""
    errors = list(_wrong(body, codes))
    if errors:
        raise invalid(*errors)
    return Job(
        job=job,
        fair=fair,
        pay=PayBand(body.pay.unit, body.pay.min, body.pay.max),
        **{name: getattr(body, name) for name in JobIn.model_fields if name != "pay"},
    )


def _wrong(body: JobIn, codes: Codes) -> Iterator[FieldError]:
    yield from codes.wrong_one("occupations", body.occupation, ("occupation",))
    yield from codes.wrong_county(body.region, ("region",))
    yield from codes.wrong("skills", body.skills, ("skills",))
    yield from codes.wrong("languages", body.languages, ("languages",))
    if body.pay.max < body.pay.min:
        yield FieldError(("pay", "max"), "pay-upside-down", {"min": body.pay.min})
    if body.start_window is not None and body.start_window[1] < body.start_window[0]:
        yield FieldError(("start_window", 1), "window-upside-down")
    if body.mode == "hourly" and body.hours_week is None:
        yield FieldError(("hours_week",), "needs-hours")
    if body.hours_week is not None and body.mode != "hourly" and body.pay.unit != "hour":
        yield FieldError(("hours_week",), "no-hours")


@operation(
    "POST",
    "/v1/fairs/{fair}/jobs",
    "Open a job at a fair",
    tag="jobs",
    body=JobIn,
    answers={201: JobAnswer},
    roles=("host", "employer", "operator"),
    problems=(
        "forbidden",
        "employer-not-named",
        "not-found",
        "fair-closed",
        "key-reused",
        "key-in-flight",
        "unavailable",
    ),
    key="optional",
)
async def open_job(door: Door, call: Call) -> Answer:
    """A host opens jobs for any employer; an employer named so opens more of their own."""
    claims, body, identifier = call.who(), call.body, call.path["fair"]
    if claims.role not in ("host", "employer", "operator") and not claims.scopes:
        access.forbidden("host", claims)
    fair = await access.open_fair(door, identifier, access.JOBS)
    if not _may_open(door, claims, fair, body.employer):
        await door.directory.catch_up()  # the host may have named them a moment ago
        if not _may_open(door, claims, fair, body.employer):
            raise Refused("employer-not-named")
    job = read_job(body, fair.fair, job_id(door.random("job", fair.fair, call.key)), door.codes)
    answer = orjson.dumps({"job": job.job})
    if call.key and (there := await door.directory.job(job.job)) is not None:
        # A repeat that the index may no longer know: its id comes from the key.
        if there != msgspec.structs.replace(job, seats=there.seats, paused=there.paused):
            raise Refused("key-reused")
        return Answer(201, answer)
    record = record_of(FAIRS, fair.fair, JobOpened(job, claims.subject), "job.opened", door.new_id())
    outcome = await door.submissions.submit(door.claim(fair.fair, call), (record,), answer)
    await door.noticed()
    return Answer(201, outcome)


def _may_open(door: Door, claims: Claims, fair: Fair, employer: str) -> bool:
    """Whether they may open this employer's jobs there. Raises Refused (not-found) for whom it is none of theirs."""
    if access.runs(claims, fair):
        return True
    if claims.role != "employer" or claims.subject != employer:
        raise no_such("fair")
    named = [job for job in door.directory.board.jobs_of(fair.fair) if job.employer == employer]
    return any(claims.hires_for(job.job, employer, fair.fair) for job in named)


def job_json(job: Job) -> bytes:
    """The job as everyone may see it, fields with their defaults too."""
    return orjson.dumps({name: msgspec.to_builtins(getattr(job, name)) for name in job.__struct_fields__})


@operation(
    "PATCH",
    "/v1/jobs/{job}",
    "Change a job's seats, or pause and resume it",
    tag="jobs",
    body=JobChange,
    answers={200: JobShown},
    roles=("host", "employer", "operator"),
    problems=("forbidden", "not-found", "changed-meanwhile", "unavailable"),
)
async def change_job(door: Door, call: Call) -> Answer:
    """Fewer seats stop grants and take nothing back. Saying it again changes nothing, so no key is needed."""
    claims, body, identifier = call.who(), call.body, call.path["job"]
    if claims.role not in ("host", "employer", "operator") and not claims.scopes:
        access.forbidden("employer", claims)
    job = await access.job_of(door, identifier)
    fair = await access.fair_of(door, job.fair)
    if not (claims.hires_for(job.job, job.employer, job.fair) or access.runs(claims, fair)):
        raise no_such("job")
    if body.seats is None and body.paused is None:
        raise invalid(FieldError((), "nothing-to-change"))
    async with door.alone(job.fair):
        await door.directory.catch_up()
        check_version(call, job_json(await access.job_of(door, identifier)))
        fact = JobChanged(job.job, job.fair, claims.subject, body.seats, body.paused)
        await door.submissions.submit(None, (record_of(FAIRS, job.fair, fact, "job.changed", door.new_id()),), b"")
        await door.directory.catch_up()
    shown_now = job_json(await access.job_of(door, identifier))
    return Answer(200, shown_now, {"ETag": etag_of(shown_now)})
