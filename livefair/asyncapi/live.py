"""The websocket in the document: its commands and replies, its channels, and every event that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from livefair.asyncapi import examples
from livefair.asyncapi.schemas import Schema, ref, text
from livefair.wire import channels
from livefair.wire.channels import ChannelKind
from livefair.wire.closing import CLOSINGS, RESUMABLE
from livefair.wire.events import EVENTS, Event, Pushed
from livefair.wire.session import ANSWERS, COMMANDS, MAX_MESSAGE_BYTES, PATH, REPLIES, SUBPROTOCOL

SERVER = "gateway"
SOCKET = "socket"

CHANNELS: Final[Mapping[ChannelKind, tuple[str, str]]] = {
    "fair": (channels.fair_channel("{fair}"), "A fair, for everyone: no token is needed."),
    "host": (channels.host_channel("{fair}"), "A fair, for its host: also the people who agreed to be seen by hosts."),
    "job": (channels.job_channel("{job}"), "A job, for its employer: the people who agreed to be seen by employers."),
    "candidate": (
        channels.candidate_channel("{candidate}"),
        "A person, for that person. What is `must` here is kept until it is acknowledged, whatever the device.",
    ),
    "office": (channels.office_channel("{region}"), "A region, for its labour-export office."),
}
"""Each kind of channel: its address, and who reads it."""

_IDENTIFIER: Schema = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_PARAMETERS = {
    "fair": "the id of a fair",
    "job": "the id of a job",
    "candidate": "the id of a candidate",
    "region": "a GB/T 2260 code",
}
_CLASSES = {
    "must": "Never skipped.",
    "latest": "The newest of its row replaces an older one.",
    "sample": "May be skipped.",
}


def event_channels(kind: ChannelKind) -> list[str]:
    """The types of event that a kind of channel carries."""
    return [name for name, pushed in EVENTS.items() if kind in pushed.channels]


# ---------------------------------------------------------------- messages


def messages() -> dict[str, Any]:
    """Every message of the websocket, by its name in the document."""
    replies = examples.replies()
    return (
        {f"command.{name}": _command(name) for name in COMMANDS}
        | {f"reply.{name}": _reply(name, replies[name]) for name in REPLIES if name != "push"}
        | {f"event.{name}": _event(name, pushed) for name, pushed in EVENTS.items()}
    )


def _message(name: str, summary: str, payload: Schema, example: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        **summary_of(summary),
        "payload": payload,
        "examples": [{"payload": example}],
        **more,
    }


def summary_of(said: str) -> dict[str, str]:
    """The first sentence as a summary, all of it as the description where there is more."""
    paragraph, _, more = said.partition("\n\n")
    first, stop, rest = paragraph.partition(". ")
    return {"summary": first.rstrip(".") + "."} | ({"description": said} if (stop and rest) or more else {})


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _command(name: str) -> dict[str, Any]:
    required = [name] if name == "ack" else ["id", name]
    payload = _object(required, id=_IDENTIFIER, **{name: ref(COMMANDS[name])})
    return _message(name, text(COMMANDS[name].__doc__), payload, examples.COMMANDS[name])


def _reply(name: str, example: Mapping[str, Any]) -> dict[str, Any]:
    required = [name] if name == "error" else ["id", name]
    payload = _object(required, id=_IDENTIFIER, **{name: ref(REPLIES[name])})
    return _message(name, text(REPLIES[name].__doc__), payload, example)


def _event(name: str, pushed: Pushed) -> dict[str, Any]:
    """A push whose class and event are those of one type."""
    own = {"type": "object", "properties": {"type": {"const": name}, "data": ref(pushed.data)}}
    payload = _object(
        ["push"],
        push={
            "allOf": [
                ref(REPLIES["push"]),
                {
                    "type": "object",
                    "properties": {
                        "class": {"const": pushed.class_},
                        "event": {"allOf": [ref(Event), own]},
                    },
                },
            ]
        },
    )
    address = CHANNELS[pushed.channels[0]][0].format(**examples.CHANNEL_IDS)
    more: dict[str, Any] = {
        "tags": [{"name": pushed.class_, "description": _CLASSES[pushed.class_]}],
        "x-class": pushed.class_,
        "x-channels": list(pushed.channels),
    }
    if pushed.entity:
        more["x-entity"] = pushed.entity
    return _message(name, pushed.says, payload, examples.pushed(name, address), **more)


# ---------------------------------------------------------------- channels


def channels_said() -> dict[str, Any]:
    """The socket itself, and each kind of channel that goes over it."""
    return {SOCKET: _socket()} | {kind: _channel(kind, *said) for kind, said in CHANNELS.items()}


def _within(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _socket() -> dict[str, Any]:
    named = [f"command.{name}" for name in COMMANDS] + [f"reply.{name}" for name in REPLIES if name != "push"]
    return {
        "address": PATH,
        "title": "The websocket",
        "description": (
            f"Subprotocol `{SUBPROTOCOL}`; text frames with one JSON object each, from a client at most"
            f" {MAX_MESSAGE_BYTES} bytes. `connect` comes first. A command's `id` is repeated by its reply."
            " Every channel below goes over this one connection."
        ),
        "servers": [{"$ref": f"#/servers/{SERVER}"}],
        "messages": _within(*named),
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": {"Sec-WebSocket-Protocol": {"const": SUBPROTOCOL}},
                    "required": ["Sec-WebSocket-Protocol"],
                },
                "bindingVersion": "0.1.0",
            }
        },
        "x-close-codes": [
            {
                "code": each.code,
                "name": each.name,
                "comeBack": each.code in RESUMABLE,
                "wait": each.wait,
                "says": each.says,
            }
            for each in CLOSINGS
        ],
    }


def _channel(kind: ChannelKind, address: str, says: str) -> dict[str, Any]:
    names = [each for each in _PARAMETERS if f"{{{each}}}" in address]
    carried = [f"event.{name}" for name in event_channels(kind)]
    return {
        "address": address,
        "title": address,
        "description": says if carried else f"{says} Nothing is pushed there yet.",
        "servers": [{"$ref": f"#/servers/{SERVER}"}],
        "parameters": {name: {"description": _PARAMETERS[name]} for name in names},
        "messages": _within(*carried),
    }


# ---------------------------------------------------------------- operations


def operations() -> dict[str, Any]:
    """Each command with its replies, and what is pushed on each kind of channel."""
    return {name: _asked(name) for name in COMMANDS} | {
        f"push.{kind}": _pushes(kind) for kind in CHANNELS if event_channels(kind)
    }


def _of(channel: str, *names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _asked(name: str) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{SOCKET}"}
    replies = _of(SOCKET, f"reply.{ANSWERS[name]}", "reply.error")
    return {
        "action": "receive",
        "channel": channel,
        "title": name,
        **summary_of(text(COMMANDS[name].__doc__)),
        "messages": _of(SOCKET, f"command.{name}"),
        "reply": {"channel": channel, "messages": replies},
    }


def _pushes(kind: ChannelKind) -> dict[str, Any]:
    address, _ = CHANNELS[kind]
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{kind}"},
        "title": f"push on {address}",
        "summary": "To everyone who has subscribed to the channel, in its order.",
        "messages": _of(kind, *(f"event.{name}" for name in event_channels(kind))),
    }
