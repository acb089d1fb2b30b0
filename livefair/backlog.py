"""What a stage has not done yet, over its partitions in this process: how many records, and for how long the oldest.

How long is never guessed: by the record's own time once it is in our hands, before that since it was seen to be there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from livefair.metrics import STAGE_LAG, STAGE_OLDEST

LOOKS = 512
"""Looks at one partition that are remembered; of more, every second one."""


class Place(NamedTuple):
    """Where work on a partition stands: the first offset without an acknowledged effect, and the broker's time of that
    record (Unix ms) where it is in hand, else 0."""

    undone: int
    since: int = 0


class Ends:
    """What one partition's end was at each look."""

    __slots__ = ("_looks",)

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, at: float, end: int, undone: int) -> None:
        """The partition ends before `end` at `at` (Unix s)."""
        looks = self._looks
        while looks and looks[0][1] <= undone:
            looks.popleft()  # all that was seen then is done
        if not looks or looks[-1][1] < end:
            looks.append((at, end))
        if len(looks) > LOOKS:
            self._looks = deque(list(looks)[::2])

    def lag(self, undone: int) -> int:
        """Records between `undone` and the end at the last look."""
        return max(0, self._looks[-1][1] - undone) if self._looks else 0

    def waiting_since(self, undone: int) -> float | None:
        """The first look (Unix s) at which the record `undone` was there; None where none has seen it."""
        return next((at for at, end in self._looks if end > undone), None)


class Backlog:
    """Reports itself as the stage's lag and oldest input whenever somebody asks for the metrics.

    `places` gives the partitions in hand. Whoever makes this calls `look` every few seconds with the ends that Kafka
    names: asked by itself, since a stuck fetch does not learn of new records.
    """

    def __init__(
        self, stage: str, places: Callable[[], Mapping[int, Place]], clock: Callable[[], float] = time.time
    ) -> None:
        self._places = places
        self._clock = clock
        self._ends: dict[int, Ends] = {}
        STAGE_LAG.labels(stage).set_function(self.lag)
        STAGE_OLDEST.labels(stage).set_function(self.oldest)

    def look(self, ends: Mapping[int, int]) -> None:
        """The partitions end before these offsets now."""
        now, places = self._clock(), self._places()
        self._ends = {at: self._ends.get(at) or Ends() for at in ends}
        for partition, end in ends.items():
            if partition in places:
                self._ends[partition].look(now, end, places[partition].undone)

    def lag(self) -> float:
        """Records without an acknowledged effect, as of the last look."""
        return sum(
            self._ends[partition].lag(place.undone)
            for partition, place in self._places().items()
            if partition in self._ends
        )

    def oldest(self) -> float:
        """Age of the oldest record without an acknowledged effect, seconds; 0 where there is none."""
        since = [each for each in map(self._since, *_split(self._places())) if each is not None]
        return max(0.0, self._clock() - min(since)) if since else 0.0

    def _since(self, partition: int, place: Place) -> float | None:
        if place.since:
            return place.since / 1000
        ends = self._ends.get(partition)
        return None if ends is None else ends.waiting_since(place.undone)


def _split(places: Mapping[int, Place]) -> tuple[list[int], list[Place]]:
    return list(places), list(places.values())
