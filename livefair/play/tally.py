"""What has happened at a fair that is being played: counted at the phones, and as the host's socket told it.

Counting decides nothing; whatever the system decided is taken from the host's channel alone.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

from livefair.client import Event
from livefair.errors import LivefairError
from livefair.play.witness import Promises, Witness, percentiles


class Tally:
    """Counts of one fair. `promises` holds what phones were told against what the host saw."""

    def __init__(self) -> None:
        self.promises = Promises()
        self.done: Counter[str] = Counter()
        """What phones, employers and the host did, by name."""
        self.refused: Counter[str] = Counter()
        """Requests that were refused for good, by the type of the problem."""
        self.heard: Counter[str] = Counter()
        """Events on the host's channel by type."""
        self.contradicted: list[str] = []
        """Applications of a repeat that was answered otherwise than the first time."""
        self.witnesses: list[Witness] = []
        self.behind: list[float] = []
        """By how much phones were later than their time, s: what the player itself adds."""
        self._waiting: set[str] = set()

    def witness(self, channel: str) -> Witness:
        """A witness whose findings count here."""
        found = Witness(channel)
        self.witnesses.append(found)
        return found

    def refuse(self, error: LivefairError) -> None:
        """A request or a subscription was refused for good, or not answered for long."""
        self.refused[str(getattr(error, "type", type(error).__name__))] += 1

    def hear(self, event: Event, at: float) -> None:
        """An event of the host's channel, each once; `at` is when it came (s)."""
        kind, data = event.type, event.data
        self.heard[kind] += 1
        if kind.startswith("application."):
            (self._waiting.add if data["state"] == "waitlisted" else self._waiting.discard)(data["application"])
            if kind == "application.submitted":
                self.promises.submit(data["application"], data.get("revision", 1), at)
            elif kind == "application.matched" and data.get("reason") == "next-in-line":
                self.done["promoted"] += 1
        elif kind == "offer.answered":
            self.done["accepted" if data["accept"] else "declined"] += 1

    @property
    def doubled(self) -> list[str]:
        """Event ids that a socket got twice, and applications that came to the host twice."""
        return [identifier for witness in self.witnesses for identifier in witness.doubled] + self.promises.doubled

    @property
    def holes(self) -> list[str]:
        """Where a channel's chain was broken for a socket."""
        return [f"{witness.channel} after {last}: {prev}" for witness in self.witnesses for last, prev in witness.holes]

    @property
    def faultless(self) -> bool:
        """Whether clients saw everything that they were promised, once."""
        return not (self.promises.missing or self.doubled or self.holes or self.contradicted)

    @property
    def waiting(self) -> int:
        """Applications in a waiting line now."""
        return len(self._waiting)

    def latency(self, newest: int | None = None) -> dict[str, float | None]:
        """From the acknowledgement at the phone to the push at the host, ms; of the `newest` applications."""
        found = self.promises.latencies
        return percentiles(list(found if newest is None else islice(reversed(found), newest)))

    def summary(self) -> dict[str, Any]:
        """The whole of it as plain values."""
        heard, done = self.heard, self.done
        return {
            "people": done["people"],
            "sign_ups": done["sign-ups"],
            "applications": len(self.promises.acknowledged),
            "submitted": self.promises.submitted,
            "matched": heard["application.matched"],
            "waiting": self.waiting,
            "promoted": done["promoted"],
            "offers": heard["offer.made"],
            "accepted": done["accepted"],
            "declined": done["declined"],
            "lapsed": heard["offer.expired"],
            "latency_ms": self.latency(),
            "phones": {name: done[name] for name in ("double-tap", "retry", "again", "cut", "drop", "return", "batch")},
            "refused": dict(self.refused),
            "channels": len(self.witnesses),
            "unrecovered": done["unrecovered"],
            "seen": {
                "missing": len(self.promises.missing),
                "doubled": len(self.doubled),
                "holes": len(self.holes),
                "contradicted": len(self.contradicted),
            },
        }
