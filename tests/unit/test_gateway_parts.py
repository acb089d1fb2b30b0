"""Parts of the gateway that need no server: frames, chains, shared scans, and what is relied upon of websockets."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

import msgspec
import pytest
from websockets.asyncio.connection import Connection as Base
from websockets.frames import Frame, Opcode

from livefair.wire.feed import Publication
from services.gateway.history import TOGETHER, Wanted, grouped
from services.gateway.hot import announced
from services.gateway.recovery import chained
from services.gateway.socket import Connection, text_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 100_000])
def test_a_frame_is_what_websockets_itself_would_send(length: int) -> None:
    assert text_frame(b"x" * length) == Frame(Opcode.TEXT, b"x" * length).serialize(mask=False)


def test_websockets_still_is_what_the_socket_module_relies_upon() -> None:
    assert version("websockets").split(".")[0] == "17"
    source = inspect.getsource(Base)
    for relied in (
        "self.transport = transport",
        "self.paused = True",
        "self.paused = False",
        "self.protocol = protocol",
    ):
        assert relied in source
    assert "self.paused = False" in inspect.getsource(Base.resume_writing)
    assert issubclass(Connection, Base)


def publication(offset: int, prev: int) -> Publication:
    return Publication(offset, prev, "must", msgspec.Raw(b"{}"))


def test_a_chain_begins_at_the_offset_asked_for_and_has_nothing_twice() -> None:
    log = [publication(3, -1), publication(5, 3), publication(5, 3), publication(9, 8)]
    assert [(each.offset, each.prev) for each in chained(3, log)] == [(5, 3), (9, 5)]


def test_an_announcement_keeps_the_event_as_it_is() -> None:
    found, trail = announced(b'12 7 latest 1700000000000 {"id":"a b"}')
    assert trail == b"1700000000000"
    assert (found.offset, found.prev, found.class_, bytes(found.event)) == (12, 7, "latest", b'{"id":"a b"}')


def test_who_was_away_for_long_makes_nobody_else_read_that_far_back() -> None:
    def wanted(offset: int) -> Wanted:
        answer: Any = None
        return Wanted("fair:f1", offset, None, answer)

    groups = grouped([wanted(900_000), wanted(10), wanted(900_000 + TOGETHER), wanted(20), wanted(990_000)], 0)
    assert [[each.offset for each in group] for group in groups] == [[10, 20], [900_000, 900_000 + TOGETHER], [990_000]]
