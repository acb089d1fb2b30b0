"""Idle phones: websockets that are subscribed to a channel and hear nothing, all the same one or each its own.

Usage: python -m bench.connections  (its orders as JSON on stdin; it says on stdout when all are subscribed, and
leaves when stdin ends)
"""

from __future__ import annotations

import asyncio
import resource
import sys

import msgspec
import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from livefair import tokens
from livefair.domain.access import Claims
from livefair.domain.ids import candidate_id
from livefair.wire.channels import candidate_channel, fair_channel
from livefair.wire.session import SUBPROTOCOL

AT_ONCE = 50
SPARE_FILES = 200
"""Files that a process has open besides its connections."""


class Orders(msgspec.Struct):
    """`count` connections to `url`; to the fair's channel, or each to a person's where `fair` is empty."""

    url: str
    fair: str
    count: int
    secret: bytes
    now: int


def raise_limit(files: int) -> None:
    """Let this process, and those that it starts, have so many files open. SystemExit where the system forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        raise SystemExit(f"{files} open files are needed and the limit is {hard}: raise it (ulimit -Hn {files}).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))


async def _subscribe(orders: Orders, number: int, places: asyncio.Semaphore) -> ClientConnection:
    person = candidate_id(orders.secret, f"+86199{number:08}", "bench")
    token = tokens.mint(orders.secret, Claims("candidate", person, (), ""), orders.now)
    channel = fair_channel(orders.fair) if orders.fair else candidate_channel(person)
    async with places:
        socket = await connect(
            orders.url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, ping_interval=None
        )
        for identifier, command in enumerate(
            ({"connect": {"token": token, "client": "bench"}}, {"subscribe": {"channel": channel}}), 1
        ):
            await socket.send(orjson.dumps({"id": identifier, **command}).decode())
            answer = orjson.loads(await socket.recv())
            if "error" in answer:
                raise SystemExit(f"the gateway answered {answer['error']['type']} to {next(iter(command))}")
    return socket


async def hold(orders: Orders) -> None:
    """Connect, say so, and stay until stdin ends."""
    places = asyncio.Semaphore(AT_ONCE)
    sockets = await asyncio.gather(*(_subscribe(orders, number, places) for number in range(orders.count)))
    sys.stdout.write("subscribed\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.buffer.read)
    for socket in sockets:
        socket.transport.abort()


def main() -> None:
    """Run it; see the top of this file."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    raise_limit(orders.count + SPARE_FILES)
    uvloop.run(hold(orders))


if __name__ == "__main__":
    main()
