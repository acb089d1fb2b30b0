"""Stories of a fair, told in memory: what each person, employer and host is told, and who has the seat in the end."""

from __future__ import annotations

import random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from livefair.domain.ids import application_id
from livefair.wire.decisions import ApplicationHeld, ApplicationRefused, Noted
from livefair.wire.facts import (
    Applied,
    ContactRead,
    FairChanged,
    FairScheduled,
    InterestExpressed,
    JobChanged,
    JobOpened,
    OfferAnswered,
    OfferRequested,
    Withdrawn,
)
from livefair.wire.topics import CANDIDATES, FAIRS, JOBS
from tests.support.house import House, check_told
from tests.support.people import FAIR, SECRETS, fair, job, sign_up


class Story:
    """A fair in memory, and short words for what happens at it."""

    def __init__(self, *jobs: Any) -> None:
        self.house = House()
        self.house.say(FAIRS, FAIR, FairScheduled(fair()))
        for stated in jobs:
            self.house.say(FAIRS, FAIR, JobOpened(stated, stated.employer))
        self.house.settle()

    def says(self, who: str, fact: Any) -> None:
        self.house.say(CANDIDATES, who, fact)
        self.house.settle()

    def employer(self, name: str, fact: Any) -> None:
        self.house.say(JOBS, name, fact)
        self.house.settle()

    def comes(self, who: str, *wanted: str, **how: Any) -> None:
        self.says(who, sign_up(who, *wanted, **how))

    def offers(self, name: str, who: str, offer: str, expires_s: int = 3600) -> None:
        self.employer(name, OfferRequested(name, who, offer, expires_s, "e1"))

    def answers(self, who: str, name: str, offer: str, accept: bool = True, holder: str = "") -> None:
        self.says(who, OfferAnswered(who, name, offer, holder, accept))

    def state(self, who: str, name: str = "j1") -> str:
        row = self.house.room(JOBS, name).owner.state.book(name).rows.get(who)
        return "" if row is None else row.state

    def heard(self, channel: str, kind: str = "") -> list[str]:
        """The types of events told to a channel."""
        events = [msgspec.json.decode(record.event)["type"] for _, record in self.house.feed[channel]]
        return [event for event in events if event.startswith(kind)]


@pytest.fixture
def story() -> Story:
    return Story(job("j1"), job("j2"), job("j3"))


def test_a_sign_up_is_a_match_on_the_hosts_screen_and_on_the_phone(story: Story) -> None:
    story.comes("c1", "j1")
    for channel in (f"fair:{FAIR}:host", "job:j1", "candidate:c1"):
        assert story.heard(channel, "application.") == ["application.submitted", "application.matched"]
    assert not story.heard(f"fair:{FAIR}", "application.")
    host, own = (story.house.told(channel, "application.matched")[0] for channel in ("job:j1", "candidate:c1"))
    assert host["name"] == "c1*"
    assert host["score"] == sum(term["points"] for term in host["explanation"])
    assert {term["term"] for term in own["explanation"]} != {term["term"] for term in host["explanation"]}
    counters = story.house.view(f"fair:{FAIR}")["counters/j1"]["data"]
    assert (counters["matched"], counters["applications"], counters["seats_left"]) == (1, 1, 1)


def test_an_offer_accepted_takes_the_seat_and_frees_the_others(story: Story) -> None:
    story.comes("c1", "j1", "j2", "j3")
    story.comes("c2", "j2")
    assert story.state("c2", "j2") == "waitlisted"
    story.offers("j1", "c1", "o1")
    story.answers("c1", "j1", "o1")
    assert [story.state("c1", name) for name in ("j1", "j2", "j3")] == ["accepted", "withdrawn", "withdrawn"]
    assert story.state("c2", "j2") == "matched", "the seat that was let go is the next one's"
    assert story.house.told("candidate:c1", "offer.answered")[0]["accept"] is True
    reasons = {data["job"]: data["reason"] for data in story.house.told("candidate:c1", "application.withdrawn")}
    assert reasons == {"j2": "accepted-elsewhere", "j3": "accepted-elsewhere"}
    assert story.house.view(f"fair:{FAIR}")["counters/j1"]["data"]["seats_left"] == 0


