"""The numbered ways in which a gateway ends a connection, and what a client does then.

4000 to 4499: come back, after the wait that the reason names; 4500 to 4999: do not. A close that is none of ours (a
network that went away, a message that was too big) has no number here.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

RESUMABLE = range(4000, 4500)
FINAL = range(4500, 5000)

_REASON_BYTES = 123
"""What a close frame has room for (RFC 6455, 5.5.1)."""


class Closing(NamedTuple):
    """One way to end a connection: its number, its name, the wait (s) before coming back, and what it says."""

    code: int
    name: str
    wait: float = 0.0
    says: str = ""

    def after(self, wait: float) -> Closing:
        """The same with another wait."""
        return self._replace(wait=round(wait, 2))

    @property
    def reason(self) -> str:
        """The text of the close frame: `{"name":…,"wait":seconds}`, without the wait where there is no coming back."""
        fields = {"name": self.name} | ({"wait": self.wait} if self.code in RESUMABLE else {})
        return orjson.dumps(fields).decode()[:_REASON_BYTES]


DRAINING = Closing(4000, "draining", 1.0, "This gateway is ending; another, or it again, takes over.")
SLOW_READER = Closing(
    4001, "slow-reader", 1.0, "More was waiting for this client than may wait; it resumes from the last offset it got."
)
FEED_RENEWED = Closing(
    4002,
    "feed-renewed",
    0.5,
    "What was missed is nowhere any more, or the feed was made anew: resuming says so, and the snapshot helps.",
)
CONNECT_TIMEOUT = Closing(4003, "connect-timeout", 1.0, "The first command must be `connect`, and in time.")
TOO_MANY_CONNECTIONS = Closing(4004, "too-many-connections", 30.0, "From one address.")
TOO_MANY_ERRORS = Closing(
    4500, "too-many-errors", 0.0, "A client that is told again and again what is wrong and goes on is broken."
)

CLOSINGS: tuple[Closing, ...] = (
    DRAINING,
    SLOW_READER,
    FEED_RENEWED,
    CONNECT_TIMEOUT,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_ERRORS,
)

POLICY_VIOLATION = 1008
"""RFC 6455: a proxy or a version of ours says that this will not do."""
MESSAGE_TOO_BIG = 1009
_UNMENDABLE = frozenset({POLICY_VIOLATION, MESSAGE_TOO_BIG})


def wait_before_return(code: int, reason: str) -> float | None:
    """Seconds that the gateway asks for before one comes back; 0 where it says nothing, None: do not come back."""
    if code in FINAL or code in _UNMENDABLE:
        return None
    if code not in RESUMABLE:
        return 0.0
    try:
        wait = orjson.loads(reason)["wait"]
        return min(max(float(wait), 0.0), 600.0)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0.0
