"""What holds for every seed: schedules stay in their time, repeats follow what they repeat, fairs stay consistent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair.play import Fair, arrivals, is_synthetic_phone, people_in, pin_times
from livefair.play.corridor import BATCH_SIZE, batch_of
from livefair.play.names import synthetic_phone
from livefair.tables import load

SEEDS = st.integers(0, 2**32)


@given(seed=SEEDS, rate=st.floats(0.5, 40), seconds=st.floats(1, 60))
def test_a_schedule_is_in_order_in_time_and_whole(seed: int, rate: float, seconds: float) -> None:
    schedule = arrivals(seed, rate, seconds)
    assert schedule == arrivals(seed, rate, seconds)
    assert schedule == sorted(schedule)
    assert all(0 <= arrival.at_s <= seconds for arrival in schedule)
    firsts = {arrival.person: arrival for arrival in schedule if arrival.kind in ("signup", "batch")}
    assert sorted(firsts) == list(range(round(rate * seconds)))
    assert people_in(schedule) == len(firsts)
    for arrival in schedule:
        first = firsts[arrival.person]
        assert (first.kind == "batch") == (batch_of(arrival.person) is not None)
        assert arrival.at_s >= first.at_s
    gone = {arrival.person: arrival.at_s for arrival in schedule if arrival.kind == "drop"}
    back = {arrival.person: arrival.at_s for arrival in schedule if arrival.kind == "return"}
    assert set(gone) == set(back)
    assert all(back[person] >= at for person, at in gone.items())


@pytest.mark.parametrize("seed", range(8))
def test_sign_ups_burst_after_a_pin(seed: int) -> None:
    pins = pin_times(60)
    schedule = [arrival for arrival in arrivals(seed, 20, 60) if arrival.kind == "signup"]
    after = sum(any(pin <= arrival.at_s < pin + 5 for pin in pins) for arrival in schedule)
    assert after / len(schedule) > 1.2 * 5 * len(pins) / 60, "more than an even spread would give"


@given(seed=SEEDS)
def test_an_office_sends_its_batch_at_once(seed: int) -> None:
    batch = [arrival.at_s for arrival in arrivals(seed, 50, 5) if arrival.kind == "batch"]
    assert len(batch) == BATCH_SIZE
    assert max(batch) - min(batch) <= 0.01 * BATCH_SIZE + 1e-6


def test_every_kind_of_arrival_happens() -> None:
    kinds = {arrival.kind for arrival in arrivals(1, 50, 20)}
    assert kinds == {"signup", "batch", "double-tap", "retry", "again", "drop", "return"}


@pytest.mark.parametrize(("rate", "seconds"), [(0, 10), (-1, 10), (10, 0), (float("nan"), 10)])
def test_a_schedule_of_nothing_is_refused(rate: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        arrivals(1, rate, seconds)


@given(seed=SEEDS, people=st.integers(0, 80), jobs=st.integers(1, 20))
def test_a_fair_of_any_size_holds_together(seed: int, people: int, jobs: int) -> None:
    fair = Fair.generate(seed, people, jobs)
    tables = load()
    assert len(fair.people) == len(fair.wanted) == len(fair.expected) == len(fair.keys) == people
    assert len(fair.jobs) == jobs
    assert all(0 <= index < jobs for wanted in fair.wanted for index in wanted)
    assert all(body["candidate"]["region"] in tables.regions for body in fair.people)
    assert all(is_synthetic_phone(body["candidate"]["phone"]) for body in fair.people)
    assert msgspec.json.encode(fair) == msgspec.json.encode(Fair.generate(seed, people, jobs))


@given(seed=SEEDS, numbers=st.lists(st.integers(0, 5_999_999), unique=True))
def test_telephones_of_one_seed_are_all_different(seed: int, numbers: list[int]) -> None:
    assert len({synthetic_phone(seed, number) for number in numbers}) == len(numbers)