@pytest.mark.parametrize("how", ["decline", "withdraw", "expire", "lapse", "reject"])
def test_whoever_goes_makes_way_for_the_next(story: Story, how: str) -> None:
    for who in ("c1", "c2", "c3"):
        story.comes(who, "j1")
    if how in ("decline", "expire"):
        story.offers("j1", "c1", "o1", expires_s=60)
    if how == "decline":
        story.answers("c1", "j1", "o1", accept=False)
    elif how == "withdraw":
        story.says("c1", Withdrawn("c1", "j1", ""))
    elif how == "reject":
        story.employer("j1", InterestExpressed("j1", "c1", False, "e1"))
    else:
        story.house.pass_time(61_000 if how == "expire" else 24 * 3600 * 1000)
        story.house.settle()
    ended = {"decline": "withdrawn", "withdraw": "withdrawn", "reject": "rejected"}.get(how, "expired")
    assert [story.state(who) for who in ("c1", "c2", "c3")] == [ended, "matched", "waitlisted"]
    assert story.house.view("candidate:c3")["line/j1"]["data"]["place"] == 1
    assert story.house.view("candidate:c1")[f"application/{application_id('c1', 'j1')}"]["data"]["state"] == ended
    if how in ("decline", "expire"):
        assert story.heard("candidate:c1", "offer.")[-1] == ("offer.answered" if how == "decline" else "offer.expired")


@given(st.randoms(use_true_random=False))
def test_two_racing_acceptances_leave_one(order: random.Random) -> None:
    story = Story(job("j1"), job("j2"))
    story.comes("c1", "j1", "j2")
    story.offers("j1", "c1", "o1")
    story.offers("j2", "c1", "o2")
    offers = order.sample([("j1", "o1"), ("j2", "o2")], 2)
    for name, offer in offers:
        story.house.say(CANDIDATES, "c1", OfferAnswered("c1", name, offer, "", True))
    story.house.settle(order.choice)
    assert sorted(story.state("c1", name) for name in ("j1", "j2")) == ["accepted", "withdrawn"]
    assert story.state("c1", offers[0][0]) == "accepted", "the one that came first"
    assert story.heard("candidate:c1", "offer.refused") == ["offer.refused"]
    story.house.check_restored()


@given(st.randoms(use_true_random=False))
def test_an_application_may_come_before_its_job(order: random.Random) -> None:
    house = House()
    house.say(CANDIDATES, "c1", sign_up("c1", "j1"))
    house.say(CANDIDATES, "c2", sign_up("c2", "j1"))
    house.say(CANDIDATES, "c3", sign_up("c3", "j1"))
    house.settle(order.choice)
    assert house.room(JOBS, "j1").decisions(ApplicationHeld)
    house.say(CANDIDATES, "c3", Withdrawn("c3", "j1", ""))
    house.say(FAIRS, FAIR, FairScheduled(fair()))
    house.say(FAIRS, FAIR, JobOpened(job("j1"), "e1"))
    house.settle(order.choice)
    rows = house.room(JOBS, "j1").owner.state.book("j1").rows
    assert sorted(rows[who].state for who in ("c1", "c2")) == ["matched", "waitlisted"]
    assert "c3" not in rows or rows["c3"].state == "withdrawn"
    house.check_restored()


def test_a_double_tap_is_one_answer(story: Story) -> None:
    story.comes("c1", "j1")
    story.offers("j1", "c1", "o1")
    for _ in range(2):
        story.house.say(CANDIDATES, "c1", OfferAnswered("c1", "j1", "o1", "", True))
    story.house.settle()
    story.answers("c1", "j1", "o1")
    assert story.state("c1") == "accepted"
    assert story.heard("candidate:c1", "offer.") == ["offer.made", "offer.answered"]


def test_a_late_retry_undoes_no_withdrawal(story: Story) -> None:
    story.comes("c1", "j1", key="k1")
    story.says("c1", Withdrawn("c1", "j1", ""))
    story.comes("c1", "j1", key="k1")
    assert story.state("c1") == "withdrawn"
    story.says("c1", Applied("c1", FAIR, "j1", ""))
    assert story.state("c1") == "matched"
    shown = story.house.view("candidate:c1")[f"application/{application_id('c1', 'j1')}"]["data"]
    assert (shown["state"], shown["revision"]) == ("matched", 2)


