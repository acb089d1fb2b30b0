"""What the log says of the past: outcomes of the last day for the index, a person's sign-ups for the contact.

Each question reads to the end that the log had when it was asked; never a part.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from aiokafka import ConsumerRecord

from livefair.errors import UnreadableRecord
from livefair.reading import Reader, open_reader
from livefair.wire.codec import Codec
from livefair.wire.facts import CandidateFact, SignedUp
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATE_KEYS, CANDIDATES, Topic
from services.intake.index import KEPT_S, Claim, Past, entry_name
from services.intake.receipts import receipt_of

READERS = 4
"""Questions at once; a reader holds buffers and a connection."""

_facts: Codec[CandidateFact] = Codec(CandidateFact)


class History:
    """Reads `candidates` and `candidate-keys`. Raises Unavailable wherever Kafka does not answer."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._free = asyncio.Semaphore(READERS)

    async def outcomes(self) -> AsyncGenerator[Past, None]:
        """What the sign-ups of the last KEPT_S seconds were told, oldest first within a person."""
        now = time.time()
        since = int((now - KEPT_S) * 1000)
        async with self._free, open_reader(self._bootstrap) as reader:
            for partition in range(CANDIDATES.partitions):
                start = await reader.first_since(CANDIDATES, partition, since)
                async for record in _to_the_end(reader, CANDIDATES, partition, start):
                    fact = _signed_up(record)
                    kept = record.timestamp / 1000 + KEPT_S - now
                    if fact is not None and fact.key and kept > 0:
                        yield Past(Claim(entry_name(fact.fair, fact.key), fact.body), receipt_of(fact), kept)

    async def sign_ups(self, candidate: str, since: int = 0) -> list[SignedUp]:
        """Every sign-up of a person from an offset of their partition on, oldest first."""
        key = candidate.encode()
        async with self._free, open_reader(self._bootstrap) as reader:
            return [
                fact
                async for record in _to_the_end(reader, CANDIDATES, partition_of(CANDIDATES, candidate), since)
                if record.key == key and (fact := _signed_up(record)) is not None
            ]

    async def data_key(self, name: str) -> bytes | None:
        """A sealed data key; None where its person was forgotten."""
        key = name.encode()
        newest: bytes | None = None
        async with self._free, open_reader(self._bootstrap) as reader:
            async for record in _to_the_end(reader, CANDIDATE_KEYS, partition_of(CANDIDATE_KEYS, name), 0):
                if record.key == key:
                    newest = record.value
        return newest


async def _to_the_end(reader: Reader, topic: Topic, partition: int, start: int) -> AsyncGenerator[ConsumerRecord, None]:
    first, end = await reader.bounds(topic, partition)
    async for batch in reader.stretch(topic, partition, max(start, first), end):
        for record in batch:
            yield record


def _signed_up(record: ConsumerRecord) -> SignedUp | None:
    try:
        fact = _facts.decode(record.value)
    except UnreadableRecord:
        return None  # the desk puts it into dead-letters
    return fact if isinstance(fact, SignedUp) else None
