"""One channel as this gateway passes it on: the order is the chain of `prev`, and a hole in it stops everything.

No I/O: announcements and what was missed come in, frames go out; a hole is reported to whoever can fill it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from livefair.logs import detail, ids_in
from livefair.wire.channels import parse_channel
from livefair.wire.closing import Closing
from livefair.wire.feed import NO_OFFSET, NO_TRAIL, Publication
from livefair.wire.session import push
from services.gateway import metrics
from services.gateway.socket import text_frame

log = structlog.get_logger(__name__)

BACKLOG = 10_000
"""Announcements kept while a hole is being filled; more than these are found in the window again."""


class Member(Protocol):
    """Somebody who gets the frames of a channel."""

    def deliver(self, frames: bytes) -> None: ...

    def end(self, closing: Closing) -> None: ...


@dataclass(slots=True, eq=False)
class Joiner:
    """Somebody whose subscription is being answered: what is published meanwhile waits until the answer is out."""

    member: Member
    floor: int | None = None
    frames: list[tuple[int, bytes]] = field(default_factory=list)


class LiveChannel:
    """A feed key with somebody listening. `last` is the offset up to which everything has been passed on."""

    def __init__(self, key: str, name: str) -> None:
        self.key = key
        self.name = name
        self.last = NO_OFFSET
        self.flowing = False
        self.members: set[Member] = set()
        self.joiners: set[Joiner] = set()
        self.pending: list[bytes] = []
        parsed = parse_channel(name)
        self._kind = "" if parsed is None else parsed.kind
        self._trails: list[bytes] = []
        self._backlog: list[tuple[Publication, bytes]] = []

    @property
    def empty(self) -> bool:
        return not self.members and not self.joiners

    # ------------------------------------------------------------ publications

    def take(self, publication: Publication, trail: bytes = NO_TRAIL) -> bool:
        """The next announcement. False: something before it is missing, fill the hole and `flow` again."""
        if not self.flowing:
            if len(self._backlog) < BACKLOG:
                self._backlog.append((publication, trail))
            return True
        if publication.offset <= self.last:
            return True
        if publication.prev > self.last:
            self.flowing = False
            self._backlog.append((publication, trail))
            return False
        self._pass_on(publication)
        if trail != NO_TRAIL and self.members:
            self._trails.append(trail)
        return True

    def stop(self) -> None:
        """Let announcements wait until `flow`."""
        self.flowing = False

    def flow(self, missed: Iterable[Publication]) -> bool:
        """Pass on what was missed, then what has waited. False: there is another hole behind."""
        self.flowing = True
        for publication in missed:
            if publication.offset > self.last:
                self._pass_on(publication)
        backlog, self._backlog = self._backlog, []
        for publication, trail in backlog:
            self.take(publication, trail)
        return self.flowing

    def _pass_on(self, publication: Publication) -> None:
        payload = push(self.name, publication.offset, publication.prev, publication.class_, bytes(publication.event))
        frame = text_frame(payload)
        self.last = publication.offset
        metrics.PUBLICATIONS.inc()
        if detail.on:
            readers, ids = len(self.members), ids_in(bytes(publication.event))
            log.debug("pushing", channel=self.name, offset=publication.offset, readers=readers, **ids)
        if self.members:
            self.pending.append(frame)
        for joiner in list(self.joiners):
            joiner.frames.append((publication.offset, frame))
            self._admit(joiner)

    def flush(self) -> None:
        """Hand everything pending to every member, joined in one write."""
        if not self.pending:
            return
        frames, count = b"".join(self.pending), len(self.pending)
        self.pending.clear()
        for member in self.members:
            member.deliver(frames)
        if self._trails:
            trails, self._trails = self._trails, []
            metrics.handed_over(self._kind, trails)
        metrics.DELIVERIES.inc(count * len(self.members))
        metrics.BYTES.inc(len(frames) * len(self.members))

    # ------------------------------------------------------------ members

    def join(self, member: Member) -> Joiner:
        """From now on nothing of the channel is lost for this member."""
        joiner = Joiner(member)
        self.joiners.add(joiner)
        return joiner

    def settle(self, joiner: Joiner, floor: int) -> None:
        """The member has been told everything up to `floor`: what comes after it follows."""
        joiner.floor = floor
        self._admit(joiner)

    def _admit(self, joiner: Joiner) -> None:
        # The member may be ahead: what it was told came from Kafka, and the announcements are still to come.
        if joiner.floor is None or joiner not in self.joiners or self.last < joiner.floor:
            return
        self.flush()
        for offset, frame in joiner.frames:
            if offset > joiner.floor:
                joiner.member.deliver(frame)
                metrics.DELIVERIES.inc()
                metrics.BYTES.inc(len(frame))
        self.joiners.discard(joiner)
        self.members.add(joiner.member)

    def everyone(self) -> list[Member]:
        """Members, and those who are about to be."""
        return [*self.members, *(joiner.member for joiner in self.joiners)]

    def leave(self, member: Member) -> None:
        self.members.discard(member)
        for joiner in [each for each in self.joiners if each.member is member]:
            self.joiners.discard(joiner)