def test_the_first_holder_is_the_person_and_another_sees_their_own_only(story: Story) -> None:
    story.comes("c1", "j1", key="k1")
    story.comes("c1", "j2", key="k2")
    assert story.house.view("candidate:c1")["person"]["data"]["holder"] == "hk1"
    assert [data["job"] for data in story.house.told("candidate:c1", "application.matched")] == ["j1"]
    assert [data["job"] for data in story.house.told("candidate:c1~hk2", "application.matched")] == ["j2"]
    assert not story.heard("candidate:c1~hk2", "candidate.registered")
    story.says("c1", Withdrawn("c1", "j1", "hk2"))
    assert story.state("c1", "j1") == "matched", "not theirs to leave"
    story.says("c1", Withdrawn("c1", "j2", "hk1"))
    assert story.state("c1", "j2") == "withdrawn", "the person's own token acts on all"


def test_whoever_withdraws_while_an_answer_is_on_its_way_is_free_again(story: Story) -> None:
    story.comes("c1", "j1", "j2")
    story.offers("j1", "c1", "o1")
    story.offers("j2", "c1", "o2")
    story.house.say(CANDIDATES, "c1", OfferAnswered("c1", "j1", "o1", "", True))
    story.house.say(CANDIDATES, "c1", Withdrawn("c1", "j1", ""))
    story.house.settle(lambda rooms: max(rooms, key=lambda room: room.behind))
    assert story.state("c1", "j1") == "fell_through"
    story.answers("c1", "j2", "o2")
    assert story.state("c1", "j2") == "accepted"


def test_what_has_ended_for_good_is_not_entered_again(story: Story) -> None:
    """The desk took a withdrawal and a new application before it heard that the employer had said no."""
    story.comes("c1", "j1")
    story.house.say(JOBS, "j1", InterestExpressed("j1", "c1", False, "e1"))
    story.house.say(CANDIDATES, "c1", Withdrawn("c1", "j1", ""))
    story.house.say(CANDIDATES, "c1", Applied("c1", FAIR, "j1", ""))
    story.house.settle(lambda rooms: rooms[0])
    assert story.house.room(JOBS, "j1").decisions(ApplicationRefused)
    assert story.state("c1") == "rejected"
    known = story.house.room(CANDIDATES, "c1").owner.state.person("c1")
    assert known.applications["j1"].state == "rejected"


def test_open_to_any_is_one_job_at_a_time_and_the_next_when_it_ends(story: Story) -> None:
    story.comes("c1")
    tried = [name for name in ("j1", "j2", "j3") if story.state("c1", name)]
    assert len(tried) == 1
    for nth in (2, 3):
        story.employer(tried[-1], InterestExpressed(tried[-1], "c1", False, "e1"))
        tried += [name for name in ("j1", "j2", "j3") if story.state("c1", name) and name not in tried]
        assert len(tried) == nth
    story.employer(tried[-1], InterestExpressed(tried[-1], "c1", False, "e1"))
    story.house.say(FAIRS, FAIR, JobOpened(job("j4"), "e4"))
    story.house.settle()
    assert story.state("c1", "j4") == "matched", "whoever waits gets a job that opens"


def test_a_job_that_frees_its_place_is_suggested_to_who_waits() -> None:
    """A job is suggested to five at once for each slot; the sixth must not be forgotten."""
    story = Story(job("j1"))
    for number in range(6):
        story.comes(f"c{number}")
    assert story.state("c5") == ""
    story.says("c4", Withdrawn("c4", "j1", ""))
    assert story.state("c5") == "waitlisted"


def test_a_suggestion_turned_down_before_it_came_is_told_to_the_fair_desk(story: Story) -> None:
    """The employer said no to the person before the fair desk suggested them."""
    for name in ("j1", "j2"):
        story.employer(name, InterestExpressed(name, "c1", False, "e1"))
    story.comes("c1")
    assert [story.state("c1", name) for name in ("j1", "j2", "j3")] == ["rejected", "rejected", "matched"]


