"""The error tree: what the docstring prints is what there is."""

from __future__ import annotations

import inspect
import re

from livefair import errors
from livefair.errors import LivefairError


def _drawn() -> list[tuple[int, str]]:
    lines = [re.match(r"^([ │├└─]*)([A-Z]\w+)", line) for line in (errors.__doc__ or "").splitlines()]
    return [(len(found.group(1)) // 4, found.group(2)) for found in lines if found and found.group(2) in vars(errors)]


def _real(kind: type[LivefairError], depth: int = 1) -> list[tuple[int, str]]:
    found = [(depth, kind.__name__)]
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            found += _real(child, depth + 1)
    return found


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert _drawn() == _real(LivefairError)


def test_every_error_knows_whose_fault_it_is_and_ends_with_its_own_code() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, LivefairError)]
    assert {kind.fault for kind in kinds} == {"ours", "theirs"}
    assert all(0 < kind.exit_code < 128 for kind in kinds)
