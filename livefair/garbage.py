"""How often Python's collector of cycles looks: seldom, as records and rows are trees that it follows for nothing."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Leave out what was made so far, and look again only after so many new objects that a full pipe hardly notices.

    What is in flight at any moment is all that a young collection walks through; at Python's 700 objects that is a
    tenth of a busy service's time, at 200,000 it no longer shows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
