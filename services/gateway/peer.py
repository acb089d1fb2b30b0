"""One client: its session's commands carried out, its subscriptions held, its answers sent.

A command of one channel waits for the one before it on that channel, and for nothing else.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

from livefair import tokens
from livefair.errors import NotAllowed, Unavailable
from livefair.wire.channels import parse_channel
from livefair.wire.closing import Closing
from livefair.wire.feed import NO_OFFSET
from livefair.wire.session import (
    NO_SUCH_CHANNEL,
    NOT_AUTHENTICATED,
    NOT_SUBSCRIBED,
    UNAVAILABLE,
    Ack,
    Answer,
    Command,
    Connect,
    Outcome,
    Refusal,
    Session,
    Subscribe,
    Unsubscribe,
)
from livefair.wire.session import (
    Presence as AskPresence,
)
from services import audience
from services.gateway import metrics
from services.gateway.acks import Acks
from services.gateway.beginning import Beginnings
from services.gateway.control import Control
from services.gateway.hot import Hot
from services.gateway.hub import Hub
from services.gateway.live import LiveChannel
from services.gateway.presence import Presence
from services.gateway.socket import Connection, text_frame

AT_ONCE = 64
"""Commands of one connection being carried out; the next message waits for one of them to end."""
ANSWER_S = 45.0
"""For a command: a resume may have to wait for its turn at Kafka."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What every peer uses."""

    hub: Hub
    hot: Hot
    beginnings: Beginnings
    control: Control
    acks: Acks
    presence: Presence
    directory: audience.Directory
    token_secret: bytes


@dataclass(slots=True)
class Subscription:
    """A channel that this client reads, from the one after `begun` on; `seen` is what it has acknowledged here."""

    channel: LiveChannel
    begun: int
    seen: int = NO_OFFSET


class Peer:
    """Give it messages; it answers through the connection."""

    def __init__(self, connection: Connection, rooms: Rooms) -> None:
        self._connection = connection
        self._rooms = rooms
        self.session = Session()
        self._subscriptions: dict[str, Subscription] = {}
        self._last: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone = False
        connection.on_end = self.leave

    async def take(self, message: str | bytes) -> None:
        """One message of the client."""
        outcome = self.session.receive(message)
        if not isinstance(outcome, Command):
            self._say(outcome)
        elif isinstance(outcome.body, Connect):
            self._say(self._connect(outcome.id, outcome.body))
        else:
            self._start(outcome)
            while len(self._tasks) >= AT_ONCE:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def leave(self) -> None:
        """The connection has ended, or is about to."""
        self._gone = True
        for subscription in self._subscriptions.values():
            self._rooms.hub.leave(self._connection, subscription.channel)
        self._subscriptions.clear()

    def _say(self, outcome: Outcome) -> None:
        if isinstance(outcome, Closing):
            self._connection.end(outcome)
        elif isinstance(outcome, Answer):
            if outcome.error:
                metrics.ERRORS.labels(outcome.error).inc()
            self._connection.deliver(text_frame(outcome.data))

    # ------------------------------------------------------------ commands

    def _connect(self, identifier: int | None, body: Connect) -> Outcome:
        claims = None
        if body.token:
            try:
                claims = tokens.verify(self._rooms.token_secret, body.token)
            except NotAllowed as error:
                return self.session.refuse(identifier, Refusal("unauthenticated", error.message))
        return self.session.accept(identifier, claims, secrets.token_hex(8), int(time.time() * 1000))

    def _start(self, command: Command) -> None:
        body = command.body
        assert not isinstance(body, Connect)  # noqa: S101  (said above; for the type checker)
        if isinstance(body, Subscribe):
            self.session.begin(body.channel)
        elif isinstance(body, Unsubscribe):
            self.session.end(body.channel)
        before = self._last.get(body.channel)
        task = asyncio.create_task(self._carry_out(command.id, body, before))
        self._last[body.channel] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(
        self,
        identifier: int | None,
        body: Subscribe | Unsubscribe | AskPresence | Ack,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None and not before.done():
            await asyncio.wait({before})
        subscribing = body.channel if isinstance(body, Subscribe) else ""
        try:
            async with asyncio.timeout(ANSWER_S):
                match body:
                    case Subscribe():
                        await self._subscribe(identifier, body)
                    case Unsubscribe():
                        self._unsubscribe(identifier, body.channel)
                    case AskPresence():
                        await self._presence(identifier, body.channel)
                    case Ack():
                        await self._ack(identifier, body)
        except (Unavailable, TimeoutError):
            self._refuse(identifier, UNAVAILABLE, subscribing)
        except Refused as refused:
            self._refuse(identifier, refused.refusal, subscribing)
        finally:
            if self._last.get(body.channel) is asyncio.current_task():
                del self._last[body.channel]

    def _refuse(self, identifier: int | None, refusal: Refusal, subscribing: str) -> None:
        # A later command on the same channel decides by itself what becomes of it.
        last = subscribing and self._last.get(subscribing) is asyncio.current_task()
        self._say(self.session.refuse(identifier, refusal, subscribing if last else ""))

    async def _key(self, channel: str) -> str:
        """The feed key that the channel is for this client. Raises Refused, Unavailable."""
        parsed = parse_channel(channel)
        if parsed is None:
            raise Refused(NO_SUCH_CHANNEL)
        claims = self.session.claims
        key = await audience.feed_key(self._rooms.directory, self._rooms.hot.primary_holder, claims, parsed)
        if key is None:
            raise Refused(NOT_AUTHENTICATED if claims is None and parsed.kind != "fair" else NO_SUCH_CHANNEL)
        return key

    async def _subscribe(self, identifier: int | None, body: Subscribe) -> None:
        key = await self._key(body.channel)
        channel, joiner = await self._rooms.hub.join(self._connection, key, body.channel)
        try:
            begun = await self._rooms.beginnings.of(channel, body.since)
        except BaseException:
            self._rooms.hub.leave(self._connection, channel)
            raise
        if self._gone:
            self._rooms.hub.leave(self._connection, channel)
            return
        self._subscriptions[body.channel] = Subscription(channel, begun.offset)
        self._say(self.session.subscribed(identifier, body.channel, *begun))
        channel.settle(joiner, begun.offset)

    def _unsubscribe(self, identifier: int | None, name: str) -> None:
        subscription = self._subscriptions.pop(name, None)
        if subscription is not None:
            self._rooms.hub.leave(self._connection, subscription.channel)
        self._say(self.session.unsubscribed(identifier, name))

    async def _presence(self, identifier: int | None, name: str) -> None:
        count = await self._rooms.presence.count(await self._key(name))
        self._say(self.session.present(identifier, name, count))

    async def _ack(self, identifier: int | None, body: Ack) -> None:
        subscription = self._subscriptions.get(body.channel)
        if subscription is None:
            raise Refused(NOT_SUBSCRIBED)
        channel, claims = subscription.channel, self.session.claims
        if body.offset > max(subscription.begun, channel.last):
            raise Refused(Refusal("invalid-message", "`ack`: the channel has no such offset yet"))
        # Only a person's own word is kept; on other channels there is nobody who asks for it.
        own = channel.key.startswith("candidate:") and claims is not None and claims.role == "candidate"
        if own and body.offset > subscription.seen:
            await self._rooms.acks.write(channel.key, self._rooms.control.epoch, body.offset)
            subscription.seen = max(subscription.seen, body.offset)
        if identifier is not None:
            self._say(self.session.acknowledged(identifier, body.channel, body.offset))


class Refused(Exception):
    """The command is not granted."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.title)
        self.refusal = refusal
