"""Which feed key a channel is for a token: one answer for every door.

What is not theirs reads like what does not exist, so there is no third answer besides a key and none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.wire.channels import Channel, candidate_channel, side_channel


class Directory(Protocol):
    """Who owns what."""

    async def fair(self, fair: str, /) -> Fair | None: ...

    async def job(self, job: str, /) -> Job | None: ...


PrimaryHolder = Callable[[str], Awaitable[str]]
"""Who signed up first as this candidate. Raises Unavailable while that has not been decided."""


async def feed_key(
    directory: Directory, primary_holder: PrimaryHolder, claims: Claims | None, channel: Channel
) -> str | None:
    """The key of `feed` that the channel is for this token; None: no such one, or not theirs. Raises Unavailable."""
    if channel.kind == "fair":
        return channel.name if await directory.fair(channel.id) is not None else None
    if claims is None:
        return None
    if channel.kind == "candidate" and claims.is_candidate(channel.id):
        return await _own(primary_holder, claims)
    return channel.name if await _theirs(directory, claims, channel) else None


async def _own(primary_holder: PrimaryHolder, claims: Claims) -> str:
    """A person's own channel, or a side one where the token's holder did not sign up first."""
    if not claims.holder or await primary_holder(claims.subject) == claims.holder:
        return candidate_channel(claims.subject)
    return side_channel(claims.subject, claims.holder)


async def _theirs(directory: Directory, claims: Claims, channel: Channel) -> bool:
    match channel.kind:
        case "host":
            fair = await directory.fair(channel.id)
            return fair is not None and (claims.operates or claims.runs_fair(fair.fair, fair.owner))
        case "job":
            job = await directory.job(channel.id)
            return job is not None and (claims.operates or claims.hires_for(job.job, job.employer, job.fair))
        case "office":
            return claims.operates or claims.acts_for_region(channel.id)
        case _:
            return claims.operates
