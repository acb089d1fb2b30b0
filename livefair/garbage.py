"""How often Python's collector of cycles looks: seldom, as records and rows are trees that it follows for nothing."""

from __future__ import annotations

import gc
import time

from prometheus_client import Counter

SECONDS = Counter("livefair_gc_seconds_total", "Time that the collector of cycles has kept everything else waiting.")

_began = 0.0


def collect_seldom() -> None:
    """Leave out what was made so far, and look again only after so many new objects that a full pipe hardly notices.

    What is in flight at any moment is all that a young collection walks through; at Python's 700 objects that is a
    tenth of a busy service's time, at 200,000 it no longer shows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
    if _timed not in gc.callbacks:
        gc.callbacks.append(_timed)


def _timed(phase: str, _info: dict[str, int]) -> None:
    global _began  # noqa: PLW0603  # one collector for a process
    if phase == "start":
        _began = time.perf_counter()
    else:
        SECONDS.inc(time.perf_counter() - _began)
