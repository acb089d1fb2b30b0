"""From a checked request to its acknowledgement, many at once: claim the keys, append, finish, answer.

What arrives while others are on their way goes together as the next wave, so that a busy door asks Valkey and Kafka
once for many. A person's key is in Kafka before what it sealed; nobody is answered before Kafka has it all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

import structlog

from livefair.errors import Unavailable
from livefair.tracing import traces
from services.intake import metrics
from services.intake.index import Claim, Entry, Index
from services.intake.log import Log, Record
from services.intake.problems import Refused

log = structlog.get_logger(__name__)

WAVES = 2
"""Waves under way at once: one being acknowledged while the next is asked for. More only make each smaller."""
WAVE_EVERY_S = 0.02
"""Least time from one wave to the next. The first after a pause goes at once; under load what comes in between goes
together all the way to the host, and costs Kafka and every service a fraction of what it would one by one."""
ANSWER_WITHIN_S = 8.0
"""After this the answer is that nobody knows, and to ask again with the same key."""
HELD_AT_MOST = 20_000
"""Requests on their way; beyond that the door says that it is too busy."""
SWEEP_EVERY_S = 0.5
RENEW_AFTER_S = 1.0


class Submission:
    """One request on its way. `first` must be in Kafka before `records`; `outcome` is kept and given back."""

    __slots__ = ("claim", "first", "future", "outcome", "records", "since")

    def __init__(
        self, claim: Claim | None, first: Sequence[Record], records: Sequence[Record], outcome: bytes, since: float
    ) -> None:
        self.claim = claim
        self.first = first
        self.records = records
        self.outcome = outcome
        self.since = since
        self.future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def answer(self, outcome: bytes) -> None:
        """Done; nothing happens where it was given up before."""
        if not self.future.done():
            self.future.set_result(outcome)

    def refuse(self, error: BaseException) -> None:
        """Not done, or not known to be."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # seen: whoever asked may have gone away


