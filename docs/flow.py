"""Who writes and reads which topic, and a picture of it.

The stages' part is read from their code. The doors' part is said here; a test holds it against the topics that each of
them imports, and against who wrote what in a real run.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from livefair.wire import topics
from livefair.wire.topics import (
    ACKS,
    BY_NAME,
    CANDIDATE_KEYS,
    CANDIDATES,
    CONTROL,
    DEAD_LETTERS,
    DESK_DECISIONS,
    FAIR_DECISIONS,
    FAIRS,
    FEED,
    INSIGHT,
    INSIGHT_COUNTED,
    INSIGHT_SUMMED,
    JOBS,
    MATCHES,
    VIEWS,
    Topic,
)
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.fold import NoDeadlines
from streams.ledger import LedgerFold

WRITES: Mapping[str, Sequence[Topic]] = {
    "intake": (FAIRS, CANDIDATES, JOBS, CANDIDATE_KEYS),
    "gateway": (ACKS,),
    "feeder": (VIEWS, CONTROL, DEAD_LETTERS),
    "insight": (INSIGHT, INSIGHT_COUNTED, INSIGHT_SUMMED, FEED, DEAD_LETTERS),
}
READS: Mapping[str, Sequence[Topic]] = {
    "intake": (FAIRS, CANDIDATES, CANDIDATE_KEYS),
    "gateway": (FEED, CONTROL, FAIRS),
    "feeder": (FEED, VIEWS, ACKS, CONTROL),
    "insight": (FAIR_DECISIONS, DESK_DECISIONS, MATCHES, INSIGHT, INSIGHT_COUNTED, INSIGHT_SUMMED),
}
SHOWN: Sequence[Topic] = (FAIRS, CANDIDATES, JOBS, FAIR_DECISIONS, DESK_DECISIONS, MATCHES, FEED)
"""The topics of the picture: what people say, what was decided, what is shown. The others remember."""

_STAGES: Mapping[str, type[Any]] = {"fair desk": FairFold, "candidate desk": DeskFold, "seat ledger": LedgerFold}


class Stage(NamedTuple):
    """One fold: what it reads, what it writes, and where its decisions are told."""

    name: str
    source: Topic
    log: Topic
    routes: tuple[Topic, ...]
    deadlines: bool
    """Whether its owner writes a record of its own into `source` when a deadline has passed."""


@cache
def stages() -> Sequence[Stage]:
    """The three of them, as their classes declare them and their modules route."""
    return tuple(
        Stage(name, fold.source, fold.log, routes_of(fold), not issubclass(fold, NoDeadlines))
        for name, fold in _STAGES.items()
    )


def routes_of(fold: type[Any]) -> tuple[Topic, ...]:
    """The topics that a fold's module makes routes to; `feed` where it speaks through the projection."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(fold)))  # type: ignore[arg-type]  # a class has a module
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Route":
            topic = node.args[0]
            assert isinstance(topic, ast.Name), "a route names its topic"  # noqa: S101
            found.add(getattr(topics, topic.id).name)
        if isinstance(node, ast.ImportFrom) and node.module == "streams.projection":
            found.add(FEED.name)
    return tuple(topic for topic in topics.TOPICS if topic.name in found)


def picture(words: Mapping[str, str]) -> str:
    """A mermaid flowchart of the topics in SHOWN. `words` names what is no topic and no program, in a language."""
    lines = ["flowchart LR", f"  people([{words['people']}]) -- HTTP --> intake"]
    lines += [f"  intake --> {_node(topic)}" for topic in WRITES["intake"] if topic in SHOWN]
    for stage in stages():
        name = stage.name.replace(" ", "_")
        lines.append(f"  {_node(stage.source)} --> {name}[{words[stage.name]}] --> {_node(stage.log)}")
        if stage.deadlines:
            lines.append(f"  {name} -. {words['deadlines']} .-> {_node(stage.source)}")
        told = " & ".join(_node(topic) for topic in stage.routes)
        lines.append(f"  {_node(stage.log)} -. {words['routed']} .-> {told}")
    lines += _rest(words)
    return "\n".join(lines) + "\n"


def _rest(words: Mapping[str, str]) -> Iterable[str]:
    read = [topic for topic in READS["insight"] if topic in SHOWN]
    yield f"  {' & '.join(map(_node, read))} --> insight --> {_node(FEED)}"
    yield f"  {_node(FEED)} --> feeder --> valkey[(Valkey)] --> gateway"
    yield f"  gateway -- websocket --> screens([{words['screens']}])"


def _node(topic: Topic) -> str:
    return f"{topic.name.replace('-', '_')}[({topic.name})]"


def writers(topic: str) -> set[str]:
    """The programs that write a topic. A stage writes its log, what it routes, and letters of what it cannot read."""
    found = {name for name, written in WRITES.items() if BY_NAME[topic] in written}
    for stage in stages():
        written = {stage.log, DEAD_LETTERS, *stage.routes} | ({stage.source} if stage.deadlines else set())
        if BY_NAME[topic] in written:
            found.add(stage.name)
    return found
