"""Ids: the same of the same, different of the different, and an application's says whom and what it names."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair.domain import ids

SECRET = b"s" * 32
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
BODIES = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)


@given(st.integers(1, 8).flatmap(lambda fives: st.binary(min_size=5 * fives, max_size=5 * fives)))
def test_spelling_loses_nothing(data: bytes) -> None:
    text = ids.spell(data)
    assert len(text) * 5 == len(data) * 8
    number = 0
    for letter in text:
        number = number * 32 + CROCKFORD.index(letter)
    assert number.to_bytes(len(data), "big") == data


def test_letters_that_look_alike_are_not_used() -> None:
    assert not set("ilou") & set(CROCKFORD)
    assert ids.spell(b"\x00" * 5) == "00000000"
    assert ids.spell(b"\xff" * 5) == "zzzzzzzz"
    assert ids.spell(bytes(range(10))) == "000g40r40m30e209"


def test_a_person_is_a_keyed_hash_of_phone_and_name() -> None:
    message = b"candidate\x00+8613800138000\x00" + "张丽".encode()
    digest = hmac.new(SECRET, message, hashlib.sha256).digest()
    assert ids.candidate_id(SECRET, "+8613800138000", "张丽") == "c" + ids.spell(digest[:10])


@given(
    st.lists(st.tuples(st.sampled_from((b"1" * 32, b"2" * 32)), st.text("01+", max_size=3), st.text("01+", max_size=3)))
)
def test_two_people_are_one_only_where_secret_phone_and_name_are(people: list[tuple[bytes, str, str]]) -> None:
    made = {person: ids.candidate_id(*person) for person in people}
    assert len(set(made.values())) == len(made)
    assert all(len(identifier) == 17 and identifier[0] == "c" for identifier in made.values())


def test_a_retry_has_the_same_holder_and_another_key_another() -> None:
    one = ids.holder_id(SECRET, "c1", "f1", "k1")
    assert one == ids.holder_id(SECRET, "c1", "f1", "k1")
    others = [("c2", "f1", "k1"), ("c1", "f2", "k1"), ("c1", "f1", "k2"), ("c1", "f1k", "1")]
    assert len({one, *(ids.holder_id(SECRET, *other) for other in others)}) == 5
    assert one[0] == "h"
    assert len(one) == 17


def test_a_holder_is_no_candidate_though_made_of_the_same() -> None:
    assert ids.holder_id(SECRET, "a", "b", "c")[1:] != ids.candidate_id(SECRET, "a", "b")[1:]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张丽", "张 丽"),
        ("张丽", "　张丽 "),
        ("Anna Lee", "anna  lee"),
        ("STRASSE", "straße"),
        # One letter by one code point or by two, full width or half: the keyboard's choice, not the person's.
        ("Jos\u00e9", "Jose\u0301"),
        ("ＡＮＮＡ", "Anna"),
        ("\u2f24", "\u5927"),
    ],
)
def test_one_name(one: str, other: str) -> None:
    assert ids.folded_name(one) == ids.folded_name(other)


@pytest.mark.parametrize(("one", "other"), [("张丽", "张莉"), ("张丽", "丽张"), ("Anna", "Anne"), ("José", "Jose")])
def test_two_names(one: str, other: str) -> None:
    assert ids.folded_name(one) != ids.folded_name(other)


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(name: str) -> None:
    once = ids.folded_name(name)
    assert ids.folded_name(once) == once


def test_a_keyed_hash_differs_by_secret_purpose_and_data() -> None:
    made = {
        ids.keyed_hash(secret, purpose, data)
        for secret in (b"1" * 32, b"2" * 32)
        for purpose in ("body", "code")
        for data in (b"", b"x")
    }
    assert len(made) == 8
    assert {len(each) for each in made} == {24}
    assert ids.keyed_hash(SECRET, "body", b"x") == ids.keyed_hash(SECRET, "body", b"x")


def test_new_ids_are_spelled_from_the_random_bytes_they_are_given() -> None:
    assert ids.fair_id(b"\x00" * 9 + b"\x01" + b"more") == "f0000000000000001"
    assert ids.job_id(b"\xff" * 10) == "jzzzzzzzzzzzzzzzz"
    assert ids.offer_id("c1", "j2", b"\x00" * 10) == "o1-2-0000000000000000"


@given(BODIES, BODIES, st.binary(min_size=10, max_size=10))
def test_an_application_and_an_offer_say_whom_and_what_they_name(person: str, job: str, random: bytes) -> None:
    candidate, job = "c" + person, "j" + job
    assert ids.named_by(ids.application_id(candidate, job)) == (candidate, job)
    assert ids.named_by(ids.offer_id(candidate, job, random)) == (candidate, job)


@given(BODIES, BODIES, BODIES, BODIES)
def test_one_application_for_each_person_and_job(person: str, job: str, other_person: str, other_job: str) -> None:
    one = ids.application_id("c" + person, "j" + job)
    other = ids.application_id("c" + other_person, "j" + other_job)
    assert (one == other) == ((person, job) == (other_person, other_job))


@pytest.mark.parametrize(
    "identifier",
    [
        "-",
        "a",
        "a-",
        "a1",
        "a1-",
        "a-1",
        "a1-2-3",
        "a1--2",
        "o1-2",
        "o1-2-",
        "o1-2-3-4",
        "c1-2",
        "A1-2",
        "a张-2",
        "a~-2",
    ],
)
def test_what_names_nobody(identifier: str) -> None:
    assert ids.named_by(identifier) is None
    assert ids.named_by(identifier + " ") is None


def test_nothing_names_nobody() -> None:
    assert ids.named_by("") is None


@given(st.text("aoc0-1~z", max_size=12))
def test_what_names_somebody_is_their_application_s_or_offer_s_id(identifier: str) -> None:
    named = ids.named_by(identifier)
    if named is not None:
        whole = ids.application_id(named.candidate, named.job)
        assert identifier == whole if identifier[0] == "a" else identifier.startswith("o" + whole[1:] + "-")
