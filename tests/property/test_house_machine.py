"""The three stages wired together, with records in any order that their partitions allow: whole fairs in memory.

Once all is folded, desk, ledger and fair desk must be of one mind, and no channel may know more than it should.
"""

from __future__ import annotations

import os
import random
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from livefair.domain.applications import ENDS
from livefair.domain.ids import application_id
from livefair.wire.decisions import PersonSignedUp
from livefair.wire.facts import (
    Applied,
    FairScheduled,
    InterestExpressed,
    JobChanged,
    JobOpened,
    OfferAnswered,
    OfferRequested,
    Withdrawn,
)
from livefair.wire.topics import CANDIDATES, FAIRS
from livefair.wire.topics import JOBS as JOBS_TOPIC
from tests.support.house import House, check_told
from tests.support.ledger_book import Auditor
from tests.support.people import FAIR, SECRETS, fair, job, sign_up

RUNS = 5_000 if os.environ.get("LONG_TESTS") else 200
JOBS = ("j1", "j2", "j3")
PEOPLE = ("c1", "c2", "c3")

jobs = st.sampled_from(JOBS)
people = st.sampled_from(PEOPLE)
orders = st.randoms(use_true_random=False)


class HouseMachine(RuleBasedStateMachine):
    """Three people, three jobs, and everyone in a hurry."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.keys = 0
        self.offers: dict[tuple[str, str], str] = {}

    # ------------------------------------------------------------ what is said

    @initialize(listed=st.sets(jobs), seats=st.integers(1, 2), ratio=st.integers(1, 2))
    def begin(self, listed: set[str], seats: int, ratio: int) -> None:
        self.house.say(FAIRS, FAIR, FairScheduled(fair()))
        for name in sorted(listed):
            self.house.say(FAIRS, FAIR, JobOpened(job(name, seats=seats, interview_ratio=ratio), "e1"))

    @rule(name=jobs, auto=st.booleans())
    def open_job(self, name: str, auto: bool) -> None:
        self.house.say(FAIRS, FAIR, JobOpened(job(name, auto_match=auto), "e1"))

    @rule(name=jobs, seats=st.none() | st.integers(0, 3), paused=st.none() | st.booleans())
    def change_job(self, name: str, seats: int | None, paused: bool | None) -> None:
        self.house.say(FAIRS, FAIR, JobChanged(name, FAIR, "e1", seats, paused))

    @rule(who=people, wanted=st.sets(jobs, max_size=2), again=st.integers(0, 3), holder=st.sampled_from(("", "", "hx")))
    def sign_up(self, who: str, wanted: set[str], again: int, holder: str) -> None:
        """A new sign-up, or (`again`) a late retry of an earlier one."""
        self.keys += not again
        self.house.say(CANDIDATES, who, sign_up(who, *sorted(wanted), key=f"k{self.keys - again}", holder=holder))

    @rule(who=people, name=jobs)
    def apply(self, who: str, name: str) -> None:
        self.house.say(CANDIDATES, who, Applied(who, FAIR, name, ""))

    @rule(who=people, name=jobs)
    def withdraw(self, who: str, name: str) -> None:
        self.house.say(CANDIDATES, who, Withdrawn(who, name, ""))

    @rule(who=people, name=jobs, interested=st.sampled_from((True, True, False)))
    def interest(self, who: str, name: str, interested: bool) -> None:
        self.house.say(JOBS_TOPIC, name, InterestExpressed(name, who, interested, "e1"))

    @rule(who=people, name=jobs, expires_s=st.sampled_from((2, 3600)))
    def offer_anyone(self, who: str, name: str, expires_s: int) -> None:
        self.offer(who, name, expires_s)

    def offer(self, who: str, name: str, expires_s: int) -> None:
        offer = f"o{len(self.offers)}"
        self.offers[who, name] = offer
        self.house.say(JOBS_TOPIC, name, OfferRequested(name, who, offer, expires_s, "e1"))

    @rule(data=st.data(), accept=st.sampled_from((True, True, False)), taps=st.integers(1, 2))
    def answer(self, data: st.DataObject, accept: bool, taps: int) -> None:
        if self.offers:
            (who, name), offer = data.draw(st.sampled_from(sorted(self.offers.items())))
            for _ in range(taps):
                self.house.say(CANDIDATES, who, OfferAnswered(who, name, offer, "", accept))

    @rule(data=st.data())
    def offer_to_matched(self, data: st.DataObject) -> None:
        """As an employer does who looks at the screen."""
        matched = [
            (who, name) for who in PEOPLE for name in JOBS if (row := self.row(who, name)) and row.state == "matched"
        ]
        if matched:
            self.offer(*data.draw(st.sampled_from(matched)), expires_s=3600)

    @rule(ms=st.sampled_from((500, 5_000, 25 * 3_600_000)))
    def time_passes(self, ms: int) -> None:
        self.house.pass_time(ms)

    # ------------------------------------------------------------ what follows

    @rule(order=orders, steps=st.integers(1, 8))
    def some_steps(self, order: random.Random, steps: int) -> None:
        for _ in range(steps):
            if self.house.busy:
                self.house.step(order.choice(self.house.busy))

    @rule(order=orders)
    def settle(self, order: random.Random) -> None:
        self.house.settle(order.choice)
        self.check_agreement()

    def check_agreement(self) -> None:
        for state in self.house.states(CANDIDATES):
            for who, known in state.people.items():
                assert not known.reserved
                taken = [name for name in JOBS if self.row(who, name) and self.row(who, name).state == "accepted"]
                assert taken == ([known.accepted] if known.accepted else []), "one acceptance, known to both"
                for name, application in known.applications.items():
                    self.check_application(who, name, application)
        for state in self.house.states(FAIRS):
            for someone in state.book(FAIR).open.items():
                self.check_suggestion(*someone)

    def row(self, who: str, name: str) -> Any:
        return self.house.room(JOBS_TOPIC, name).owner.state.book(name).rows.get(who)

    def check_application(self, who: str, name: str, application: Any) -> None:
        book, row = self.house.room(JOBS_TOPIC, name).owner.state.book(name), self.row(who, name)
        if book.job is None:
            assert (who in book.held_back) == (not application.state), "it waits for its job"
        elif application.state:
            assert row is None or row.state in ENDS
        else:
            assert row is not None
            assert row.state not in ENDS
            assert row.revision == application.revision

    def check_suggestion(self, who: Any, someone: Any) -> None:
        if someone.job:
            known = self.house.room(CANDIDATES, who.candidate).owner.state.person(who.candidate)
            application = known.applications[someone.job]
            assert not application.state, "a suggestion stands as long as its application"
            assert application.open_to_any

    def teardown(self) -> None:
        self.house.settle()
        self.check_agreement()
        self.house.check_restored()
        assert not self.house.dead
        for (topic, _), room in self.house.rooms.items():
            if topic == JOBS_TOPIC.name:
                auditor = Auditor()
                for group in room.groups:
                    auditor.follow([one.decision for one in group])
        self.check_feed()

    def check_feed(self) -> None:
        registered = {}
        for (topic, _), room in self.house.rooms.items():
            if topic == CANDIDATES.name:
                registered |= {one.candidate: one.holder for one in room.decisions(PersonSignedUp) if one.first}
        for key, told in self.house.feed.items():
            for _, record in told:
                check_told(key, record, *SECRETS)
        for who, holder in registered.items():
            view = self.house.view(f"candidate:{who}")
            assert view["person"]["data"]["holder"] == holder
            for name in JOBS:
                row = self.row(who, name)
                channel = f"candidate:{who}~{row.holder}" if row is not None and row.holder else f"candidate:{who}"
                if row is not None:
                    shown = self.house.view(channel)[f"application/{application_id(who, name)}"]["data"]
                    assert (shown["state"], shown.get("revision", 1)) == (row.state, row.revision)


TestHouse = HouseMachine.TestCase
TestHouse.settings = settings(max_examples=RUNS, stateful_step_count=50, deadline=None)
