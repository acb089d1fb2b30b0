"""What any program here would pay: fetch and decode each record of `jobs`, write an answer of a decision's size.

No rules, no state, no positions, no fence: the floor under the seat ledger on this machine and these clients.
Usage: python -m bench.bare_process KAFKA CORE  (a line of JSON on stdout)
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import orjson
import uvloop
from aiokafka import TopicPartition

from bench.ledger_process import cpu_s, ends_of
from livefair.garbage import collect_seldom
from livefair.kafka import new_producer, new_reader, start_client, stop_client
from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import Noted
from livefair.wire.facts import JobFact
from livefair.wire.topics import JOBS, MATCHES
from streams.stage import FETCH_RECORDS

ANSWER_BYTES = 400
"""About what a decision with its explanation takes."""


async def copy_all(kafka: str) -> dict[str, float]:
    """Read everything that `jobs` holds and write an answer to each; what it took."""
    ends = await ends_of(kafka)
    reader, producer = new_reader(kafka), new_producer(kafka)
    await start_client(reader)
    await start_client(producer)
    reader.assign([TopicPartition(JOBS.name, partition) for partition in ends])
    await reader.seek_to_beginning()
    decode, answer = Codec[JobFact](JobFact).decode, Noted(at=0, why="-" * ANSWER_BYTES)
    before, began, left, written = cpu_s(), time.perf_counter(), sum(ends.values()), []
    while left:
        for at, records in (await reader.getmany(timeout_ms=200, max_records=FETCH_RECORDS)).items():
            left -= len(records)
            batch = producer.create_batch()
            for record in records:
                decode(record.value)
                value = encode(answer)
                if batch.append(timestamp=None, key=record.key, value=value, headers=[]) is None:
                    written.append(await producer.send_batch(batch, MATCHES.name, partition=at.partition))
                    batch = producer.create_batch()
                    batch.append(timestamp=None, key=record.key, value=value, headers=[])
            written.append(await producer.send_batch(batch, MATCHES.name, partition=at.partition))
    await asyncio.gather(*written)
    taken = {"inputs": sum(ends.values()), "wall_s": time.perf_counter() - began, "cpu_s": cpu_s() - before}
    await stop_client(reader)
    await stop_client(producer)
    return taken


def main() -> None:
    """Run it; see the top of this file."""
    kafka, core, _ = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    collect_seldom()
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(copy_all(kafka))) + b"\n")


if __name__ == "__main__":
    main()
