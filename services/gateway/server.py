"""The gateway's port: websockets at /ws, probes beside it, and nothing else.

Who may come in is decided before anything is read: the origin by an exact list, the number of connections by address.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import suppress
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from livefair.config import Settings
from livefair.ops import Readiness, probe
from livefair.wire.closing import CONNECT_TIMEOUT, DRAINING, TOO_MANY_CONNECTIONS, Closing
from livefair.wire.session import MAX_MESSAGE_BYTES, PATH, PING_S, SUBPROTOCOL
from services.gateway import metrics
from services.gateway.peer import Peer, Rooms
from services.gateway.socket import WRITE_HIGH, WRITE_LOW, Connection, listening_socket

HANDSHAKE_S = 10.0
CLOSE_S = 5.0
COMEBACKS_PER_S = 500
"""Clients asked to come back each second when this gateway ends."""
_QUEUED_MESSAGES = 8
log = structlog.get_logger(__name__)


class Door:
    """The websocket server and who is inside."""

    def __init__(self, settings: Settings, rooms: Rooms, ready: Readiness) -> None:
        self._settings = settings
        self._rooms = rooms
        self._ready = ready
        self._inside: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._server: Server | None = None

    async def open(self) -> int:
        """Listen; gives the port. Raises OSError."""
        listener = listening_socket(self._settings.host, self._settings.gateway_port)

        class Limited(Connection):
            outbox_limit = self._settings.outbox_bytes

        self._server = await serve(
            self._serve,
            sock=listener,
            create_connection=Limited,
            process_request=self._admit,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            server_header=None,
            open_timeout=HANDSHAKE_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_S,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=_QUEUED_MESSAGES,
            write_limit=(WRITE_HIGH, WRITE_LOW),
        )
        port: int = listener.getsockname()[1]
        return port

    async def drain(self) -> None:
        """Let nobody in any more, and send everyone elsewhere, each after a wait of its own."""
        if self._server is None:
            return
        self._server.close(close_connections=False)
        spread = max(1.0, len(self._inside) / COMEBACKS_PER_S)
        for connection in list(self._inside):
            connection.end(DRAINING.after(random.uniform(0.1, spread)))  # noqa: S311
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_S):
                await self._server.wait_closed()

    # ------------------------------------------------------------ before the websocket

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path != PATH:
            return await self._probe(path)
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._own_origins(connection) | set(self._settings.origins):
            return _response(HTTPStatus.FORBIDDEN, b'{"title":"this origin is not one of ours"}')
        return None

    async def _probe(self, path: str) -> Response:
        found = await probe(path, self._ready)
        if found is None:
            return _response(HTTPStatus.NOT_FOUND, b'{"title":"there is nothing here"}')
        return _response(HTTPStatus(found.status), found.body, found.content_type)

    def _own_origins(self, connection: ServerConnection) -> set[str]:
        """The pages' origins on this machine, by the address at which the client has reached it."""
        names = {"localhost", "127.0.0.1", "[::1]"}
        address = str(connection.local_address[0])
        names.add(f"[{address}]" if ":" in address else address)
        ports = {self._settings.http_port, self._settings.gateway_port, connection.local_address[1]}
        return {f"http://{name}:{port}" for name in names for port in ports}

    # ------------------------------------------------------------ the websocket

    async def _serve(self, connection: ServerConnection) -> None:
        assert isinstance(connection, Connection)  # noqa: S101  (made above; for the type checker)
        address = str(connection.remote_address[0]) if connection.remote_address else ""
        self._by_address[address] += 1
        self._inside.add(connection)
        metrics.CONNECTIONS.set(len(self._inside))
        peer = Peer(connection, self._rooms)
        try:
            if self._by_address[address] > self._settings.connections_per_address:
                connection.end(TOO_MANY_CONNECTIONS)
            patience = connection.loop.call_later(self._settings.connect_s, _expect_connect, connection, peer)
            with suppress(ConnectionClosed):
                async for message in connection:
                    await peer.take(message)
            patience.cancel()
        finally:
            peer.leave()
            self._inside.discard(connection)
            metrics.CONNECTIONS.set(len(self._inside))
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]


def _expect_connect(connection: Connection, peer: Peer) -> None:
    if not peer.session.connected:
        connection.end(CONNECT_TIMEOUT)


def _response(status: HTTPStatus, body: bytes, content_type: str = "application/json") -> Response:
    headers = Headers(
        {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(status.value, status.phrase, headers, body)


__all__ = ["Closing", "Door"]
