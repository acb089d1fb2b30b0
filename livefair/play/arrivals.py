"""When people come, and how: bursts after a pin, double taps, phones that drop, an office's batch, late repeats.

The rule: a schedule follows from its seed, rate and length alone; nobody is scheduled after the end.
"""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

from livefair.play.corridor import batch_of

ArrivalKind = Literal["signup", "batch", "double-tap", "retry", "again", "drop", "return"]

BURST_SHARE = 0.4
"""The part of all sign-ups that comes right after a pin."""
BURST_TAIL_S = 4.0
"""The mean time from a pin to such a sign-up, in seconds."""
PIN_EVERY_S = 15.0

_DOUBLE_TAP, _RETRY, _AGAIN, _DROP = 0.06, 0.03, 0.02, 0.10


class Arrival(NamedTuple):
    """One thing that a phone does, `at_s` seconds after the start.

    `signup`: the first time; `batch`: the same, sent by an office with others at once; `double-tap` and `retry`: the
    same request again (same key, same body), right away or much later; `again`: the same person and jobs under
    another key; `drop`: the websocket goes away without a word; `return`: it comes back and resumes.
    """

    at_s: float
    person: int
    kind: ArrivalKind


def pin_times(seconds: float) -> tuple[float, ...]:
    """When the host pins another job: every 15 s or so, at least once."""
    pins = max(1, round(seconds / PIN_EVERY_S))
    return tuple(seconds * (number + 0.25) / pins for number in range(pins))


def arrivals(seed: int, rate: float, seconds: float, *, first: int = 0) -> list[Arrival]:
    """A schedule in order of time. `rate` is first sign-ups per second on average; people are numbered as they come.

    Exactly round(rate × seconds) people sign up for the first time. `first` people were there before this schedule,
    which numbers its own from 0. ValueError where rate or seconds is not positive.
    """
    if not (rate > 0 and seconds > 0):
        raise ValueError(f"rate and seconds must be above 0, not {rate} and {seconds}")
    rng = random.Random(f"livefair/arrivals/{seed}")  # noqa: S311 - a play, not a secret
    schedule: list[Arrival] = []
    times = _first_times(rng, round(rate * seconds), seconds)
    for person, at in enumerate(times):
        batch = batch_of(first + person)
        if batch is None:
            schedule.append(Arrival(at, person, "signup"))
            schedule += _habits(rng, at, person, seconds)
        else:
            leader = next(each for each in range(person, -1, -1) if not each or batch_of(first + each - 1) != batch)
            schedule.append(Arrival(min(seconds, times[leader] + 0.01 * (person - leader)), person, "batch"))
    return sorted(schedule)


def people_in(schedule: list[Arrival]) -> int:
    """How many people a schedule needs."""
    return 1 + max((arrival.person for arrival in schedule), default=-1)


def _first_times(rng: random.Random, people: int, seconds: float) -> list[float]:
    pins = pin_times(seconds)
    bursting = round(people * BURST_SHARE)
    times = [rng.uniform(0, seconds) for _ in range(people - bursting)]
    for number in range(bursting):
        pin = pins[number % len(pins)]
        after = rng.expovariate(1 / BURST_TAIL_S)
        times.append(pin + after if pin + after < seconds else rng.uniform(pin, seconds))
    return sorted(times)


def _habits(rng: random.Random, at: float, person: int, seconds: float) -> list[Arrival]:
    """What a phone does beside its first sign-up; most do nothing more."""
    more: list[tuple[float, ArrivalKind]] = []
    if rng.random() < _DOUBLE_TAP:
        more.append((at + rng.uniform(0.05, 0.4), "double-tap"))
    if rng.random() < _RETRY:
        more.append((at + rng.uniform(2, 2 + 0.3 * seconds), "retry"))
    if rng.random() < _AGAIN:
        more.append((at + rng.uniform(1, 1 + 0.3 * seconds), "again"))
    if rng.random() < _DROP:
        gone = at + rng.uniform(0.5, 5)
        more += [(gone, "drop"), (gone + rng.uniform(1, 20), "return")]
    return [Arrival(min(when, seconds), person, kind) for when, kind in more]
