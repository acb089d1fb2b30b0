"""An exception as a log may tell it: its classes and places, and its words only where they cannot be somebody's.

No variable of any frame is ever told: a handler's variables are what a person has just sent.
"""

from __future__ import annotations

import traceback
from typing import Any

WITHHELD = "(not shown: it may hold what somebody sent)"
"""In place of the text of an exception that is neither ours nor the network's."""
_QUOTED = ("livefair", "services", "streams", "asyncio", "aiokafka", "redis")
_FRAMES = 30
_DEPTH = 5


def told(error: BaseException, depth: int = _DEPTH) -> dict[str, Any]:
    """`{"class", "said", "at": [places, the innermost last]}`, with `cause` and `group` where there are such."""
    stack = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    found: dict[str, Any] = {
        "class": type(error).__qualname__,
        "said": str(error)[:500] if _may_be_quoted(error) else WITHHELD,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack[-_FRAMES:]],
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth:
        found["cause"] = told(cause, depth - 1)
    if isinstance(error, BaseExceptionGroup) and depth:
        found["group"] = [told(each, depth - 1) for each in error.exceptions[:10]]
    return found


def _may_be_quoted(error: BaseException) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _QUOTED


def text_of(fault: dict[str, Any], indent: str = "  ") -> str:
    """What `told` gives, in lines for people."""
    lines = [f"{indent}{fault['class']}: {fault['said']}", *(f"{indent}  at {place}" for place in fault["at"])]
    lines += [text_of(each, indent + "  | ") for each in fault.get("group", [])]
    if "cause" in fault:
        lines += [f"{indent}because of", text_of(fault["cause"], indent)]
    return "\n".join(lines)
