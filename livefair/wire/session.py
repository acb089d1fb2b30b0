"""One connection's side of `livefair.v1.json` without its socket: a message in; a command to carry out, or bytes, out.

Whatever comes in, nothing raises: what is wrong gets an error with the message's own id, and the connection lives on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import orjson

from livefair.domain.access import Claims
from livefair.wire.channels import parse_channel
from livefair.wire.closing import TOO_MANY_ERRORS, Closing
from livefair.wire.feed import NO_OFFSET, Class, Publication
from livefair.wire.replies import Acked, Connected, Present, Push, Subscribed, Unsubscribed

SUBPROTOCOL = "livefair.v1.json"
PATH = "/ws"
PING_S = 25
"""Seconds between the websocket's own pings; the gateway sends them, a browser answers by itself."""
MAX_MESSAGE_BYTES = 1 << 16
MAX_SUBSCRIPTIONS = 128
MAX_ERRORS = 1000
"""Errors in a row before the connection is closed."""

_MAX_ID = 2**53 - 1  # what JavaScript counts exactly
_Offset = Annotated[int, msgspec.Meta(ge=NO_OFFSET, le=_MAX_ID)]
_Name = Annotated[str, msgspec.Meta(max_length=100)]


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The resume token: the feed's epoch and the last offset that the client has of the channel."""

    epoch: Annotated[str, msgspec.Meta(max_length=100)]
    offset: _Offset


class Connect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first command. Without a token one is nobody, who may read public channels."""

    token: Annotated[str, msgspec.Meta(max_length=8192)] = ""
    client: _Name = ""


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Read a channel, from the one after `since` on where something of it is known already."""

    channel: _Name
    since: Since | None = None


class Unsubscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Read it no more."""

    channel: _Name


class Presence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask how many read the channel."""

    channel: _Name


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything of the channel up to and with `offset` was seen by the person."""

    channel: _Name
    offset: _Offset


Body = Connect | Subscribe | Unsubscribe | Presence | Ack
COMMANDS: dict[str, type[Body]] = {
    "connect": Connect,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "presence": Presence,
    "ack": Ack,
}


class Command(NamedTuple):
    """A well-formed command that this connection may give now. Only an `ack` may come without an id."""

    id: int | None
    body: Body


ErrorType = Literal[
    "already-connected",
    "already-subscribed",
    "binary-frame",
    "forbidden",
    "invalid-json",
    "invalid-message",
    "not-connected",
    "not-subscribed",
    "too-many-subscriptions",
    "unauthenticated",
    "unavailable",
    "unknown-channel",
    "unknown-command",
]


class Refusal(msgspec.Struct, frozen=True):
    """A command that is not carried out: what is wrong, and what to do. `retry`: the same may succeed later."""

    type: ErrorType
    title: str
    retry: bool = False


REPLIES: dict[str, type[msgspec.Struct]] = {
    "connected": Connected,
    "subscribed": Subscribed,
    "unsubscribed": Unsubscribed,
    "presence": Present,
    "acked": Acked,
    "error": Refusal,
    "push": Push,
}
"""What a gateway says, by name."""
ANSWERS: dict[str, str] = {
    "connect": "connected",
    "subscribe": "subscribed",
    "unsubscribe": "unsubscribed",
    "presence": "presence",
    "ack": "acked",
}
"""The reply to each command that is carried out; one that is not gets `error`."""


NOT_AUTHENTICATED = Refusal("unauthenticated", "this channel needs a token: say it in `connect`")
NOT_SUBSCRIBED = Refusal("not-subscribed", "subscribe to the channel first")
NO_SUCH_CHANNEL = Refusal("forbidden", "there is no such channel, or it is not yours to read")
UNAVAILABLE = Refusal("unavailable", "the feed cannot be read at this moment: say it again in a second", retry=True)


class Answer(NamedTuple):
    """Bytes for the client; `error` is the type of the error that they say, empty where it is none."""

    data: bytes
    error: str = ""


Outcome = Command | Answer | Closing


class Session:
    """What one connection has said so far, and what it may say next."""

    def __init__(self) -> None:
        self.connected = False
        self.claims: Claims | None = None
        self._subscriptions: set[str] = set()
        self._errors = 0

    @property
    def subscriptions(self) -> frozenset[str]:
        """Channels subscribed to, or about to be."""
        return frozenset(self._subscriptions)

    # ------------------------------------------------------------ in

    def receive(self, message: str | bytes) -> Outcome:
        """Take one whole message: text as str, a binary frame as bytes."""
        identifier: int | None = None
        try:
            if not isinstance(message, str):
                raise _Wrong("binary-frame", "send text frames with one JSON object each")
            given = _json_object(message)
            identifier = _identifier(given)
            return self._command(identifier, *_only_command(given))
        except _Wrong as wrong:
            return self._error(identifier, wrong.refusal)

    def _command(self, identifier: int | None, name: str, value: Any) -> Outcome:
        kind = COMMANDS[name]
        if identifier is None and kind is not Ack:
            raise _Wrong("invalid-message", f"`{name}` needs an `id`: a whole number that its answer repeats")
        try:
            body = msgspec.convert(value, type=kind)
        except msgspec.ValidationError as error:
            raise _Wrong("invalid-message", f"`{name}`: {error}") from None
        self._may_say(body)
        self._errors = 0
        return Command(identifier, body)

    def _may_say(self, body: Body) -> None:
        if isinstance(body, Connect):
            if self.connected:
                raise _Wrong("already-connected", "this connection has said `connect` before")
            return
        if not self.connected:
            raise _Wrong("not-connected", "say `connect` first")
        if parse_channel(body.channel) is None:
            raise _Wrong(
                "unknown-channel",
                "channels are fair:ID, fair:ID:host, job:ID, candidate:ID and office:REGION",
            )
        subscribed = body.channel in self._subscriptions
        if isinstance(body, Subscribe):
            if subscribed:
                raise _Wrong("already-subscribed", "this connection has subscribed to that channel")
            if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
                raise _Wrong("too-many-subscriptions", f"one connection may have {MAX_SUBSCRIPTIONS} subscriptions")
        elif not subscribed and not isinstance(body, Presence):
            raise _Wrong(NOT_SUBSCRIBED.type, NOT_SUBSCRIBED.title)

    # ------------------------------------------------------------ out

    def accept(self, identifier: int | None, claims: Claims | None, session: str, server_time: int) -> Answer:
        """`connect` is granted; `server_time` is Unix ms."""
        self.connected, self.claims = True, claims
        return _answer(identifier, connected=Connected(session, PING_S, server_time))

    def begin(self, channel: str) -> None:
        """A subscription is being made; `refuse` takes it back."""
        self._subscriptions.add(channel)

    def end(self, channel: str) -> None:
        """A subscription is being ended; the client may make it anew."""
        self._subscriptions.discard(channel)

    def subscribed(
        self,
        identifier: int | None,
        channel: str,
        epoch: str,
        offset: int,
        recovered: bool,
        publications: Iterable[Publication],
    ) -> Answer:
        """A subscription is made: live publications follow from the one after `offset` on."""
        return _answer(identifier, subscribed=Subscribed(channel, epoch, offset, recovered, tuple(publications)))

    def unsubscribed(self, identifier: int | None, channel: str) -> Answer:
        return _answer(identifier, unsubscribed=Unsubscribed(channel))

    def present(self, identifier: int | None, channel: str, count: int) -> Answer:
        """How many connections read the channel."""
        return _answer(identifier, presence=Present(channel, count))

    def acknowledged(self, identifier: int | None, channel: str, offset: int) -> Answer:
        return _answer(identifier, acked=Acked(channel, offset))

    def refuse(self, identifier: int | None, refusal: Refusal, channel: str = "") -> Outcome:
        """The answer to a command that was not granted; where it was a subscription, that one is void."""
        self._subscriptions.discard(channel)
        if refusal.retry:  # ours, not theirs
            return _answer(identifier, error=refusal)._replace(error=refusal.type)
        return self._error(identifier, refusal)

    def _error(self, identifier: int | None, refusal: Refusal) -> Outcome:
        self._errors += 1
        if self._errors > MAX_ERRORS:
            return TOO_MANY_ERRORS
        return _answer(identifier, error=refusal)._replace(error=refusal.type)


def push(channel: str, offset: int, prev: int, class_: Class, event: bytes) -> bytes:
    """A publication (`Push`) as every subscriber of the channel gets it."""
    return b'{"push":{"channel":"%b","offset":%d,"prev":%d,"class":"%b","event":%b}}' % (
        channel.encode(),
        offset,
        prev,
        class_.encode(),
        event,
    )


class _Wrong(Exception):
    def __init__(self, kind: ErrorType, title: str) -> None:
        super().__init__(title)
        self.refusal = Refusal(kind, title)


def _json_object(message: str) -> dict[str, Any]:
    try:
        given = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise _Wrong("invalid-json", f"the message is not JSON: {str(error)[:200]}") from None
    if not isinstance(given, dict):
        raise _Wrong("invalid-message", "a message is one JSON object")
    return given


def _identifier(given: dict[str, Any]) -> int | None:
    identifier = given.get("id")
    if identifier is None:
        return None
    if type(identifier) is not int or not 0 <= identifier <= _MAX_ID:
        raise _Wrong("invalid-message", f"`id` is a whole number from 0 to {_MAX_ID}")
    return identifier


def _only_command(given: dict[str, Any]) -> tuple[str, Any]:
    names = [name for name in given if name != "id"]
    unknown = [name for name in names if name not in COMMANDS]
    if unknown or not names:
        said = f"`{unknown[0][:40]}` is no command" if unknown else "the message has no command"
        raise _Wrong("unknown-command", f"{said}: there are {', '.join(COMMANDS)}")
    if len(names) > 1:
        raise _Wrong("invalid-message", "a message holds one command")
    return names[0], given[names[0]]


_encode = msgspec.json.Encoder().encode


def _answer(identifier: int | None, **body: msgspec.Struct) -> Answer:
    return Answer(_encode(({} if identifier is None else {"id": identifier}) | body))
