"""What a channel published after an offset: from the hot window, from Kafka, or both; never a part called whole."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from prometheus_client import Counter

from livefair.wire.feed import Publication
from services.gateway import metrics
from services.gateway.history import History
from services.gateway.hot import MOST, Hot, Window


class Recovery:
    """`epoch` gives the feed's epoch as `control` names it."""

    def __init__(self, hot: Hot, history: History, epoch: Callable[[], str]) -> None:
        self._hot = hot
        self._history = history
        self._epoch = epoch

    async def after(self, key: str, offset: int, counted: Counter = metrics.RESUMES) -> list[Publication] | None:
        """Everything after `offset`, in order and with a whole chain of `prev` from it on; None where that is nowhere.

        `counted` counts it by where it came from. Raises Unavailable.
        """
        window = await self._hot.after(key, offset)
        if not window.epoch or window.epoch != self._epoch():
            window = Window("", offset, [])
        elif window.last == offset:
            counted.labels("current").inc()
            return []
        elif window.publications and window.publications[0].prev <= offset:
            counted.labels("window").inc()
            return _limited(window.publications)
        newer = window.publications
        until = newer[0].prev if newer else None
        older = await self._history.after(key, offset, until)
        counted.labels("nowhere" if older is None else "kafka").inc()
        return None if older is None else _limited(chained(offset, older + newer))


def chained(offset: int, publications: list[Publication]) -> list[Publication]:
    """The publications with each `prev` being the offset before; nothing at or before `offset`, and nothing twice."""
    chain: list[Publication] = []
    for each in publications:
        if each.offset > offset:
            chain.append(each if each.prev == offset else msgspec.structs.replace(each, prev=offset))
            offset = each.offset
    return chain


def _limited(publications: list[Publication]) -> list[Publication] | None:
    return publications if len(publications) <= MOST else None
