"""The one place that reaches past the public API of `websockets` 17: ready-made frames, handed to the transport.

`send()` builds a frame for each connection and waits for a slow reader; here a frame is built once for everyone, and
what a slow reader does not take waits in an outbox of its own, up to a bound. Relied upon, and checked by a test:
`transport`, `protocol.state`, `paused`, `pause_writing` and `resume_writing` of the asyncio connection.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from livefair.wire.closing import SLOW_READER, Closing
from services.gateway import metrics

WRITE_HIGH, WRITE_LOW = 1 << 16, 1 << 14
"""Bytes in the transport's own buffer above which it is full, and below which it takes more."""
UNSENT_BYTES = 1 << 16
"""Bytes that the kernel may hold unsent for one connection: else it takes megabytes, and a slow reader shows late."""
END_S = 10.0
"""For a slow reader to take what is on its way, and the close frame behind it."""
UNTAKEN_MS = 60_000
"""After so long without taking or acknowledging a byte that is waiting for it, a reader is gone."""

_TEXT = 0x81  # FIN and the opcode of a text frame
_SHORT, _MEDIUM = 126, 1 << 16


def text_frame(payload: bytes) -> bytes:
    """A whole text frame as a server sends it: unmasked, not compressed (RFC 6455, 5.2)."""
    length = len(payload)
    if length < _SHORT:
        return struct.pack("!BB", _TEXT, length) + payload
    if length < _MEDIUM:
        return struct.pack("!BBH", _TEXT, _SHORT, length) + payload
    return struct.pack("!BBQ", _TEXT, _SHORT + 1, length) + payload


class Connection(ServerConnection):
    """A websocket with an outbox of at most `outbox_limit` bytes behind the transport's own buffer."""

    outbox_limit = 1 << 20

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._outbox: deque[bytes] = deque()
        self._waiting = 0
        self._ending: asyncio.Task[None] | None = None
        self.on_end: Callable[[], None] | None = None

    def deliver(self, frames: bytes) -> None:
        """Send one or more whole frames as soon as the reader takes them; too many waiting close the connection."""
        if not self.paused:
            if self._ending is None and self.protocol.state is State.OPEN:
                self.transport.write(frames)
        elif self._ending is None:
            self._waiting += len(frames)
            if self._waiting > self.outbox_limit:
                self.end(SLOW_READER)
            else:
                self._outbox.append(frames)

    def end(self, closing: Closing) -> None:
        """Close with a number of ours. What waits is thrown away: the client resumes from what it got."""
        if self._ending is not None:
            return
        metrics.CLOSES.labels(closing.name).inc()
        self._drop_outbox()
        self._ending = self.loop.create_task(self._close(closing))
        if self.on_end is not None:
            self.loop.call_soon(self.on_end)

    async def _close(self, closing: Closing) -> None:
        # The close frame stands behind what the transport holds; a reader that has stopped never takes it.
        try:
            async with asyncio.timeout(END_S):
                await self.close(closing.code, closing.reason)
        except TimeoutError:
            self.transport.abort()

    def _drop_outbox(self) -> None:
        self._outbox.clear()
        self._waiting = 0

    def resume_writing(self) -> None:
        super().resume_writing()
        while self._outbox and not self.paused:
            frames = self._outbox.popleft()
            self._waiting -= len(frames)
            self.transport.write(frames)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._drop_outbox()
        if self.on_end is not None:
            self.on_end()


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that several gateways may listen on; port 0: any free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
        listener.bind((host, port))
        listener.listen(4096)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
