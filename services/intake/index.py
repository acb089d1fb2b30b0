"""The index of Idempotency-Keys in Valkey: who is at work on a key, and what was answered to it.

It is believed only while its sentinel names this very server's run; a flush or a restart without the newest writes
makes it void, and it is filled again from the log before anything is asked of it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Literal, NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from livefair.errors import Unavailable
from livefair.valkey import Unanswered

log = structlog.get_logger(__name__)
_unanswered = Unanswered("index")

KEPT_S = 24 * 3600
"""How long an answer can be asked for again."""
LEASE_S = 3.0
"""How long a claim outlives its process, unless renewed."""
SENTINEL = "once"
ENTRIES_A_CALL = 500

_RUN = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')\n"
_IS_WHOLE = _RUN + "if redis.call('GET', KEYS[1]) ~= run then return {ARGV[1], 0} end\n"

# KEYS: the sentinel, an entry each. ARGV: nonce, lease (ms), a claim each.
_CLAIM = (
    _IS_WHOLE
    + """
local answer = {ARGV[1], 1}
for i = 2, #KEYS do
  local found = redis.call('GET', KEYS[i])
  if not found then redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', ARGV[2]) end
  answer[i + 1] = found or ''
end
return answer
"""
)

# KEYS: an entry each. ARGV: nonce, then time to live (ms) and value for each. What was done first stays.
_FINISH = """
local answer = {ARGV[1]}
for i = 1, #KEYS do
  local found = redis.call('GET', KEYS[i])
  if found and string.sub(found, 1, 1) == 'd' then
    answer[i + 1] = found
  else
    redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'PX', ARGV[2 * i])
    answer[i + 1] = ''
  end
end
return answer
"""

# KEYS: an entry each. ARGV: nonce, lease (ms; 0 gives up), a claim each. Only one's own claim is touched.
_KEEP = """
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i + 2] then
    if ARGV[2] == '0' then redis.call('DEL', KEYS[i]) else redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
  end
end
return {ARGV[1]}
"""

# KEYS: the sentinel, the mark of this filling. ARGV: nonce. A flush meanwhile takes the mark away.
_SEAL = (
    _RUN
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return {ARGV[1], 0} end
redis.call('SET', KEYS[1], run)
redis.call('DEL', KEYS[2])
return {ARGV[1], 1}
"""
)

_WHOLE = _IS_WHOLE + "return {ARGV[1], 1}"


class Claim(NamedTuple):
    """A key of one space (a fair's), as its entry's name, and the keyed hash of the body that came with it."""

    entry: str
    body: str


class Entry(NamedTuple):
    """What an entry says: somebody is at work on it, or what the outcome was (`done`)."""

    state: Literal["free", "claimed", "done"]
    body: str = ""
    outcome: bytes = b""


class Past(NamedTuple):
    """An outcome that the log knows: its claim, what was answered, and for how many more seconds that is kept."""

    claim: Claim
    outcome: bytes
    kept_s: float


Outcomes = Callable[[], AsyncGenerator[Past, None]]
"""Reads the outcomes of the last KEPT_S seconds from the log, oldest first."""


def entry_name(space: str, key: str) -> str:
    """The name in Valkey of a key (its keyed hash) of one space."""
    return f"{SENTINEL}:{space}:{key}"