def test_a_cut_takes_nothing_back_and_more_seats_go_to_the_line(story: Story) -> None:
    story.house.say(FAIRS, FAIR, JobChanged("j1", FAIR, "e1", seats=2))
    for who in ("c1", "c2", "c3", "c4"):
        story.comes(who, "j1")
    story.house.say(FAIRS, FAIR, JobChanged("j1", FAIR, "e1", seats=1))
    story.house.settle()
    assert [story.state(who) for who in ("c1", "c2", "c3")] == ["matched", "matched", "waitlisted"]
    story.offers("j1", "c1", "o1")
    story.offers("j1", "c2", "o2")
    assert [story.state(who) for who in ("c1", "c2")] == ["offered", "matched"]
    assert story.house.told("job:j1", "offer.refused")[0]["reason"] == "no-seat"
    story.house.say(FAIRS, FAIR, JobChanged("j1", FAIR, "e1", seats=4))
    story.house.settle()
    assert [story.state(who) for who in ("c1", "c2", "c3", "c4")] == ["offered", "matched", "matched", "matched"]


@pytest.mark.parametrize(
    ("consent", "host", "employer"), [("all", True, True), ("no-host", False, True), ("no-employers", True, False)]
)
def test_who_is_told_of_a_person_is_theirs_to_say(story: Story, consent: str, host: bool, employer: bool) -> None:
    story.comes("c1", "j1", consent=consent)
    story.offers("j1", "c1", "o1")
    story.answers("c1", "j1", "o1")
    story.answers("c1", "j1", "o9")
    story.says("c1", Withdrawn("c1", "j1", ""))

    def names_them(channel: str, kind: str) -> bool:
        return any(data.get("candidate") == "c1" for data in story.house.told(channel, kind))

    assert names_them(f"fair:{FAIR}:host", "application.") == host
    assert names_them("job:j1", "application.") == employer
    assert names_them("job:j1", "offer.answered") == employer
    assert not [data for data in story.house.told(f"fair:{FAIR}:host") if data.get("candidate") == "c1" and not host]
    if not employer:
        refused = story.house.told("job:j1", "offer.")
        assert [data["offer"] for data in refused] == ["o1"], "only the offer that the employer itself asked for"
    assert names_them("candidate:c1", "application.submitted")


def test_no_channel_is_told_what_is_personal(story: Story) -> None:
    for number, consent in enumerate(("all", "unranked", "no-host")):
        story.comes(f"c{number}", "j1", consent=consent)
    story.comes("c8", kind="unknown")
    story.comes("c9", "j1", kind="fails")
    story.offers("j1", "c0", "o1")
    story.answers("c0", "j1", "o1")
    story.says("c0", ContactRead("c0", "j1", "e1"))
    told = [(key, record) for key, records in story.house.feed.items() for _, record in records]
    assert {key.partition(":")[0] for key, _ in told} == {"fair", "job", "candidate"}
    for key, record in told:
        check_told(key, record, *SECRETS)
    own = story.house.told("candidate:c1", "application.")
    assert not any(data["explanation"] or data.get("ranked", True) for data in own), "no arithmetic for who refuses it"
    assert story.house.told("candidate:c0", "contact.read") == [{"job": "j1", "by": "e1"}]


def test_a_fair_moves_by_its_table_and_pins_only_its_own_jobs(story: Story) -> None:
    for state, pinned in (
        ("live", None),
        ("live", "j1"),
        ("scheduled", None),
        ("paused", "j9"),
        (None, ""),
        ("closed", None),
    ):
        story.house.say(FAIRS, FAIR, FairChanged(FAIR, "h1", state, pinned))  # type: ignore[arg-type]
    story.house.settle()
    seen = [(data["state"], data.get("pinned")) for data in story.house.told(f"fair:{FAIR}", "fair.changed")]
    assert seen == [("scheduled", None), ("live", None), ("live", "j1"), ("live", None), ("closed", None)]
    assert [data["job"] for data in story.house.told(f"fair:{FAIR}", "job.pinned")] == ["j1", None]
    noted = [one.why for one in story.house.room(FAIRS, FAIR).decisions(Noted)]
    assert noted == ["illegal-move", "illegal-move"]


def test_who_fails_a_filter_is_told_which_and_not_matched(story: Story) -> None:
    story.comes("c1", "j1", kind="fails")
    data = story.house.told("candidate:c1", "application.submitted")[0]
    assert {"filter": "occupation", "verdict": "fail"} in data["filters"]
    assert story.state("c1") == "submitted"
    story.comes("c2", "j1", kind="unknown")
    assert story.state("c2") == "matched"
    matched = story.house.told("candidate:c2", "application.matched")[0]
    assert matched["provisional"] is True
    assert matched["proofs"]
