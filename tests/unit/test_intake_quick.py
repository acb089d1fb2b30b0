"""The quick way of reading a sign-up: it takes nothing that pydantic refuses, and reads the rest as pydantic does."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from livefair.play import Fair
from services.intake import quick
from services.intake.models import SIGN_UP_EXAMPLE, SignUp

read = quick.decoder(SignUp)
GOOD = orjson.dumps(SIGN_UP_EXAMPLE).decode()


def as_dict(found: Any) -> Any:
    """The plain values of whatever has the model's attributes."""
    names = getattr(found, "__struct_fields__", None)
    if names is None:
        return found.model_dump() if isinstance(found, BaseModel) else found
    return {name: as_dict(getattr(found, name)) for name in names}


def agree(body: bytes) -> bool:
    """Whether the quick way took it; fails where it took what pydantic refuses, or read it otherwise."""
    try:
        found = read(body)
    except quick.NotQuick:
        return False
    assert as_dict(found) == SignUp.model_validate_json(body).model_dump()
    return True


def test_generated_sign_ups_are_read_quickly_and_alike() -> None:
    fair = Fair.generate(7, 300, 5)
    assert all(agree(orjson.dumps(fair.signup(number, [f"j{each}" for each in range(5)]))) for number in range(300))


def test_what_is_left_out_is_what_pydantic_says_it_is() -> None:
    least = {"candidate": {"name": "张丽", "phone": "13800138000", "region": "140221"}, "consent": {}}
    assert agree(orjson.dumps(least))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"level":4', '"level":4.0'),
        ('"level":4', '"level":"4"'),
        ('"level":4', '"level":0'),
        ('"level":4', '"level":true'),
        ('"level":4', '"level":4,"nickname":"x"'),
        ('"level":4', '"level":4' + "0" * 30),
        ('"amount":8000', '"amount":8e3'),
        ('"jobs":[]', '"jobs":["ab\\n"]'),
        ('"jobs":[]', '"jobs":["A"]'),
        ('"jobs":[]', '"jobs":["' + "a" * 101 + '"]'),
        ('"jobs":[]', '"jobs":[' + ",".join(['"j"'] * 21) + "]"),
        ('"jobs":[]', '"jobs":null'),
        ('"2026-12-01"', '"2026-12-01T00:00:00"'),
        ('"2026-12-01"', '"1949-12-31"'),
        ('"2026-12-01"', '"2200-01-01"'),
        ('"2026-12-01"', '"2026-02-30"'),
        ('"2026-12-01"', "1700000000"),
        ('"host":true', '"host":1'),
        ('"live-in"', '"live-out"'),
        ("张丽", ""),
        ("张丽", "x" * 41),
        ("张丽", "a\nb"),
        ("张丽", "\\ud800"),
        ('"name":"张丽",', ""),
        ('"month"', '"fortnight"'),
        ("{", "["),
        ("}", "} x"),
    ],
)
def test_what_pydantic_refuses_is_left_to_it(was: str, becomes: str) -> None:
    body = GOOD.replace(was, becomes).encode()
    assert body != GOOD.encode()
    with pytest.raises(ValidationError):
        SignUp.model_validate_json(body)
    with pytest.raises(quick.NotQuick):
        read(body)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf"])
def test_bytes_that_are_no_utf8_are_left_to_pydantic(raw: bytes) -> None:
    with pytest.raises(quick.NotQuick):
        read(GOOD.encode().replace("张丽".encode(), raw))


_NUMBERS = st.integers(-(2**63), 2**63 - 1)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2_000_000),
    st.floats(allow_nan=False),
    st.text(max_size=110),
    st.sampled_from(["", "month", "live-in", "2026-12-01", "4-10-01-06", "j1", "a b"]),
    st.lists(st.one_of(st.text(max_size=45), _NUMBERS), max_size=45),
    st.dictionaries(st.sampled_from(["unit", "amount", "host", "channel", "id", "x"]), _NUMBERS, max_size=3),
    st.dates(dt.date(1900, 1, 1)).map(str),
)
_PLACES = [(part, name) for part in ("candidate", "consent", "source") for name in SIGN_UP_EXAMPLE[part]]


@given(place=st.sampled_from([*_PLACES, ("jobs", ""), ("consent", ""), ("source", "")]), value=_VALUES)
def test_whatever_stands_in_a_field_the_two_agree(place: tuple[str, str], value: Any) -> None:
    part, name = place
    changed = {**SIGN_UP_EXAMPLE, part: {**SIGN_UP_EXAMPLE[part], name: value} if name else value}
    agree(orjson.dumps(changed))


def test_a_model_that_cannot_be_read_quickly_is_told_at_once() -> None:
    class Odd(BaseModel):
        ratio: float

    class Stepped(BaseModel):
        number: Annotated[int, Field(multiple_of=5)]

    for model in (Odd, Stepped):
        with pytest.raises(TypeError, match="is not known"):
            quick.decoder(model)
