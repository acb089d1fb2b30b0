"""The seat ledger against its invariants (matching.md, 1 to 3): whatever is said to it, in whatever order.

Facts that no other stage would send are among those said: the ledger stands by itself.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from livefair.domain.ids import application_id
from livefair.wire.codec import encode
from livefair.wire.decisions import ApplicationEntered, Noted, Row
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import (
    AnswerReserved,
    ApplicationLeft,
    ApplicationMade,
    DeadlinePassed,
    InterestExpressed,
    JobStated,
    OfferRequested,
)
from streams.ledger import LedgerFold
from streams.owner import POISONED
from tests.support.house import MORNING, Room
from tests.support.ledger_book import Auditor
from tests.support.people import CONSENTS, FAIR, SECRETS, job, person

JOBS = ("j1", "j2")
PEOPLE = tuple(f"c{number}" for number in range(5))
RUNS = 5_000 if os.environ.get("LONG_TESTS") else 250

jobs = st.sampled_from(("j1", "j1", "j1", "j2"))
people = st.sampled_from(PEOPLE)
offers = st.sampled_from(("o1", "o2"))


class LedgerMachine(RuleBasedStateMachine):
    """Says things to one partition of the ledger, and follows what it decides."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(LedgerFold, 0)
        self.auditor = Auditor()
        self.now = MORNING
        self.revisions: dict[tuple[str, str], int] = {}
        self.consents: dict[tuple[str, str], str] = {}
        """What each person who is in the ledger, or held back, has consented to."""

    def say(self, fact: Any) -> list[Any]:
        self.now += 1
        self.room.say(
            self.now, fact.job.job if isinstance(fact, JobStated) else fact.job, encode(fact), fact_headers("x", "x")
        )
        written = self.room.fold()
        decisions = [one.decision for one in written]
        assert decisions, "a first-seen input always leaves a decision"
        assert not any(isinstance(one, Noted) and one.detail == POISONED for one in decisions)
        self.auditor.follow(decisions)
        for routed in self.room.owner.routes([(one.step, one.decision) for one in written]):
            if routed.topic.name == "feed":
                self.heard(routed.key, routed.value, decisions)
        return decisions

    def heard(self, channel: str, value: bytes, decisions: list[Any]) -> None:
        assert not any(secret in value for secret in SECRETS)
        event = msgspec.json.decode(value)["event"]
        kind, data = event["type"], event["data"]
        if kind.startswith("application."):
            consent = CONSENTS[self.consents[data["job"], data["candidate"]]]
            assert channel != f"fair:{FAIR}:host" or consent.host
            assert not channel.startswith("job:") or consent.employers
            assert channel != f"fair:{FAIR}"
            assert sum(term["points"] for term in data["explanation"]) == data["score"]
            assert data.get("ranked", True) == consent.ranking
            assert consent.ranking or not data["explanation"]
            if kind == "application.waitlisted":
                assert data["place"] >= 1
            if data.get("provisional"):
                assert data["proofs"]

    @initialize(seats=st.integers(1, 2), ratio=st.integers(1, 2), listed=st.booleans())
    def begin(self, seats: int, ratio: int, listed: bool) -> None:
        if listed:
            self.say(JobStated(job("j1", seats=seats, interview_ratio=ratio)))

    @rule(name=jobs, seats=st.integers(0, 3), ratio=st.integers(1, 2), auto=st.booleans(), paused=st.booleans())
    def state_job(self, name: str, seats: int, ratio: int, auto: bool, paused: bool) -> None:
        known = self.auditor.jobs.get(name)
        ratio = known.interview_ratio if known else ratio  # a job changes its seats and its pause, nothing else
        auto = known.auto_match if known else auto
        before = {key: row for key, row in self.auditor.rows[name].items() if row.state != "waitlisted"}
        self.say(JobStated(job(name, seats=seats, interview_ratio=ratio, auto_match=auto, paused=paused)))
        after = self.auditor.rows[name]
        assert all(after[key] == row for key, row in before.items()), "a change of seats takes nothing back"

    @rule(
        name=jobs,
        who=people,
        kind=st.sampled_from(("fits", "fits", "fits", "unknown", "fails")),
        consent=st.sampled_from(("all", "all", "all", *CONSENTS)),
        holder=st.sampled_from(("", "", "h2")),
    )
    def apply(self, name: str, who: str, kind: str, consent: str, holder: str) -> None:
        self.made(name, who, self.revisions.get((name, who), 0) + 1, kind, consent, holder)

    @rule(name=jobs, whose=st.sets(people, min_size=2))
    def apply_all(self, name: str, whose: set[str]) -> None:
        for who in sorted(whose):
            self.apply(name, who, "fits", "all", "")

    @rule(name=jobs, who=people)
    def apply_again(self, name: str, who: str) -> None:
        row = self.auditor.rows[name].get(who)
        if row is not None:
            decisions = self.made(name, who, row.revision, "fits", "all", "")
            assert not any(isinstance(one, ApplicationEntered) for one in decisions)
            self.revisions[name, who] = row.revision

    def made(self, name: str, who: str, revision: int, kind: str, consent: str, holder: str) -> list[Any]:
        self.revisions[name, who] = revision
        old = self.auditor.rows[name].get(who)
        if old is None or old.state == "withdrawn":
            self.consents[name, who] = consent
        made = ApplicationMade(application_id(who, name), name, FAIR, person(who, kind, consent, holder), revision)
        return self.say(made)

    @rule(name=jobs, who=people, released=st.booleans())
    def leave(self, name: str, who: str, released: bool) -> None:
        self.say(ApplicationLeft(application_id(who, name), name, who, released))

    @rule(name=jobs, who=people, interested=st.booleans())
    def interest(self, name: str, who: str, interested: bool) -> None:
        self.say(InterestExpressed(name, who, interested, "e1"))

    @rule(name=jobs, who=people, offer=offers, expires_s=st.sampled_from((0, 1, 3600)))
    def offer(self, name: str, who: str, offer: str, expires_s: int) -> None:
        self.say(OfferRequested(name, who, offer, expires_s, "e1"))

    @rule(
        name=jobs,
        who=people,
        offer=offers,
        accept=st.booleans(),
        refused=st.sampled_from(("", "", "accepted-elsewhere")),
    )
    def answer(self, name: str, who: str, offer: str, accept: bool, refused: str) -> None:
        self.say(AnswerReserved(name, who, offer, accept, refused))

    @rule(ms=st.sampled_from((1, 1_000, 3_600_000, 25 * 3_600_000)), early=st.booleans())
    def time_passes(self, ms: int, early: bool) -> None:
        """The owner's clock may be ahead of the broker's: then the record is noted, and another follows."""
        fold, state = self.room.owner.fold, self.room.owner.state
        for due in fold.overdue(state, self.now + ms):
            if early:
                self.say(fold.facts.decode(fold.deadline(due)))
        self.now += ms
        for due in fold.overdue(state, self.now):
            self.say(fold.facts.decode(fold.deadline(due)))
        assert fold.overdue(state, self.now - 1) == [], "nothing overdue stays"

    @rule(data=st.data(), offer=offers, expires_s=st.sampled_from((0, 3600)))
    def offer_to_matched(self, data: st.DataObject, offer: str, expires_s: int) -> None:
        row = self.one_of(data, "matched")
        if row is not None:
            self.say(OfferRequested(row.job, row.candidate, offer, expires_s, "e1"))

    @rule(data=st.data(), accept=st.booleans())
    def answer_offer(self, data: st.DataObject, accept: bool) -> None:
        row = self.one_of(data, "offered")
        if row is not None:
            late = self.now + 1 >= row.due
            self.say(AnswerReserved(row.job, row.candidate, row.offer, accept))
            stands = "accepted" if accept else "withdrawn"
            assert self.auditor.rows[row.job][row.candidate].state == ("offered" if late else stands)

    @rule(data=st.data(), state=st.sampled_from(("withdrawn", "rejected", "expired", "fell_through")))
    def come_back(self, data: st.DataObject, state: str) -> None:
        row = self.one_of(data, state)
        if row is not None:
            self.made(row.job, row.candidate, row.revision + 1, "fits", "all", "")

    def one_of(self, data: st.DataObject, state: str) -> Row | None:
        rows = [row for name in JOBS for row in self.auditor.rows[name].values() if row.state == state]
        return data.draw(st.sampled_from(rows)) if rows else None

    @rule(name=jobs, who=people, due=st.integers(0, 2 * MORNING))
    def void_deadline(self, name: str, who: str, due: int) -> None:
        self.say(DeadlinePassed(name, who, due))

    def teardown(self) -> None:
        self.room.check_restored()


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=RUNS, stateful_step_count=40, deadline=None)