class Submissions:
    """Takes submissions through in waves. Use it as a context manager: leaving it waits for what is on its way."""

    def __init__(self, index: Index, log: Log) -> None:
        self._index = index
        self._log = log
        self._forming: list[Submission] = []
        self._open: dict[Submission, None] = {}
        self._at_work: dict[str, str] = {}
        self._waves: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._next_wave = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._sweeper = asyncio.create_task(self._sweep(), name="sweeper")
        return self

    async def __aexit__(self, *_error: object) -> None:
        while self._waves:
            _, late = await asyncio.wait(self._waves, timeout=ANSWER_WITHIN_S)
            if late:
                break
        for task in (*self._waves, self._sweeper):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    @property
    def held(self) -> int:
        """How many are on their way."""
        return len(self._open)

    async def submit(
        self, claim: Claim | None, records: Sequence[Record], outcome: bytes, first: Sequence[Record] = ()
    ) -> bytes:
        """The outcome that stands: this one, or that of an earlier request with the same key and body.

        Raises Refused where the key is at work or belongs to another body, Unavailable where nobody knows.
        """
        if len(self._open) >= HELD_AT_MOST:
            raise Unavailable("too many requests are on their way")
        if claim is not None:
            at_work = self._at_work.get(claim.entry)
            if at_work is not None:
                raise Refused("key-in-flight" if at_work == claim.body else "key-reused")
            self._at_work[claim.entry] = claim.body
        if traces.on:
            traces.mark(records)
        submission = Submission(claim, first, records, outcome, asyncio.get_running_loop().time())
        self._open[submission] = None
        self._forming.append(submission)
        self._launch()
        return await submission.future

    def _launch(self) -> None:
        if self._forming and len(self._waves) < WAVES and self._timer is None:
            loop = asyncio.get_running_loop()
            now = loop.time()
            if now < self._next_wave:
                self._timer = loop.call_at(self._next_wave, self._due)
                return
            self._next_wave = now + WAVE_EVERY_S
            # It takes what is there when it first runs: everything of this turn of the loop.
            task = asyncio.create_task(self._wave())
            self._waves.add(task)
            task.add_done_callback(self._landed)

    def _due(self) -> None:
        self._timer = None
        self._next_wave = 0.0
        self._launch()

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._waves.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a wave failed", do="report it with these places; clients ask again", exc_info=error)
        self._launch()

    async def _wave(self) -> None:
        wave, self._forming = self._forming, []
        metrics.WAVE.observe(len(wave))
        try:
            going = await self._claim([each for each in wave if not each.future.done()])
            there = await self._append(going)
            kept = set(there)
            await self._finish(there, [each for each in going if each not in kept])
        except BaseException as error:
            for each in wave:
                each.refuse(Unavailable("the request was interrupted"))
            if not isinstance(error, asyncio.CancelledError):
                raise
        finally:
            for each in wave:
                self._open.pop(each, None)
                if each.claim is not None:
                    self._at_work.pop(each.claim.entry, None)

    async def _claim(self, wave: list[Submission]) -> list[Submission]:
        """Those that may go on; the others have their answer."""
        claimed = [(each, each.claim) for each in wave if each.claim is not None]
        going = [each for each in wave if each.claim is None]
        if not claimed:
            return going
        try:
            entries = await self._index.claim([claim for _, claim in claimed])
        except Unavailable as error:
            for each, _ in claimed:
                each.refuse(error)
            return going
        for (each, claim), entry in zip(claimed, entries, strict=True):
            if entry.state == "free":
                going.append(each)
            else:
                _settle(each, claim, entry)
        return going

    async def _append(self, wave: list[Submission]) -> list[Submission]:
        """Those whose every record is in Kafka."""
        for part in ("first", "records"):
            sent: dict[Submission, list[asyncio.Future[int]]] = {}
            for each in wave:
                try:
                    sent[each] = [self._log.append(record) for record in getattr(each, part)]
                except Unavailable as error:
                    each.refuse(error)
            waiting = {future for futures in sent.values() for future in futures}
            if waiting:
                await asyncio.wait(waiting)
            wave = [each for each, futures in sent.items() if _all_there(each, futures)]
            if len(wave) < len(sent):
                self._log.renew()
        return wave

    async def _finish(self, there: list[Submission], not_there: list[Submission]) -> None:
        """Write down the outcomes and answer. Kafka has them, so a Valkey that is away takes nothing back."""
        done = [(each.claim, each.outcome) for each in there if each.claim is not None]
        standing: dict[str, bytes] = {}
        try:
            if done:
                kept = await self._index.finish(done)
                standing = {claim.entry: outcome for (claim, _), outcome in zip(done, kept, strict=True)}
        except Unavailable as error:
            log.warning("an outcome could not be written down", error=error.message)
        for each in there:
            each.answer(standing.get(each.claim.entry, each.outcome) if each.claim else each.outcome)
        free = [each.claim for each in not_there if each.claim is not None]
        try:
            if free:
                await self._index.release(free)
        except Unavailable:
            pass  # the claims lapse by themselves

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            now = loop.time()
            old: list[Claim] = []
            for each in self._open:  # in the order in which they came
                if now - each.since < RENEW_AFTER_S:
                    break
                if now - each.since >= ANSWER_WITHIN_S:
                    each.refuse(Unavailable("Kafka did not acknowledge it in time; whether it was taken on is unknown"))
                if each.claim is not None:
                    old.append(each.claim)
            if old:
                try:
                    await self._index.renew(old)
                except Unavailable as error:
                    log.warning("claims could not be renewed", error=error.message)


def _settle(submission: Submission, claim: Claim, entry: Entry) -> None:
    if entry.body != claim.body:
        submission.refuse(Refused("key-reused"))
    elif entry.state == "done":
        submission.answer(entry.outcome)
    else:
        submission.refuse(Refused("key-in-flight"))


def _all_there(submission: Submission, futures: list[asyncio.Future[int]]) -> bool:
    for future in futures:
        error = future.exception()
        if error is not None:
            submission.refuse(error)
            return False
    return True
