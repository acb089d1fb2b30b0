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
WAY: Sequence[str] = ("candidate desk", "seat ledger")
"""The stages that a sign-up for a job passes."""

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


def way(words: Mapping[str, str]) -> str:
    """A mermaid flowchart of the way of a sign-up: along WAY, from the door to the screens.

    Raises ValueError where the stages no longer route so.
    """
    along = [stage for name in WAY for stage in stages() if stage.name == name]
    nexts = [*(stage.source for stage in along[1:]), FEED]
    lines = ["flowchart LR", f"  phone([{words['phone']}]) -- HTTP --> intake --> {_node(along[0].source)}"]
    for stage, after in zip(along, nexts, strict=True):
        if after not in stage.routes:
            raise ValueError(f"the {stage.name} routes nothing to {after.name}")
        lines += [_folds(stage, words), f"  {_node(stage.log)} -. {words['routed']} .-> {_node(after)}"]
    return "\n".join([*lines, *_shown(words)]) + "\n"


def picture(words: Mapping[str, str]) -> str:
    """A mermaid flowchart of all the topics in SHOWN. `words` names what is no topic and no program, in a language."""
    lines = ["flowchart TB", f"  people([{words['people']}]) -- HTTP --> intake"]
    lines.append(f"  intake --> {_nodes(topic for topic in WRITES['intake'] if topic in SHOWN)}")
    for stage in stages():
        lines += [_folds(stage, words), f"  {_node(stage.log)} -. {words['routed']} .-> {_nodes(stage.routes)}"]
        if stage.deadlines:
            lines.append(f"  {_name(stage)} -. {words['deadlines']} .-> {_node(stage.source)}")
    lines.append(f"  {_nodes(topic for topic in READS['insight'] if topic in SHOWN)} --> insight --> {_node(FEED)}")
    return "\n".join([*lines, *_shown(words)]) + "\n"


def _folds(stage: Stage, words: Mapping[str, str]) -> str:
    return f"  {_node(stage.source)} --> {_name(stage)}[{words[stage.name]}] --> {_node(stage.log)}"


def _shown(words: Mapping[str, str]) -> Iterable[str]:
    yield f"  {_node(FEED)} --> feeder --> valkey[(Valkey)] --> gateway"
    yield f"  gateway -- websocket --> screens([{words['people']}])"


def _name(stage: Stage) -> str:
    return stage.name.replace(" ", "_")


def _nodes(topics_: Iterable[Topic]) -> str:
    return " & ".join(map(_node, topics_))


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
