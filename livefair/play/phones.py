"""The phones at a fair: they sign up, tap twice, lose the answer, drop and come back, answer offers or let them lapse.

A phone knows only what the doors tell it; whatever it repeats, it repeats with the same key and the same body.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

from livefair.client import Api, Event
from livefair.errors import LivefairError
from livefair.play.arrivals import Arrival, ArrivalKind
from livefair.play.fair import GeneratedFair
from livefair.play.tally import Tally
from livefair.play.watching import Doors, Watcher

CUT_SHARE = 0.5
"""Of the phones that drop, those that drop while their first sign-up is under way."""
CUT_WITHIN_S = 0.02
BACK_AFTER_S = (0.3, 2.0)
ACCEPTS, DECLINES = 0.55, 0.25
"""Shares of people who accept or decline an offer; the others let it lapse."""
THINKS_S = (0.3, 2.0)
AT_ONCE = 512
"""Requests of sign-ups under way at one time: so many that a door which takes its time is not spared by it."""

Told = Callable[[str], None]
"""Called with an application's id when a phone is told of it for the first time."""


class Phone:
    """One person's phone. `answers` holds by key what the first sign-up with it was answered."""

    __slots__ = ("answers", "body", "cut", "key", "twice", "watcher")

    def __init__(self, body: dict[str, Any], key: str, *, twice: bool = False, cut: bool = False) -> None:
        self.body = body
        self.key = key
        self.twice = twice
        """Whether its owner taps twice at once."""
        self.cut = cut
        """Whether it loses its connection while it signs up."""
        self.answers: dict[str, dict[str, Any]] = {}
        self.watcher: Watcher | None = None

    @property
    def token(self) -> str:
        """What the first sign-up got."""
        return str(next(iter(self.answers.values()))["token"])

    @property
    def candidate(self) -> str:
        """Its person."""
        return str(next(iter(self.answers.values()))["candidate"])

    @property
    def channel(self) -> str:
        """Its person's channel."""
        return str(next(iter(self.answers.values()))["channel"])


