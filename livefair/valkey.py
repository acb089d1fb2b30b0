"""Every Valkey client of ours is made here, with every setting that matters spelled out.

Nothing is retried behind our back: whoever asks must know that a connection was lost, because announcements may have
been lost with it. A reply that is late closes its connection, so that it can never answer the next question.
"""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from livefair.errors import Unavailable
from livefair.metrics import VALKEY_FAILURES

CONNECTIONS = 32
CONNECT_S = 3.0
ANSWER_S = 5.0

AWAY = (RedisConnectionError, RedisTimeoutError, OSError)
"""What a server that is away, starting or stopping makes a command raise."""

__all__ = ["AWAY", "RedisError", "ResponseError", "Unanswered", "new_client"]


class Unanswered:
    """Makes the error of a command that Valkey did not answer, and counts it for `part`, the one who asked."""

    def __init__(self, part: str) -> None:
        self._count = VALKEY_FAILURES.labels(part)

    def __call__(self, error: Exception | None = None) -> Unavailable:
        """The error to raise; `error` is what the client raised, None where it was not waited for any longer."""
        self._count.inc()
        return Unavailable("Valkey did not answer" + (f": {type(error).__name__}" if error else " in time"))


def new_client(url: str, connections: int = CONNECTIONS) -> Redis:
    """A client with a pool of its own that answers in bytes; whoever finds no free connection waits."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=ANSWER_S,
        protocol=2,
        socket_connect_timeout=CONNECT_S,
        socket_timeout=ANSWER_S,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    return Redis.from_pool(pool)  # `aclose` closes the pool too
