"""Ports of this machine: which are free, and which one a data directory had the last time.

A port that was asked for and is taken is named; one that nobody asked for is replaced by a free one.
"""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from livefair.errors import PortBusy


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def claim(host: str, port: int, *, option: str, any_port: bool) -> int:
    """The port to listen on: ``port`` (0: any free one), or with ``any_port`` another when that is taken.

    Raises PortBusy naming the port and the option that changes it.
    """
    if port == 0:
        return free_port(host)
    if is_free(host, port):
        return port
    if any_port:
        return free_port(host)
    raise PortBusy(
        f"port {port} on {host} is taken by another program: stop that, choose another port with {option}, "
        "or let livefair choose with --any-port."
    )


class Remembered:
    """The ports of a data directory, kept so that a client's address outlives a restart."""

    def __init__(self, file: Path, host: str = "127.0.0.1") -> None:
        self._file = file
        self._host = host
        try:
            self._ports = msgspec.json.decode(file.read_bytes(), type=dict[str, int])
        except (FileNotFoundError, msgspec.DecodeError):
            self._ports = {}

    def get(self, name: str) -> int:
        """The port ``name`` had the last time if it is free, else a free one, which is kept."""
        port = self._ports.get(name, 0)
        if not (0 < port < 1 << 16 and is_free(self._host, port)):
            while (port := free_port(self._host)) in self._ports.values():
                pass
        self._ports[name] = port
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(msgspec.json.encode(self._ports))
        return port
