"""Ports: what was asked for and is taken is named; what was remembered is kept while it is free."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from livefair.errors import PortBusy
from services.embedded.ports import Remembered, claim, free_port, is_free

HOST = "127.0.0.1"


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_a_busy_port_is_named_with_what_to_do(busy: int) -> None:
    with pytest.raises(PortBusy, match=rf"port {busy} on {HOST} is taken .* --gateway-port, .* --any-port") as caught:
        claim(HOST, busy, option="--gateway-port", any_port=False)
    assert caught.value.exit_code == 3


def test_any_port_takes_another(busy: int) -> None:
    taken = claim(HOST, busy, option="--port", any_port=True)
    assert taken != busy
    assert is_free(HOST, taken)


def test_a_free_port_is_taken_as_asked() -> None:
    port = free_port()
    assert claim(HOST, port, option="--port", any_port=False) == port


def test_zero_is_any_free_port() -> None:
    assert is_free(HOST, claim(HOST, 0, option="--port", any_port=False))


def test_a_port_is_remembered_over_restarts_but_not_against_another_program(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "ports.json"
    first = Remembered(file).get("kafka")
    assert Remembered(file).get("kafka") == first
    with socket.create_server((HOST, first)):
        second = Remembered(file).get("kafka")
        assert second != first
    assert Remembered(file).get("kafka") == second


def test_two_names_never_share_a_port_and_rubbish_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"kafka": 99999999, "controller"')
    ports = Remembered(file)
    assert ports.get("kafka") != ports.get("controller")
