"""Phones, places, rates, receipts, versions, the board of fairs: the small parts of the door, each by its own rule."""

from __future__ import annotations

import msgspec
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair import tokens
from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.domain.pay import PayBand
from livefair.errors import UnreadableRecord
from livefair.wire.facts import FairChanged, FairFact, FairScheduled, JobChanged, JobOpened
from services.directory import Board
from services.intake.phones import e164
from services.intake.places import find
from services.intake.problems import Refused
from services.intake.rates import Rate
from services.intake.receipts import Receipt, answer_of, read_receipt, token_of
from services.intake.versions import etag_of, matches

# ---------------------------------------------------------------- phones


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("+8613800138000", "+8613800138000"),
        ("86 138-0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("010-12345678", "+861012345678"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_a_number_in_any_form_is_one_number(text: str, number: str) -> None:
    assert e164(text) == number


@pytest.mark.parametrize("text", ["", "12345", "1380013800", "138001380001", "+8612345678901", "no", "+", "1" * 40])
def test_what_is_no_number(text: str) -> None:
    assert e164(text) is None


@given(st.from_regex(r"1[0-9]{10}", fullmatch=True))
def test_the_short_way_says_what_the_library_says(digits: str) -> None:
    try:
        valid = phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
    except phonenumbers.NumberParseException:  # 12000 and the like: the prefix of a call abroad
        valid = False
    assert e164(digits) == (f"+86{digits}" if valid else None)


@given(st.text(max_size=40))
def test_no_text_is_too_much_for_it(text: str) -> None:
    number = e164(text)
    assert number is None or e164(number) == number


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("140223", "140223"),
        ("广灵县", "140223"),
        ("广灵", "140223"),
        ("山西省大同市广灵县", "140223"),
        ("山西 广灵", "140223"),
        ("大同广灵县", "140223"),
        ("北京朝阳", "110105"),
        ("东莞", "441900"),
        ("Guangling County", "140223"),
        ("Guangling County, Datong City, Shanxi", "140223"),
    ],
)
def test_a_place_as_people_write_it(text: str, code: str) -> None:
    assert find(text).code == code


@pytest.mark.parametrize(
    ("text", "among"), [("朝阳区", "220104"), ("城区", "140302"), ("大同市", "140221"), ("140200", "140221")]
)
def test_a_place_that_is_several_is_chosen(text: str, among: str) -> None:
    found = find(text)
    assert found.code == ""
    assert among in [region.code for region in found.choices]
    assert len(found.choices) <= 16


@given(st.text(max_size=60))
def test_a_place_is_a_county_or_none(text: str) -> None:
    found = find(text)
    assert not (found.code and found.choices)


# ---------------------------------------------------------------- rates


def test_a_steady_thousand_a_second_is_admitted_for_ever() -> None:
    rate = Rate(1000)
    for number in range(20_000):
        rate.admit("a", number / 1000)


def test_more_is_refused_until_a_second_has_passed() -> None:
    rate = Rate(10)
    for _ in range(20):
        rate.admit("a", 5.0)
    with pytest.raises(Refused) as caught:
        rate.admit("a", 5.0)
    assert (caught.value.code, caught.value.status) == ("too-many", 429)
    rate.admit("b", 5.0)
    for _ in range(10):
        rate.admit("a", 6.0)
    with pytest.raises(Refused):
        rate.admit("a", 6.0)


def test_who_was_refused_is_admitted_as_soon_as_anyone() -> None:
    """Refusals do not count, so that knocking on does not keep one out."""
    rate = Rate(1)
    for _ in range(2):
        rate.admit("a", 0.0)
    for number in range(9):
        with pytest.raises(Refused):
            rate.admit("a", number / 10)
    rate.admit("a", 1.0)


# ---------------------------------------------------------------- receipts


SECRET = b"s" * 32
RECEIPT = Receipt("c1", "h1", 1_795_000_000, ("j1", "j2"))


def test_a_receipt_gives_the_same_answer_again() -> None:
    again = read_receipt(msgspec.json.encode(RECEIPT))
    assert again == RECEIPT
    assert answer_of(SECRET, again) == answer_of(SECRET, RECEIPT)
    whole = msgspec.json.decode(answer_of(SECRET, RECEIPT))
    assert whole == {
        "candidate": "c1",
        "token": token_of(SECRET, RECEIPT),
        "applications": [{"id": "a1-1", "job": "j1"}, {"id": "a1-2", "job": "j2"}],
        "channel": "candidate:c1",
    }


def test_its_token_is_the_persons() -> None:
    import time_machine

    with time_machine.travel(RECEIPT.issued, tick=False):
        assert tokens.verify(SECRET, token_of(SECRET, RECEIPT)) == Claims("candidate", "c1", (), "h1")


def test_what_is_no_receipt() -> None:
    for kept in (b"", b"{}", b'["c1"]'):
        with pytest.raises(UnreadableRecord):
            read_receipt(kept)


# ---------------------------------------------------------------- versions


def test_versions_match_by_name() -> None:
    etag = etag_of(b"x")
    assert etag == etag_of(b"x") != etag_of(b"y")
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        assert matches(condition, etag)
    for condition in ("", '"other"', etag.strip('"')):
        assert not matches(condition, etag)


# ---------------------------------------------------------------- the board


FAIR = Fair("f1", "t", "h", "h1", "2026-11-24T19:00:00+08:00")
JOB = Job("j1", "f1", "t", "e1", "4-10-01-06", "110105", PayBand("month", 8000, 10000), "live-in")


def board(*facts: FairFact) -> Board:
    found = Board()
    for fact in facts:
        found.apply(fact)
    return found


def test_fairs_and_jobs_are_what_the_facts_say() -> None:
    found = board(
        FairScheduled(FAIR),
        JobOpened(JOB, "h1"),
        FairChanged("f1", "h1", "live", "j1"),
        JobChanged("j1", "f1", "e1", seats=5, paused=True),
    )
    assert (found.fairs["f1"].state, found.fairs["f1"].pinned) == ("live", "j1")
    assert (found.jobs["j1"].seats, found.jobs["j1"].paused) == (5, True)
    assert found.jobs_of("f1") == [found.jobs["j1"]]
    assert found.jobs_of("f2") == []


@pytest.mark.parametrize(
    "fact",
    [
        FairScheduled(msgspec.structs.replace(FAIR, title="another")),
        FairChanged("f1", "h1", "paused"),
        FairChanged("f1", "h1", "live", "j9"),
        FairChanged("f9", "h1", "live"),
        JobOpened(msgspec.structs.replace(JOB, seats=9), "h1"),
        JobOpened(msgspec.structs.replace(JOB, job="j9", fair="f9"), "h1"),
        JobChanged("j1", "f9", "h1", seats=9),
        JobChanged("j9", "f1", "h1", seats=9),
    ],
)
def test_what_cannot_be_changes_nothing(fact: FairFact) -> None:
    before, after = (
        board(FairScheduled(FAIR), JobOpened(JOB, "h1")),
        board(FairScheduled(FAIR), JobOpened(JOB, "h1"), fact),
    )
    assert (before.fairs, before.jobs, before.jobs_of("f1")) == (after.fairs, after.jobs, after.jobs_of("f1"))
