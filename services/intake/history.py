"""What the log says of the past: outcomes of the last day for the index, a person's sign-ups for the contact.

A reader of its own for each question, from a known offset to the end that the log had when it was asked; never a part.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from livefair.errors import Unavailable, UnreadableRecord
from livefair.kafka import new_reader, stop_client
from livefair.wire.codec import Codec
from livefair.wire.facts import CandidateFact, SignedUp
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATE_KEYS, CANDIDATES, Topic
from services.intake.index import KEPT_S, Claim, Past, entry_name
from services.intake.receipts import receipt_of

STALLED_S = 10.0
"""A reader that gets nothing for this long, and is not at the end, gives up."""
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
        async for record in self._read(CANDIDATES, range(CANDIDATES.partitions), since_ms=since):
            fact = _signed_up(record)
            kept = record.timestamp / 1000 + KEPT_S - now
            if fact is not None and fact.key and kept > 0:
                yield Past(Claim(entry_name(fact.fair, fact.key), fact.body), receipt_of(fact), kept)

    async def sign_ups(self, candidate: str, since: int = 0) -> list[SignedUp]:
        """Every sign-up of a person from an offset of their partition on, oldest first."""
        key = candidate.encode()
        partition = partition_of(CANDIDATES, candidate)
        return [
            fact
            async for record in self._read(CANDIDATES, (partition,), since=since)
            if record.key == key and (fact := _signed_up(record)) is not None
        ]

    async def newest(self, topic: Topic, key: str) -> bytes | None:
        """The newest value of a key; None where there is none, or a tombstone took it away."""
        wanted = key.encode()
        newest: bytes | None = None
        async for record in self._read(topic, (partition_of(topic, key),)):
            if record.key == wanted:
                newest = record.value
        return newest

    async def data_key(self, key: str) -> bytes | None:
        """A sealed data key; None where its person was forgotten."""
        return await self.newest(CANDIDATE_KEYS, key)

    async def _read(
        self, topic: Topic, partitions: Iterable[int], *, since: int = 0, since_ms: int | None = None
    ) -> AsyncGenerator[ConsumerRecord, None]:
        wanted = [TopicPartition(topic.name, partition) for partition in partitions]
        async with self._free, self._reader() as reader:
            try:
                reader.assign(wanted)
                ends: dict[TopicPartition, int] = await reader.end_offsets(wanted)
                starts = await _starts(reader, wanted, since, since_ms)
                open_ones = {each for each in wanted if starts.get(each, ends[each]) < ends[each]}
                for each in wanted:
                    reader.seek(each, starts.get(each, ends[each]))
                reader.pause(*(each for each in wanted if each not in open_ones))
                while open_ones:
                    batches = await reader.getmany(*open_ones, timeout_ms=int(STALLED_S * 1000))
                    if not batches:
                        await self._stalled(reader, topic, wanted)
                        return
                    for each, records in batches.items():
                        for record in records:
                            if record.offset < ends[each]:
                                yield record
                        if records[-1].offset + 1 >= ends[each]:
                            open_ones.discard(each)
                            reader.pause(each)
            except KafkaError as error:
                raise Unavailable(f"Kafka did not answer: {type(error).__name__}") from None

    async def _stalled(self, reader: AIOKafkaConsumer, topic: Topic, wanted: list[TopicPartition]) -> None:
        """Nothing more comes. In a compacted topic the last records may be gone, if Kafka still answers."""
        if topic.config["cleanup.policy"] != "compact":
            raise Unavailable("the log could not be read to its end in time")
        await reader.end_offsets(wanted)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        reader = new_reader(self._bootstrap)
        try:
            await reader.start()
            yield reader
        except KafkaError as error:
            raise Unavailable(f"Kafka did not answer: {type(error).__name__}") from None
        finally:
            await stop_client(reader)


async def _starts(
    reader: AIOKafkaConsumer, partitions: list[TopicPartition], since: int, since_ms: int | None
) -> dict[TopicPartition, int]:
    """Where to start each; one without an entry has nothing that is wanted."""
    if since_ms is None:
        beginnings: dict[TopicPartition, int] = await reader.beginning_offsets(partitions)
        return {each: max(since, beginning) for each, beginning in beginnings.items()}
    found = await reader.offsets_for_times(dict.fromkeys(partitions, since_ms))
    return {each: there.offset for each, there in found.items() if there is not None}


def _signed_up(record: ConsumerRecord) -> SignedUp | None:
    try:
        fact = _facts.decode(record.value)
    except UnreadableRecord:
        return None  # the desk puts it into dead-letters
    return fact if isinstance(fact, SignedUp) else None
