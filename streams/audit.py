"""Folding the log again and comparing: what was decided, fed, lost, doubled, and what differs.

Nothing here trusts a state that a service holds: inputs, decision logs and feed are all it reads. Positions name what
is wrong; no personal data is in a finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from livefair.errors import UnreadableRecord
from livefair.wire.decisions import ApplicationApplied, ApplicationEntered, Noted
from livefair.wire.envelope import TRACE, Step, header, origin_of, parse_position, rank_of
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from streams.fold import Fold
from streams.log import BrokenLog, DecisionLog, Entry, Record
from streams.owner import POISONED, UNREADABLE, Owner, Written

EXAMPLES = 20
"""Findings that a report spells out; the rest are counted."""

Target = tuple[str, int]
"""A topic's name and a partition of it."""
Rank = tuple[int, int, int]


@dataclass(slots=True)
class Report:
    """What the audit found. `lost`, `doubled` and `differing` are the faults; the rest says how much was looked at.

    `insight_compared` counts rows of insight that the log confirms, `insight_behind` fairs not yet counted whole.
    """

    inputs: int = 0
    decided: int = 0
    undecided: int = 0
    fed: int = 0
    under_way: int = 0
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    stale_dropped: int = 0
    unreadable: int = 0
    acknowledged: int = 0
    insight_compared: int = 0
    insight_behind: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, doubled or different."""
        return not (self.lost or self.doubled or self.differing)

    def find(self, fault: str, what: str, count: int = 1) -> None:
        """Count a fault, and spell out the first ones."""
        setattr(self, fault, getattr(self, fault) + count)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{fault}: {what}")


@dataclass(slots=True)
class Arrivals:
    """What reached the other topics: for each partition, the origins that a receiver's filter lets through."""

    accepted: dict[Target, dict[bytes, set[Rank]]] = field(default_factory=lambda: defaultdict(dict))
    _highest: dict[tuple[str, int, bytes], Rank] = field(default_factory=dict)

    def see(self, topic: str, partition: int, headers: Sequence[tuple[str, bytes]]) -> bool:
        """Take note of one record of a target; whether a receiver would take it."""
        origin = origin_of(headers)
        if origin is None:
            return True
        try:
            upstream, rank = rank_of(origin)
        except UnreadableRecord:
            return True
        at = (topic, partition, upstream)
        if rank <= self._highest.get(at, (-1, 0, 0)):
            return False
        self._highest[at] = rank
        self.accepted[topic, partition].setdefault(upstream, set()).add(rank)
        return True


