"""The whole document; `make docs` writes it to docs/asyncapi.json, intake serves it at /asyncapi.json."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import orjson

from livefair.asyncapi import live, log
from livefair.asyncapi.schemas import collect
from livefair.config import Settings
from livefair.wire.events import EVENTS, Event
from livefair.wire.session import COMMANDS, REPLIES

_DESCRIPTION = """\
What is pushed while a fair is on air, and the records behind it. A client needs the first half: one websocket, its \
commands, its channels, every event. The second half is for who reads Kafka: each topic with its key, its retention \
and every type of record. The calls beside it are HTTP: see the OpenAPI document."""
_KAFKA_PORT = 9092


@cache
def as_bytes() -> bytes:
    """The document as JSON."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def document() -> dict[str, Any]:
    """The document as plain values."""
    kinds: list[type] = [
        *COMMANDS.values(),
        *REPLIES.values(),
        Event,
        *(each.data for each in EVENTS.values()),
        *log.kinds(),
    ]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "livefair",
            "version": version("livefair"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            live.SERVER: _server("ws", "LIVEFAIR_GATEWAY_PORT", Settings.model_fields["gateway_port"].default),
            log.SERVER: _server("kafka", "LIVEFAIR_KAFKA", _KAFKA_PORT),
        },
        "channels": live.channels_said() | log.channels(),
        "operations": live.operations() | log.operations(),
        "components": {"schemas": collect(dict.fromkeys(kinds)), "messages": live.messages() | log.messages()},
    }


def _server(protocol: str, setting: str, port: int) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "description": f"Where it is: {setting}.",
        "variables": {"host": {"default": f"127.0.0.1:{port}", "description": "host and port"}},
    }
