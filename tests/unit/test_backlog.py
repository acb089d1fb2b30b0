"""How far behind, and for how long: exact where the record is in hand, never more than was seen where it is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefair.backlog import LOOKS, Backlog, Ends, Place
from livefair.metrics import STAGE_LAG, STAGE_OLDEST


def test_a_record_waits_since_the_first_look_that_saw_it() -> None:
    ends = Ends()
    ends.look(100.0, 10, 10)
    assert (ends.lag(10), ends.waiting_since(10)) == (0, None)
    ends.look(102.0, 13, 10)
    ends.look(104.0, 20, 10)
    assert (ends.lag(10), ends.waiting_since(10)) == (10, 102.0)
    assert ends.waiting_since(12) == 102.0
    assert ends.waiting_since(13) == 104.0
    assert (ends.lag(20), ends.waiting_since(20)) == (0, None)
    assert ends.lag(25) == 0  # what is done may be ahead of the last look


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=300))
def test_it_never_says_longer_than_it_is(steps: list[tuple[int, int]]) -> None:
    """Records come and are done in any rhythm; each came after the look before the one that first saw it."""
    ends, came, done, at = Ends(), list[float](), 0, 0.0
    for more, fewer in steps:
        at += 1
        came += [at - 0.5] * more
        done = min(len(came), done + fewer)
        ends.look(at, len(came), done)
        assert ends.lag(done) == len(came) - done
        since = ends.waiting_since(done)
        assert since == (came[done] + 0.5 if done < len(came) else None)


def test_a_long_standstill_costs_bounded_memory_and_keeps_its_beginning() -> None:
    ends = Ends()
    for at in range(10 * LOOKS):
        ends.look(float(at), at + 1, 0)
    assert len(ends._looks) <= LOOKS
    assert ends.waiting_since(0) == 0.0
    assert ends.lag(0) == 10 * LOOKS


def test_a_stage_reports_the_sum_and_the_oldest_of_its_partitions() -> None:
    now = 1000.0
    places = {0: Place(5), 1: Place(7, 990_000), 2: Place(0)}
    backlog = Backlog("test", lambda: places, lambda: now)
    assert (backlog.lag(), backlog.oldest()) == (0, 10.0)
    backlog.look({0: 8, 1: 9, 2: 0, 3: 99})  # 3 was given away meanwhile
    assert backlog.lag() == 3 + 2
    now = 1004.0
    assert backlog.oldest() == 14.0  # in hand: by its own time
    places[1] = Place(9)
    assert backlog.oldest() == 4.0  # seen at the look
    places[0] = Place(8)
    assert (backlog.lag(), backlog.oldest()) == (0, 0.0)
    (lag,) = [each for each in STAGE_LAG.collect()[0].samples if each.labels == {"stage": "test"}]
    (oldest,) = [each for each in STAGE_OLDEST.collect()[0].samples if each.labels == {"stage": "test"}]
    places[0] = Place(6)
    assert (lag.value, oldest.value) == (0, 0.0)
    assert backlog.lag() == 2


def test_a_broker_s_clock_that_is_ahead_makes_nothing_negative() -> None:
    assert Backlog("test", lambda: {0: Place(1, 2_000_000)}, lambda: 1000.0).oldest() == 0.0