class Index:
    """One process's view of the index. Nothing here is ever cancelled by a caller that went away."""

    def __init__(self, redis: Redis, outcomes: Outcomes) -> None:
        self._redis = redis
        self._outcomes = outcomes
        self._owner = os.urandom(8).hex()
        self._claim, self._finish, self._keep, self._seal, self._whole = (
            redis.register_script(script) for script in (_CLAIM, _FINISH, _KEEP, _SEAL, _WHOLE)
        )
        self._filling: asyncio.Task[None] | None = None

    async def claim(self, claims: Sequence[Claim]) -> list[Entry]:
        """Claim each key that is free. Fills the index first where it is not whole. Raises Unavailable."""
        while True:
            answer = await self._call(
                self._claim,
                [SENTINEL, *(claim.entry for claim in claims)],
                [int(LEASE_S * 1000), *map(self._mark, claims)],
            )
            if answer[0]:
                return [self._read(claim, found) for claim, found in zip(claims, answer[1:], strict=True)]
            await self.fill()

    async def finish(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bytes]:
        """Write what was done; returns the outcome that stands for each, an earlier one where there is one."""
        arguments: list[int | bytes] = []
        for claim, outcome in outcomes:
            arguments += (KEPT_S * 1000, _done(claim, outcome))
        found = await self._call(self._finish, [claim.entry for claim, _ in outcomes], arguments)
        return [_entry(each).outcome if each else own[1] for each, own in zip(found, outcomes, strict=True)]

    async def renew(self, claims: Sequence[Claim]) -> None:
        """Keep one's claims for another lease."""
        await self._call(self._keep, [claim.entry for claim in claims], [int(LEASE_S * 1000), *map(self._mark, claims)])

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give one's claims up: nothing was done."""
        await self._call(self._keep, [claim.entry for claim in claims], [0, *map(self._mark, claims)])

    async def is_whole(self) -> bool:
        """Whether Valkey answers and the index can be believed."""
        return bool((await self._call(self._whole, [SENTINEL], []))[0])

    async def fill(self) -> None:
        """Fill the index from the log; who asks meanwhile waits for the same filling. Raises Unavailable."""
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill(), name="fill the index")
        await asyncio.shield(self._filling)

    async def _fill(self) -> None:
        mark = f"{SENTINEL}:filling:{self._owner}"
        whole = False
        while not whole:
            nonce = os.urandom(8).hex()
            try:
                await self._redis.set(mark, nonce)
            except RedisError as error:
                raise _unanswered(error) from None
            count = 0
            batch: list[Past] = []
            async with aclosing(self._outcomes()) as outcomes:
                async for past in outcomes:
                    batch.append(past)
                    count += 1
                    if len(batch) == ENTRIES_A_CALL:
                        await self._put(batch)
                        batch = []
            if batch:
                await self._put(batch)
            whole = bool((await self._call(self._seal, [SENTINEL, mark], [], nonce))[0])
            log.info("filled the index of keys from the log", entries=count, whole=whole)

    async def _put(self, batch: list[Past]) -> None:
        arguments: list[int | bytes] = []
        for past in batch:
            arguments += (max(1, int(past.kept_s * 1000)), _done(past.claim, past.outcome))
        await self._call(self._finish, [past.claim.entry for past in batch], arguments)

    async def _call(
        self, script: Callable[..., object], keys: list[str], arguments: Sequence[object], nonce: str = ""
    ) -> list[bytes | int]:
        """Run a script. Its answer begins with the nonce, so that a reply to somebody else is never taken for it."""
        nonce = nonce or os.urandom(8).hex()
        try:
            answer: list[bytes | int] = await script(keys=keys, args=[nonce, *arguments])  # type: ignore[misc]
        except (RedisError, OSError) as error:
            raise _unanswered(error) from None
        if not answer or answer[0] != nonce.encode():
            await self._redis.connection_pool.disconnect()
            raise Unavailable("Valkey answered somebody else")
        return answer[1:]

    def _mark(self, claim: Claim) -> bytes:
        return f"c{claim.body} {self._owner}".encode()

    def _read(self, claim: Claim, found: bytes | int) -> Entry:
        # A claim of this process's own is free: the caller knows that nobody here is at work on it.
        if not found or found == self._mark(claim):
            return Entry("free")
        return _entry(found)


def _done(claim: Claim, outcome: bytes) -> bytes:
    return b"d" + claim.body.encode() + b" " + outcome


def _entry(found: bytes | int) -> Entry:
    head, _, rest = bytes(found).partition(b" ") if isinstance(found, bytes) else (b"", b"", b"")
    return Entry("done" if head[:1] == b"d" else "claimed", head[1:].decode(), rest)
