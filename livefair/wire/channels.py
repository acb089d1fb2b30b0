"""Names of channels, and who may read one.

`fair:{id}` is public; `fair:{id}:host`, `job:{id}`, `candidate:{id}` and `office:{region}` are not. A person who signed
up without presenting the token that an earlier sign-up got holds a *side* channel: the feed key
`candidate:{id}~{holder}`, which clients still call `candidate:{id}`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

ChannelKind = Literal["fair", "host", "job", "candidate", "office"]

_CHANNEL = re.compile(
    r"(?:fair:(?P<fair>[a-z0-9]{1,40})(?P<host>:host)?|(?P<kind>job|candidate|office):(?P<id>[a-z0-9]{1,40}))\Z"
)


class Channel(NamedTuple):
    """A channel's kind and the id it is about."""

    kind: ChannelKind
    id: str

    @property
    def name(self) -> str:
        """The name as clients write it."""
        return f"fair:{self.id}:host" if self.kind == "host" else f"{self.kind}:{self.id}"


def parse_channel(name: str) -> Channel | None:
    """The channel that `name` names, or None where it is no channel name."""
    found = _CHANNEL.match(name)
    if found is None:
        return None
    if found["fair"]:
        return Channel("host" if found["host"] else "fair", found["fair"])
    kind: ChannelKind = found["kind"]  # type: ignore[assignment]  # the pattern allows these three only
    return Channel(kind, found["id"])


def fair_channel(fair: str) -> str:
    return f"fair:{fair}"


def host_channel(fair: str) -> str:
    return f"fair:{fair}:host"


def job_channel(job: str) -> str:
    return f"job:{job}"


def candidate_channel(candidate: str) -> str:
    return f"candidate:{candidate}"


def side_channel(candidate: str, holder: str) -> str:
    """The feed key of a holder who has not proven to be the person."""
    return f"candidate:{candidate}~{holder}"


def office_channel(region: str) -> str:
    return f"office:{region}"
