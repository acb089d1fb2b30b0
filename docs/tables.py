"""Tables for people who run livefair, made of the settings and the topics as the code declares them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs import flow
from livefair.config import Settings, variable
from livefair.wire.topics import DAY_MS, TOPICS, Topic

HOMES = {"data": "~/.local/share/livefair", "cache": "~/.cache/livefair"}
"""Defaults that depend on the user: where they are when XDG_DATA_HOME and XDG_CACHE_HOME are not set."""


def settings() -> str:
    """Every variable, its default and its bounds, what it is."""
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append((f"`{variable(name)}`", _default(name, field), _bounds(field), field.description or ""))
    return _table(("variable", "default", "bounds", "what"), rows)


def topics() -> str:
    """Every topic: key, partitions, how long its records stay, who writes it, what it holds."""
    rows = [
        (
            f"`{topic.name}`",
            topic.key,
            str(topic.partitions),
            kept(topic),
            ", ".join(sorted(flow.writers(topic.name))),
            topic.holds,
        )
        for topic in TOPICS
    ]
    return _table(("topic", "key", "partitions", "kept", "written by", "holds"), rows)


def kept(topic: Topic) -> str:
    """How long a record stays."""
    if topic.config["cleanup.policy"] == "compact":
        within = topic.config.get("max.compaction.lag.ms")
        soon = f", compacted within {int(within) // 1000} s of its segment's end" if within else ""
        return f"the newest of each key{soon}"
    ms = int(topic.config["retention.ms"])
    return "for ever" if ms < 0 else f"{ms // DAY_MS} days"


def _default(name: str, field: FieldInfo) -> str:
    if name in HOMES:
        return f"`{HOMES[name]}`"
    value: Any = field.default
    if value is None or value is PydanticUndefined or value == ():
        return "unset"
    return f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    said: list[str] = []
    if get_origin(field.annotation) is Literal:
        said.append(", ".join(get_args(field.annotation)))
    for mark in field.metadata:
        said += [
            f"{sign} {getattr(mark, name)}" for name, sign in _SIGNS.items() if getattr(mark, name, None) is not None
        ]
    return ", ".join(said)


_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
