"""What a stage says of each decision: at level debug a line with its id and whom it is about, in a trace a span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from livefair.tracing import traces
from livefair.wire.envelope import TRACE, header
from streams.owner import Written

log = structlog.get_logger()


def tell(stage: str, written: Sequence[Written]) -> None:
    """One line for each decision, once it is acknowledged."""
    for one in written:
        kind = str(type(one.decision).__struct_config__.tag)
        decision = (header(one.headers, "ce_id") or b"").decode()
        log.debug("decided", stage=stage, kind=kind, decision=decision, **about(one.decision))


def trace(stage: str, written: Sequence[Written]) -> None:
    """A span for each decision on a request that is traced: from the append of its input to its acknowledgement."""
    for one in written:
        if one.headers[0][0] == TRACE:
            kind = str(type(one.decision).__struct_config__.tag)
            traces.hop(f"{stage} {kind}", one.headers[0][1].decode("ascii", "replace"), one.decision.at)


def about(decision: Any) -> dict[str, str]:
    """Candidate and application of a decision, as far as it has them."""
    found: dict[str, str] = {}
    for part in (decision, getattr(decision, "row", None), getattr(decision, "made", None)):
        for whom in (part, getattr(part, "person", None)):
            for name in ("candidate", "application"):
                if value := getattr(whom, name, ""):
                    found.setdefault(name, value)
    return found
