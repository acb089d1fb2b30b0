"""The fair desk against its promises: one suggestion at a time, the best first, nobody forgotten who waits."""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from livefair.domain.filters import day_of, verdicts
from livefair.domain.prepared import PreparedJob
from livefair.domain.scores import appeal, fit
from livefair.wire.codec import encode
from livefair.wire.decisions import FairStated, JobStatedAnew, JobSuggested, PersonOpened, SuggestionEnded
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import FairChanged, FairScheduled, JobChanged, JobOpened, OpenEnded, OpenToAny
from streams.fair import SUGGESTED_PER_SLOT, FairFold
from tests.support.house import MORNING, Room
from tests.support.people import FAIR, PROFILES, fair, job, person

RUNS = 5_000 if os.environ.get("LONG_TESTS") else 250
JOBS = ("j1", "j2", "j3")
PEOPLE = tuple(f"c{number}" for number in range(7))
KINDS = dict(zip(PEOPLE, ("fits", "fits", "fits", "fits", "unknown", "fits", "fails"), strict=True))


class FairMachine(RuleBasedStateMachine):
    """One fair at its desk."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(FairFold, 0)
        self.now = MORNING
        self.jobs: dict[str, PreparedJob] = {}
        self.waiting: dict[tuple[str, str], None] = {}
        self.suggested: dict[tuple[str, str], str] = {}
        self.tried: dict[tuple[str, str], set[str]] = {}

    def say(self, fact: Any) -> list[Any]:
        self.now += 1
        self.room.say(self.now, FAIR, encode(fact), fact_headers("x", "x"))
        decisions = [one.decision for one in self.room.fold()]
        assert decisions
        for decision in decisions:
            self.follow(decision)
        for who in self.waiting:
            assert not [name for name in self.jobs if self.may(who, name)], f"{who} waits, and a job would have them"
        return decisions

    def may(self, who: tuple[str, str], name: str) -> bool:
        stated = self.jobs[name].job
        room = list(self.suggested.values()).count(name) < stated.slots * SUGGESTED_PER_SLOT
        profile = PROFILES[KINDS[who[0]]]
        passes = "F" not in verdicts(profile, self.jobs[name], day_of(self.now))
        return room and passes and not stated.paused and name not in self.tried[who]

    def follow(self, decision: Any) -> None:
        match decision:
            case JobStatedAnew(job=stated):
                self.jobs[stated.job] = PreparedJob(stated)
            case PersonOpened(person=someone):
                who = (someone.candidate, someone.holder)
                assert who not in self.tried
                self.tried[who] = set()
                self.waiting[who] = None
            case JobSuggested(job=name):
                who = (decision.candidate, decision.holder)
                assert who in self.waiting, "one suggestion at a time"
                assert self.may(who, name)
                if len(self.waiting) == 1:  # with more, a freed job goes to the first who waits, best or not
                    best = max(
                        (name for name in self.jobs if self.may(who, name)), key=lambda one: self.score(who, one)
                    )
                    assert self.score(who, name) == self.score(who, best)
                del self.waiting[who]
                self.suggested[who] = name
                self.tried[who].add(name)
            case SuggestionEnded(job=name):
                who = (decision.candidate, decision.holder)
                assert self.suggested.pop(who) == name
                if decision.again:
                    self.waiting[who] = None
                else:
                    del self.tried[who]

    def score(self, who: tuple[str, str], name: str) -> int:
        profile = PROFILES[KINDS[who[0]]]
        return sum(fit(profile, self.jobs[name])) + sum(appeal(profile, self.jobs[name]))

    @initialize(scheduled=st.booleans())
    def begin(self, scheduled: bool) -> None:
        if scheduled:
            self.schedule()

    @rule()
    def schedule(self) -> None:
        self.say(FairScheduled(fair()))

    @rule(state=st.sampled_from(("live", "paused", "closed", None)), pinned=st.sampled_from((None, "", *JOBS, "j9")))
    def change(self, state: Any, pinned: str | None) -> None:
        before = self.room.owner.state.book(FAIR).fair
        decisions = self.say(FairChanged(FAIR, "h1", state, pinned))
        if isinstance(decisions[0], FairStated):
            after = decisions[0].fair
            assert before is not None
            assert before.may_become(after.state)
            assert after.pinned is None or after.pinned in self.jobs
            assert decisions[0].pinned_anew == (after.pinned != before.pinned)
        else:
            assert self.room.owner.state.book(FAIR).fair == before

    @rule(name=st.sampled_from(JOBS), seats=st.integers(1, 2), rest=st.integers(0, 8))
    def open_job(self, name: str, seats: int, rest: int) -> None:
        self.say(JobOpened(job(name, seats=seats, rest_days=rest), "e1"))

    @rule(name=st.sampled_from(JOBS), seats=st.none() | st.integers(0, 2), paused=st.none() | st.booleans())
    def change_job(self, name: str, seats: int | None, paused: bool | None) -> None:
        self.say(JobChanged(name, FAIR, "e1", seats, paused))

    @rule(candidate=st.sampled_from(PEOPLE), holder=st.sampled_from(("", "", "h2")))
    def open_to_any(self, candidate: str, holder: str) -> None:
        self.say(OpenToAny(FAIR, person(candidate, KINDS[candidate], holder=holder)))

    @rule(holder=st.sampled_from(("", "h2")))
    def open_all(self, holder: str) -> None:
        """More than a job has room for."""
        for candidate in PEOPLE:
            self.open_to_any(candidate, holder)

    @rule(
        candidate=st.sampled_from(PEOPLE), holder=st.sampled_from(("", "", "h2")), again=st.booleans(), data=st.data()
    )
    def end(self, candidate: str, holder: str, again: bool, data: st.DataObject) -> None:
        """Of what is suggested, or of what no longer is."""
        name = self.suggested.get((candidate, holder)) or data.draw(st.sampled_from(("", *JOBS)))
        stands = bool(name) and self.suggested.get((candidate, holder)) == name
        decisions = self.say(OpenEnded(FAIR, candidate, holder, name, again))
        assert isinstance(decisions[0], SuggestionEnded) == stands

    def teardown(self) -> None:
        self.room.check_restored()


TestFair = FairMachine.TestCase
TestFair.settings = settings(max_examples=RUNS, stateful_step_count=40, deadline=None)