class Refold:
    """Folds one partition of one stage again, and holds the result against its log."""

    def __init__(self, fold: Fold[Any, Any, Any], partition: int, report: Report, fair: str | None = None) -> None:
        self._fold = fold
        self._partition = partition
        self._report = report
        self._fair = fair
        self._log = DecisionLog()
        self._decided: dict[int, list[Entry]] = {}
        self._owner = Owner(fold, partition)
        self._entered: set[tuple[str, int]] = set()
        self.applications: set[str] = set()

    def read_log(self, record: Record) -> None:
        """One record of the decision log, in order."""
        try:
            entries = self._log.read(record)
        except BrokenLog as error:
            self._report.find("lost", f"{self._fold.log.name}/{self._partition}: {error}")
            self._log.step = Step(2**62, 0)  # nothing after a hole may be believed
            return
        for entry in entries:
            self._decided.setdefault(entry.step.offset, []).append(entry)

    def fold_again(self, record: Record, arrivals: Arrivals, committed: int) -> None:
        """One input, in order, after the whole log was read. Before `committed` everything must have been routed."""
        report, entries = self._report, self._decided.pop(record.offset, [])
        if entries and self._was_passed_over(entries[0]):
            self._owner.poisoned.add(record.offset)
        written = self._owner.fold_one(record)
        about_fair = self._fair is None or any(_fair_of(one.decision) in (None, self._fair) for one in written)
        report.inputs += about_fair
        where = f"{self._fold.source.name}/{self._partition}@{record.offset}"
        if not entries and record.offset > self._log.step.offset:
            report.undecided += bool(written) and about_fair
        else:
            self._compare(where, entries, written)
            for one in written if about_fair else ():
                report.decided += 1
                self._reconcile(where, one, arrivals, record.offset < committed)
        for one in written:
            self._once(where, one.decision)

    def finish(self) -> None:
        """After the last input: a decision that names an input that is not there differs from any refold."""
        for offset in sorted(self._decided):
            self._report.find(
                "differing", f"{self._fold.log.name}/{self._partition} decides {offset}, which is no input"
            )
        self._report.stale_dropped += self._log.dropped

    def _was_passed_over(self, entry: Entry) -> bool:
        decision = self._fold.decisions.decode(entry.record.value)
        return isinstance(decision, Noted) and decision.why == UNREADABLE and decision.detail == POISONED

    def _compare(self, where: str, entries: Sequence[Entry], written: Sequence[Written]) -> None:
        if len(entries) != len(written):
            self._report.find(
                "differing", f"{where}: {len(entries)} decisions in the log, {len(written)} when folded again"
            )
            return
        for entry, one in zip(entries, written, strict=True):
            record = entry.record
            same = (record.key, record.value) == (one.key, one.value) and _unsigned(record.headers) == _unsigned(
                one.headers
            )
            if not same:
                self._report.find("differing", f"{where}: decision {one.step.nth} ({type(one.decision).__name__})")

    def _reconcile(self, where: str, one: Written, arrivals: Arrivals, routed: bool) -> None:
        """Whether everything that a decision tells others has reached them."""
        report = self._report
        if isinstance(one.decision, Noted):
            report.unreadable += one.decision.why == UNREADABLE
            return
        upstream = f"{self._fold.log.tag}{self._partition}".encode()
        ident = f"{upstream.decode()}-{one.step.offset}-{one.step.nth}"
        for ordinal, route in enumerate(self._fold.routes(one.decision, ident)):
            target = (route.topic.name, partition_of(route.topic, route.key))
            arrived = (*one.step, ordinal) in arrivals.accepted[target].get(upstream, ())
            if arrived:
                report.fed += route.topic is FEED
            elif not route.replaces:  # a newer value of the same thing may have taken its place
                if routed:
                    report.find("lost", f"{where}: {route.kind} to {target[0]}/{target[1]}")
                else:
                    report.under_way += 1

    def _once(self, where: str, decision: object) -> None:
        """No application is made, or entered, twice in one revision."""
        match decision:
            case ApplicationApplied():
                effect = (decision.application, decision.revision)
                self.applications.add(decision.application)
            case ApplicationEntered(row=row):
                effect = (row.application, row.revision)
            case _:
                return
        if effect in self._entered:
            self._report.find("doubled", f"{where}: {type(decision).__name__} {effect[0]} revision {effect[1]}")
        self._entered.add(effect)


def check_acknowledged(acknowledged: Iterable[str], applications: set[str], report: Report) -> None:
    """Every application id that a client was told of must be there."""
    for application in acknowledged:
        report.acknowledged += 1
        if application not in applications:
            report.find("lost", f"application {application} was acknowledged and is nowhere")


def _unsigned(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, object]]:
    """Headers without the writer's epoch, the one thing in which two right decisions may differ."""
    position = parse_position(header(headers, "ce_position") or b"")
    return [
        (name, value) if name != "ce_position" else (name, position._replace(epoch=0))
        for name, value in headers
        if name != TRACE  # who watched is no part of what was decided
    ]


def _fair_of(decision: object) -> str | None:
    """The fair that a decision is about; None where it does not say."""
    for holder in (decision, *(getattr(decision, name, None) for name in ("row", "job", "fair", "made"))):
        fair = getattr(holder, "fair", None)
        if isinstance(fair, str):
            return fair
    return None
