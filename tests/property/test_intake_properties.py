"""Whatever a body holds, it is taken on or refused with its reason; and everything that the play makes is taken on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefair import tables
from livefair.domain.ids import candidate_id, folded_name
from livefair.domain.people import mask_name
from livefair.play import Fair
from services.intake import bodies, forms, people
from services.intake.codes import Codes
from services.intake.jobs import read_job
from services.intake.models import (
    JOB_EXAMPLE,
    SIGN_UP_EXAMPLE,
    AnswerIn,
    FairChange,
    FairIn,
    InterestIn,
    JobChange,
    JobIn,
    Nothing,
    OfferIn,
    SignUp,
)
from services.intake.problems import Refused
from services.intake.site import LANGUAGES

CODES = Codes(tables.load())
MODELS = (SignUp, FairIn, FairChange, JobIn, JobChange, Nothing, InterestIn, OfferIn, AnswerIn)

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


def _changed(example: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The example with some fields, at both depths, replaced by anything."""
    top = st.dictionaries(st.sampled_from([*example]) | st.text(max_size=8), _VALUES, max_size=3)
    inner = example.get("candidate", {})
    if not inner:
        return top.map(lambda changes: example | changes)
    below = st.dictionaries(st.sampled_from([*inner, "id_number", "health"]), _VALUES, max_size=4)
    return st.tuples(top, below).map(lambda both: example | {"candidate": inner | both[1]} | both[0])


def refused(work: Any) -> Refused | None:
    """What it was refused with; None where it was taken. Anything else that it raises is a fault."""
    try:
        work()
    except Refused as caught:
        error = caught
    else:
        return None
    for language in LANGUAGES:
        assert error.detail(language)
        assert error.body(language, "r")["status"] == error.status < 500
    return error


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@given(data=st.data())
@settings(deadline=None)
def test_any_bytes_are_a_body_or_a_problem(model: type[Any], data: st.DataObject) -> None:
    raw = data.draw(st.binary(max_size=100) | _VALUES.map(lambda value: json.dumps(value).encode()))
    refused(lambda: bodies.read(model, raw))


@given(_changed(SIGN_UP_EXAMPLE))
@settings(max_examples=300, deadline=None)
def test_any_sign_up_is_taken_on_or_told_why(body: dict[str, Any]) -> None:
    refused(lambda: people.read(bodies.read(SignUp, json.dumps(body).encode()), CODES))


@given(_changed(JOB_EXAMPLE))
@settings(max_examples=200, deadline=None)
def test_any_job_is_taken_on_or_told_why(body: dict[str, Any]) -> None:
    refused(lambda: read_job(bodies.read(JobIn, json.dumps(body).encode()), "f1", "j1", CODES))


_FIELDS = st.sampled_from(
    ["name", "phone", "region", "region_choice", "jobs", "skills", "level", "start", "pay_amount", "pay_unit", "x"]
)


@given(st.dictionaries(_FIELDS, st.lists(st.text(max_size=20), min_size=1, max_size=3), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_form_is_taken_on_or_told_why(posted: dict[str, list[str]]) -> None:
    error = refused(lambda: forms.to_sign_up(posted, CODES))
    assert error is not None  # nobody ticked the consent
    assert "consent_employers" in [forms.field_of(each) for each in error.errors]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_a_problem(raw: bytes) -> None:
    refused(lambda: forms.parse(raw))


@pytest.mark.parametrize("seed", range(3))
def test_what_the_play_makes_is_taken_on(seed: int) -> None:
    fair = Fair.generate(seed=seed, people=400, jobs=30)
    bodies.read(FairIn, json.dumps(fair.fair).encode())
    for each in fair.jobs:
        read_job(bodies.read(JobIn, json.dumps(each).encode()), "f1", "j1", CODES)
    for each in fair.people:
        body = json.loads(json.dumps(each)) | {"jobs": []}
        people.read(bodies.read(SignUp, json.dumps(body).encode()), CODES)


def test_the_examples_of_the_document_are_taken_on() -> None:
    people.read(bodies.read(SignUp, json.dumps(SIGN_UP_EXAMPLE).encode()), CODES)
    read_job(bodies.read(JobIn, json.dumps(JOB_EXAMPLE).encode()), "f1", "j1", CODES)


_NAMES = st.text(st.characters(codec="utf-8", categories=("Lo", "Lu", "Ll")), min_size=1, max_size=10)


@given(name=_NAMES)
def test_a_name_written_otherwise_is_the_same_person_and_its_mask_shows_one_letter(name: str) -> None:
    clean = people.clean_name(f"  {name} ")
    assert clean is not None
    same = {candidate_id(b"s", "+8613800138000", folded_name(each)) for each in (name, clean, f" {name}", name + "\t")}
    assert len(same) == 1
    assert mask_name(clean).rstrip("*") in ("", clean[0])
