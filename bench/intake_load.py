"""The load on a door that takes sign-ups: connections that each send the next sign-up when the last one is answered.

Every request is made beforehand, with a person and an Idempotency-Key of its own, so that the client costs little.
Usage: python -m bench.intake_load  (its orders as JSON on stdin, one answer in JSON a round on stdout)
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Literal, cast

import msgspec
import orjson
import uvloop

from bench.report import cpu_seconds
from livefair.play import Fair
from livefair.play.names import synthetic_phone

SEED = 20261124
PEOPLE = 4_000
"""People who are generated; those beyond have the same facts and another phone."""
ROUND_S = 300.0
"""A round that takes longer is given up."""


Name = Literal["ours", "peer"]


class Door(msgspec.Struct):
    """One server: where it listens, and whose processor time counts."""

    port: int
    pid: int


class Orders(msgspec.Struct):
    """What to do: `rounds` of `requests` at each door, in turn, after one at each that is not told."""

    doors: dict[Name, Door]
    fair: str
    jobs: list[str]
    connections: int
    requests: int
    rounds: int
    cores: list[int]


class Round(msgspec.Struct):
    """What one round took. `cpu_s` is the server's processor time, `load_cpu_s` ours."""

    door: Name
    accepted: int
    refused: dict[str, int]
    wall_s: float
    cpu_s: float
    load_cpu_s: float
    body_bytes: float


class Connection(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, the next."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[str]) -> None:
        self._requests = requests
        self._statuses = statuses
        self._got = b""
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, rest = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(rest) >= length:
            self._statuses[head[9:12].decode()] += 1
            self._got = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        assert self._transport is not None  # noqa: S101
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


class People:
    """Sign-ups without end, none of them twice."""

    def __init__(self, fair: str, jobs: list[str]) -> None:
        generated = Fair.generate(SEED, PEOPLE, len(jobs))
        self._path = f"/v1/fairs/{fair}/signups"
        self._bodies = [generated.signup(number, jobs) for number in range(PEOPLE)]
        self._made = 0

    def requests(self, count: int) -> list[bytes]:
        """So many, as bytes for a socket."""
        found = []
        for number in range(self._made, self._made + count):
            body = self._bodies[number % PEOPLE]
            stated = body["candidate"] | {"phone": synthetic_phone(SEED, number)}
            content = orjson.dumps(body | {"candidate": stated})
            head = (
                f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f'Idempotency-Key: "{SEED}-{number}"\r\nContent-Length: {len(content)}\r\n\r\n'
            )
            found.append(head.encode() + content)
        self._made += count
        return found


async def round_at(name: Name, door: Door, requests: list[bytes], connections: int) -> Round:
    """Send them all over so many connections; what that took."""
    statuses: Counter[str] = Counter()
    left = iter(requests)
    loop = asyncio.get_running_loop()
    server, own, began = cpu_seconds(door.pid), time.process_time(), time.perf_counter()
    made = [
        await loop.create_connection(lambda: Connection(left, statuses), "127.0.0.1", door.port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(ROUND_S):
        await asyncio.gather(*(connection.done for _, connection in made))
    took, own = time.perf_counter() - began, time.process_time() - own
    accepted = statuses.pop("202", 0)
    size = sum(len(each.partition(b"\r\n\r\n")[2]) for each in requests) / len(requests)
    return Round(name, accepted, dict(statuses), took, cpu_seconds(door.pid) - server, own, size)


async def work(orders: Orders) -> None:
    """Every round, each told on stdout when it is over."""
    people = People(orders.fair, orders.jobs)
    for number in range(orders.rounds + 1):
        for name, door in orders.doors.items():
            found = await round_at(name, door, people.requests(orders.requests), orders.connections)
            if number:
                sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
                sys.stdout.buffer.flush()


def main() -> None:
    """Run it; see the top of this file."""
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    os.sched_setaffinity(0, orders.cores)
    uvloop.run(work(orders))


if __name__ == "__main__":
    main()
