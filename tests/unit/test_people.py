"""People as matching sees them: unknown by default, no consent by default, a name that shows one letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefair.domain.people import Consent, Person, Profile, mask_name


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("张丽", "张*"),
        ("张", "张*"),
        ("王小明", "王**"),
        ("欧阳娜娜", "欧***"),
        ("买买提·艾力", "买***"),
        ("Anna Lee", "A***"),
        ("  张丽  ", "张*"),
        ("𠮷田", "𠮷*"),
    ],
)
def test_a_mask(name: str, mask: str) -> None:
    assert mask_name(name) == mask


@given(st.text(max_size=30).filter(str.strip))
def test_a_mask_shows_the_first_letter_and_nothing_more(name: str) -> None:
    mask = mask_name(name)
    assert mask[0] == name.strip()[0]
    assert mask[1:] in ("*", "**", "***")


def test_absent_consent_is_no_consent() -> None:
    assert Consent() == Consent(host=False, employers=False, ranking=False, sensitive=False)


def test_what_was_not_said_is_unknown() -> None:
    profile = Profile(region="140221")
    assert not any(getattr(profile, field) for field in profile.__struct_fields__ if field != "region")


def test_nothing_that_travels_has_room_for_a_name_a_phone_or_what_fit_must_not_read() -> None:
    assert set(Person.__struct_fields__) == {"candidate", "mask", "profile", "consent", "holder", "source", "since"}
    forbidden = {"name", "phone", "id_number", "sex", "ethnicity", "religion", "household", "birth", "age"}
    assert not forbidden & set(Profile.__struct_fields__)
