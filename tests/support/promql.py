"""Which series an expression of Prometheus asks for: their names, and the labels that it names of each."""

from __future__ import annotations

import re
from typing import NamedTuple

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\s*(?P<labels>\{[^{}]*\})?")
_LABEL = re.compile(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?P<how>by|without|on|ignoring|group_left|group_right)\s*\((?P<labels>[^)]*)\)")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})


class Asked(NamedTuple):
    """What one expression asks for: each series with the labels that its braces name, and the labels grouped by."""

    series: list[tuple[str, frozenset[str]]]
    grouped_by: frozenset[str]


def asked(expression: str) -> Asked:
    """Read an expression. Functions and words of the language are no series."""
    bare = re.sub(r"\[[^\]]*\]", "", _STRING.sub('""', expression))
    grouped = {label.strip() for found in _GROUPING.finditer(bare) for label in found["labels"].split(",")}
    bare = _GROUPING.sub("", bare)
    series = []
    for found in _SELECTOR.finditer(bare):
        called = bare[found.end() :].lstrip().startswith("(") and not found["labels"]
        if called or found["name"].lower() in _WORDS or bare[: found.start()][-1:].isdigit():
            continue
        series.append((found["name"], frozenset(_LABEL.findall(found["labels"] or ""))))
    return Asked(series, frozenset(grouped - {""}))