class Phones:
    """All of them at one fair; at most `watching` have a websocket open, the newest. Use it as a context manager."""

    def __init__(
        self, doors: Doors, fair: str, seed: int, tally: Tally, *, watching: int, told: Told = lambda _: None
    ) -> None:
        self._doors = doors
        self._fair = fair
        self._tally = tally
        self._rng = random.Random(f"livefair/phones/{seed}")  # noqa: S311 - a play, not a secret
        self._watching = watching
        self._told = told
        self._door = Api(doors.http)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._open: dict[Phone, None] = {}
        self._away: dict[str, Phone] = {}
        """By candidate, those whose phones were put away."""
        self._beside: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._door.__aenter__()
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await asyncio.gather(*(phone.watcher.close() for phone in self._open if phone.watcher is not None))
        await self._door.__aexit__(None, None, None)

    async def play(self, people: GeneratedFair, job_ids: Sequence[str], schedule: Sequence[Arrival]) -> None:
        """Do everything in the schedule at its time, and wait until it is done."""
        twice = {arrival.person for arrival in schedule if arrival.kind == "double-tap"}
        cut = {arrival.person for arrival in schedule if arrival.kind == "drop" and self._rng.random() < CUT_SHARE}
        phones = [
            Phone(people.signup(number, job_ids), key, twice=number in twice, cut=number in cut)
            for number, key in enumerate(people.keys)
        ]
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for arrival in schedule:
                await asyncio.sleep(max(0.0, began + arrival.at_s - loop.time()))
                self._tally.behind.append(loop.time() - began - arrival.at_s)
                tasks.create_task(self._try(arrival.kind, self._do(phones[arrival.person], arrival.kind)))
        for phone in phones:
            phone.body.clear()  # they may be reminded for hours, but need it no more

    async def late(self, people: GeneratedFair, job_ids: Sequence[str], count: int) -> None:
        """Sign-ups that come after the fair has closed."""
        for number in range(min(count, len(people.people))):
            phone = Phone(people.signup(number, job_ids), f"late-{people.keys[number]}")
            await self._try("late", self._sign_up(phone, phone.key))

    def remind(self, candidate: str) -> None:
        """Somebody has an offer: whoever has put the phone away takes it out again, as after a text message."""
        phone = self._away.pop(candidate, None)
        if phone is not None:
            self._start("reminded", self._watch(phone))

    # ------------------------------------------------------------ what one does

    async def _try(self, name: str, act: Awaitable[bool]) -> None:
        """Count an act if it was one, or why it was refused."""
        try:
            done = await act
            self._tally.done[name] += done  # after the wait: others count meanwhile
        except LivefairError as error:
            self._tally.refuse(error)

    async def _do(self, phone: Phone, kind: ArrivalKind) -> bool:
        match kind:
            case "signup" | "batch":
                return await self._arrive(phone)
            case "double-tap" | "retry":
                return await self._sign_up(phone, phone.key)
            case "again":
                return await self._sign_up(phone, f"{phone.key}-again")
        if phone.watcher is None:
            return False
        await (phone.watcher.drop() if kind == "drop" else phone.watcher.come_back())
        return True

    async def _arrive(self, phone: Phone) -> bool:
        """The first time."""
        if phone.cut:
            first = asyncio.create_task(self._sign_up(phone, phone.key))
            await asyncio.sleep(self._rng.uniform(0, CUT_WITHIN_S))
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            self._tally.done["cut"] += 1
            await asyncio.sleep(self._rng.uniform(*BACK_AFTER_S))
        if phone.twice:
            await asyncio.gather(self._sign_up(phone, phone.key), self._sign_up(phone, phone.key))
        else:
            await self._sign_up(phone, phone.key)
        self._tally.done["people"] += 1
        if self._watching:
            await self._watch(phone)
        return True

    async def _sign_up(self, phone: Phone, key: str) -> bool:
        tapped = time.perf_counter()
        async with self._places:
            answer = await self._door.sign_up(self._fair, phone.body, key=key)
        at = time.perf_counter()
        first = phone.answers.setdefault(key, answer)
        if first is answer:
            self._tally.done["sign-ups"] += 1
        elif first != answer:
            self._tally.contradicted.append(answer["candidate"])
        for application in answer["applications"]:
            if self._tally.promises.acknowledge(application["id"], at, tapped):
                self._told(application["id"])
        return True

    # ------------------------------------------------------------ what one watches

    async def _watch(self, phone: Phone) -> bool:
        while len(self._open) >= self._watching:
            oldest = next(iter(self._open))
            await self._put_away(oldest)
        self._open[phone] = None
        watcher = Watcher(self._doors, phone.token, self._tally, self._hears(phone), acks=True)
        await watcher.open()
        phone.watcher = watcher
        await watcher.follow(phone.channel)
        if phone not in self._open:  # so many came at once that it was put away meanwhile
            phone.watcher = None
            await watcher.close()
        return True

    async def _put_away(self, phone: Phone) -> None:
        del self._open[phone]
        watcher, phone.watcher = phone.watcher, None
        self._away[phone.candidate] = phone
        if watcher is not None:
            await watcher.close()

    def _hears(self, phone: Phone) -> Callable[[Event, float], None]:
        def hear(event: Event, _at: float) -> None:
            mood = self._rng.random()
            if event.type == "offer.made" and mood < ACCEPTS + DECLINES:
                self._start("answered", self._answer(phone, event.data["offer"], mood < ACCEPTS))

        return hear

    async def _answer(self, phone: Phone, offer: str, accept: bool) -> bool:
        await asyncio.sleep(self._rng.uniform(*THINKS_S))
        if phone.watcher is None:
            return False
        await phone.watcher.api.answer(offer, accept, key=f"answer-{offer}")
        return True

    def _start(self, name: str, act: Awaitable[bool]) -> None:
        """Do it beside everything else."""
        task = asyncio.create_task(self._try(name, act))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
