"""Who may do what at this door: the fair, the job or the channel behind an id, or the problem.

A role that never may is told so before anything is looked up; what is not theirs reads like what does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.errors import Unavailable
from livefair.wire.channels import Channel, candidate_channel
from services.audience import feed_key
from services.intake.door import Door
from services.intake.problems import Refused, no_such, unauthenticated

_ROLES = {
    "host": {"en": "a host", "zh-CN": "主办方"},
    "employer": {"en": "an employer", "zh-CN": "用人单位"},
    "candidate": {"en": "a candidate", "zh-CN": "求职者"},
    "office": {"en": "an office", "zh-CN": "劳务办"},
    "operator": {"en": "an operator", "zh-CN": "运维"},
}

SIGN_UPS = {"en": "sign-ups", "zh-CN": "报名"}
JOBS = {"en": "jobs", "zh-CN": "岗位"}


def forbidden(who: str, claims: Claims) -> NoReturn:
    """Their role never may: say so. Raises Refused (forbidden)."""
    raise Refused("forbidden", values={"who": _ROLES[who], "role": _ROLES[claims.role]})


def _scoped(claims: Claims, kind: str) -> bool:
    return any(scope.startswith(kind + ":") for scope in claims.scopes)


async def fair_of(door: Door, fair: str) -> Fair:
    """The fair. Raises Refused (not-found)."""
    found = await door.directory.fair(fair)
    if found is None:
        raise no_such("fair")
    return found


async def open_fair(door: Door, fair: str, what: Mapping[str, str]) -> Fair:
    """The fair, if it has not closed. Raises Refused: not-found, fair-closed."""
    found = await fair_of(door, fair)
    if not found.takes_sign_ups:
        raise Refused("fair-closed", values={"what": what})
    return found


async def own_fair(door: Door, claims: Claims, fair: str) -> Fair:
    """The fair, if they run it. Raises Refused: forbidden, not-found."""
    if claims.role not in ("host", "operator") and not _scoped(claims, "fair"):
        forbidden("host", claims)
    found = await fair_of(door, fair)
    if not runs(claims, found):
        raise no_such("fair")
    return found


def runs(claims: Claims, fair: Fair) -> bool:
    """Whether they run the fair."""
    return claims.operates or claims.runs_fair(fair.fair, fair.owner)


async def job_of(door: Door, job: str) -> Job:
    """The job. Raises Refused (not-found)."""
    found = await door.directory.job(job)
    if found is None:
        raise no_such("job")
    return found


async def own_job(door: Door, claims: Claims, job: str) -> Job:
    """The job, if they speak for its employer. Raises Refused: forbidden, not-found."""
    if claims.role != "employer" and not _scoped(claims, "job"):
        forbidden("employer", claims)
    found = await job_of(door, job)
    if not claims.hires_for(found.job, found.employer, found.fair):
        raise no_such("job")
    return found


async def primary_holder(door: Door, candidate: str) -> str:
    """Who signed up first as this person. Raises Unavailable while that is undecided, Refused (not-whole)."""
    person = await door.views.row(candidate_channel(candidate), "person")
    if person is None:
        raise Unavailable("the sign-up has not been decided yet")
    holder: str = person.data["holder"]
    return holder


async def readable(door: Door, claims: Claims | None, channel: Channel) -> str:
    """The feed key that the channel is for this token. Raises Refused: unauthenticated, not-found."""
    found = await feed_key(door.directory, lambda candidate: primary_holder(door, candidate), claims, channel)
    if found is None:
        if claims is None and channel.kind != "fair":
            raise unauthenticated()
        raise no_such("channel")
    return found


async def own_feed_key(door: Door, claims: Claims) -> str:
    """Where a candidate's token reads its own: the person's channel, or a side one."""
    return await readable(door, claims, Channel("candidate", claims.subject))
