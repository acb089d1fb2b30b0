"""Everything that the handlers work with, put together in one place; tests put it together in the same one."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import os
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from livefair import tables
from livefair.config import Located
from livefair.domain import ids
from livefair.errors import LivefairError, Unavailable
from livefair.keyring import Keyring
from livefair.sealing import Sealer
from livefair.valkey import new_client
from services.directory import Directory
from services.intake.codes import Codes
from services.intake.history import History
from services.intake.index import Claim, Index, entry_name
from services.intake.log import Log
from services.intake.operations import Call
from services.intake.submissions import Submissions
from services.intake.views import Views

_boot = os.urandom(5)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Door:
    """The parts of intake, all started."""

    keyring: Keyring
    directory: Directory
    index: Index
    submissions: Submissions
    views: Views
    history: History
    sealer: Sealer
    codes: Codes
    log: Log
    _locks: weakref.WeakValueDictionary[str, asyncio.Lock] = field(default_factory=weakref.WeakValueDictionary)

    def new_id(self) -> str:
        """An id for a record: unique among everything that intakes write."""
        return f"{ids.spell(_boot)}-{next(_numbers)}"

    def random(self, purpose: str, space: str, key: str) -> bytes:
        """Ten bytes for a new id: from the Idempotency-Key where one came, so that a repeat gives the same id."""
        if not key:
            return os.urandom(10)
        message = f"{purpose}\x00{space}\x00{key}".encode()
        return hmac.digest(self.keyring.identity, message, "sha256")[:10]

    def claim(self, space: str, call: Call) -> Claim | None:
        """What a request claims of its space (a fair's, mostly); None where it came without a key."""
        if not call.key:
            return None
        said = call.body.model_dump_json() if call.body is not None else ""
        what = "\x00".join((call.name, *call.path.values(), said))
        return Claim(entry_name(space, self.keyed("key", call.key)), self.keyed("body", what))

    def keyed(self, purpose: str, text: str) -> str:
        """A hash that tells nothing to whoever lacks the secret; what clients choose may be personal."""
        return self.keyed_bytes(purpose, text.encode())

    def keyed_bytes(self, purpose: str, data: bytes) -> str:
        """The same of bytes."""
        return ids.keyed_hash(self.keyring.identity, purpose, data)

    def alone(self, identifier: str) -> asyncio.Lock:
        """A lock for whoever reads something of the directory and writes on its ground; other intakes have theirs."""
        return self._locks.setdefault(identifier, asyncio.Lock())

    async def noticed(self) -> None:
        """Wait until the directory has what was just written, so that whoever wrote it finds it here."""
        with suppress(Unavailable):  # it is in Kafka all the same
            await self.directory.catch_up()

    async def not_ready(self) -> str | None:
        """Why this intake cannot take a sign-up now; None where it can. Takes less than a second."""
        try:
            async with asyncio.timeout(0.9):
                await asyncio.shield(self.directory.catch_up())
                if not self.log.works:
                    return "Kafka: a new connection is being made"
                # Shielded: a reply to a cancelled command would be left for the next caller.
                if not await asyncio.shield(self.index.is_whole()):
                    return "Valkey: the index of keys is being filled"
        except TimeoutError:
            return "Kafka or Valkey does not answer"
        except LivefairError as error:
            return error.message
        return None


@asynccontextmanager
async def open_door(settings: Located, keyring: Keyring) -> AsyncIterator[Door]:
    """Start every part, and stop them in the right order. Waits for Kafka and Valkey."""
    async with AsyncExitStack() as parts:
        redis = new_client(settings.redis)
        parts.push_async_callback(redis.aclose)
        history = History(settings.kafka)
        index = Index(redis, history.outcomes)
        directory = await parts.enter_async_context(Directory(settings.kafka))
        log = await parts.enter_async_context(Log(settings.kafka))
        submissions = await parts.enter_async_context(Submissions(index, log))
        yield Door(
            keyring=keyring,
            directory=directory,
            index=index,
            submissions=submissions,
            views=Views(redis),
            history=history,
            sealer=Sealer(keyring.master),
            codes=Codes(tables.load()),
            log=log,
        )
