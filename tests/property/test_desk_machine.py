"""The candidate desk against its promises: who holds a person's token, who may act on what, one acceptance.

Whatever people say, in whatever order; what the ledger answers comes once for each reservation, and late.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from livefair.domain.ids import application_id
from livefair.wire.codec import encode
from livefair.wire.decisions import (
    AcceptanceTaken,
    AnswerTaken,
    ApplicationApplied,
    ApplicationClosed,
    ApplicationWithdrawn,
    Noted,
    OpenAsked,
    PersonSignedUp,
)
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import (
    AcceptanceSettled,
    AnswerReserved,
    ApplicationEnded,
    Applied,
    OfferAnswered,
    OpenEnded,
    Suggested,
    Withdrawn,
)
from livefair.wire.feed import FeedRecord
from livefair.wire.topics import FAIRS, FEED
from livefair.wire.topics import JOBS as JOBS_TOPIC
from streams.desk import DeskFold
from tests.support.house import MORNING, Room, check_told
from tests.support.people import FAIR, SECRETS, sign_up

RUNS = 5_000 if os.environ.get("LONG_TESTS") else 250
WHO = "c1"
_feed = msgspec.json.Decoder(FeedRecord)

jobs = st.sampled_from(("j1", "j2", "j3"))
holders = st.sampled_from(("h1", "h2", "h3"))
offers = st.sampled_from(("o1", "o2"))


class DeskMachine(RuleBasedStateMachine):
    """One person at the desk, as three holders who each may or may not be that person."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(DeskFold, 0)
        self.now = MORNING
        self.holder = ""
        self.keys: set[str] = set()
        self.signed: set[str] = set()
        self.open: dict[str, str] = {}
        """Job → the side whose application is open: empty for the person's own."""
        self.revisions: dict[str, int] = {}
        self.ends: dict[str, str] = {}
        self.reserved: AnswerTaken | None = None
        self.accepted = ""

    # ------------------------------------------------------------ following

    def say(self, fact: Any, by: str = "") -> list[Any]:
        self.now += 1
        self.room.say(self.now, WHO, encode(fact), fact_headers("x", "x"))
        written = self.room.fold()
        decisions = [one.decision for one in written]
        assert decisions
        side = "" if by in ("", self.holder) else by
        for decision in decisions:
            self.follow(decision, side)
        known = self.room.owner.state.person(WHO)
        assert (known.accepted, bool(known.reserved)) == (self.accepted, self.reserved is not None)
        for routed in self.room.owner.routes([(one.step, one.decision) for one in written]):
            if routed.topic is FEED:
                check_told(routed.key, _feed.decode(routed.value), *SECRETS)
        return decisions

    def follow(self, decision: Any, side: str) -> None:
        match decision:
            case PersonSignedUp():
                assert decision.first == (not self.holder)
                self.holder = self.holder or decision.by_holder
                assert decision.holder == self.holder
                assert decision.key not in self.keys
                self.keys.add(decision.key)
                assert decision.person.holder == ("" if decision.by_holder == self.holder else decision.by_holder)
                self.signed.add(decision.person.holder)
            case ApplicationApplied(job=job):
                assert job not in self.open
                assert self.ends.get(job, "withdrawn") == "withdrawn"
                assert decision.application == application_id(WHO, job)
                assert decision.revision == self.revisions.get(job, 0) + 1
                self.revisions[job] = decision.revision
                self.keys |= {decision.key} - {""}
                self.open[job] = decision.person.holder
            case ApplicationWithdrawn(job=job):
                assert decision.released or side in ("", self.open[job]), "an application of somebody else"
                self.end(job, "withdrawn")
            case ApplicationClosed(job=job) if decision.state:
                self.end(job, decision.state)
            case AnswerTaken(job=job):
                assert side in ("", self.open[job]), "an offer to somebody else"
                if decision.accept and not decision.refused:
                    assert not self.reserved
                    assert not self.accepted
                    self.reserved = decision
            case AcceptanceTaken(job=job):
                self.reserved = None
                if decision.confirmed:
                    assert not self.accepted
                    assert job in self.open
                    self.accepted = job

    def end(self, job: str, state: str) -> None:
        del self.open[job]
        self.ends[job] = state
        if self.accepted == job:
            self.accepted = ""

    # ------------------------------------------------------------ what people say

    @rule(key=st.sampled_from("abcde"), holder=holders, wanted=st.sets(jobs))
    def sign_up(self, key: str, holder: str, wanted: set[str]) -> None:
        before = dict(self.open)
        known = key in self.keys
        decisions = self.say(sign_up(WHO, *sorted(wanted), key=key, holder=holder), holder)
        if known:
            assert [type(one) for one in decisions] == [Noted]
            assert self.open == before, "a late retry undoes nothing"
        else:
            assert any(isinstance(one, OpenAsked) for one in decisions) == (not wanted)
            assert wanted - set(self.ends) <= set(self.open)

    @rule(holder=holders, job=jobs, key=st.sampled_from(("", "", "x", "y")))
    def apply(self, holder: str, job: str, key: str = "") -> None:
        side = "" if holder == self.holder else holder
        free = self.holder and side in self.signed and job not in self.open and key not in self.keys
        decisions = self.say(Applied(WHO, FAIR, job, holder, key), holder)
        expected = bool(free and self.ends.get(job, "withdrawn") == "withdrawn")
        assert any(isinstance(one, ApplicationApplied) for one in decisions) == expected

    @rule(holder=holders, job=jobs)
    def withdraw(self, holder: str, job: str) -> None:
        may = job in self.open and holder in (self.holder, self.open[job])
        decisions = self.say(Withdrawn(WHO, job, holder), holder)
        assert isinstance(decisions[0], ApplicationWithdrawn) == may

    @rule(holder=holders, job=jobs, offer=offers, accept=st.booleans())
    def answer(self, holder: str, job: str, offer: str, accept: bool) -> None:
        may = job in self.open and holder in (self.holder, self.open[job])
        (decision,) = self.say(OfferAnswered(WHO, job, offer, holder, accept), holder)
        if isinstance(decision, AnswerTaken):
            assert may
        else:
            assert not may or decision.why == "answered-before"

    @precondition(lambda self: self.open)
    @rule(data=st.data(), offer=offers, accept=st.sampled_from((True, True, False)))
    def answer_own(self, data: st.DataObject, offer: str, accept: bool) -> None:
        self.answer(self.holder, data.draw(st.sampled_from(sorted(self.open))), offer, accept)

    @precondition(lambda self: self.reserved is not None)
    @rule(back=st.booleans())
    def change_ones_mind(self, back: bool) -> None:
        """Withdraw, and perhaps apply again, while the answer is on its way."""
        assert self.reserved is not None
        self.withdraw(self.holder, self.reserved.job)
        if back:
            self.apply(self.holder, self.reserved.job)

    @precondition(lambda self: self.accepted)
    @rule()
    def suggest_what_is_accepted(self) -> None:
        self.suggest(self.accepted, "")

    @rule(job=jobs, side=st.sampled_from(("", "h2", "h3")))
    def suggest(self, job: str, side: str) -> None:
        there, accepted = side in self.signed, self.accepted
        decisions = self.say(Suggested(WHO, FAIR, job, side))
        assert self.accepted == accepted, "a suggestion ends no acceptance"
        answered = [one for one in decisions if isinstance(one, ApplicationApplied | ApplicationClosed)]
        assert bool(answered) == there, "the fair desk waits for every suggestion's end"
        if answered and isinstance(answered[0], ApplicationClosed):
            assert answered[0].again == (not accepted)

    # ------------------------------------------------------------ what the ledger says

    @precondition(lambda self: self.reserved is not None)
    @rule(confirmed=st.booleans(), revision=st.integers(0, 1))
    def settle(self, confirmed: bool, revision: int) -> None:
        """Perhaps for a revision that has been withdrawn since."""
        assert self.reserved is not None
        job = self.reserved.job
        revision = self.revisions[job] - (revision if job not in self.open or self.revisions[job] > 1 else 0)
        stands = confirmed and job in self.open and revision == self.revisions[job]
        others = set(self.open) - {job}
        self.say(AcceptanceSettled(WHO, job, self.reserved.offer, confirmed, revision))
        assert self.reserved is None
        assert self.accepted == (job if stands else "")
        assert set(self.open) - {job} == (set() if stands else others)

    @rule(job=jobs, state=st.sampled_from(("rejected", "expired", "withdrawn")), behind=st.integers(0, 1))
    def end_application(self, job: str, state: str, behind: int) -> None:
        if self.reserved is not None and self.reserved.job == job:
            return  # the ledger settles the answer first
        open_still = job in self.open
        self.say(ApplicationEnded(WHO, job, state, self.revisions.get(job, 1) - behind))
        assert (job in self.open) == (open_still and bool(behind)), "an earlier revision's end ends no later one"

    def teardown(self) -> None:
        self.room.check_restored()
        routed = [
            one
            for group in self.room.groups
            for one in self.room.owner.routes([(written.step, written.decision) for written in group])
        ]
        registered = [one for one in routed if one.topic is FEED]
        assert [one.key for one in registered] == [f"candidate:{WHO}"] * bool(self.holder)
        answers = [one for one in routed if one.topic is JOBS_TOPIC and b"answer.reserved" in one.value]
        decided = self.room.decisions(AnswerTaken)
        facts = [msgspec.json.decode(one.value, type=AnswerReserved) for one in answers]
        assert [(one.offer, one.accept, one.refused) for one in facts] == [
            (one.offer, one.accept, one.refused) for one in decided
        ]
        ended = [one for one in routed if one.topic is FAIRS and b"person.open-ended" in one.value]
        assert all(msgspec.json.decode(one.value, type=OpenEnded).fair == FAIR for one in ended)


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(max_examples=RUNS, stateful_step_count=40, deadline=None)
