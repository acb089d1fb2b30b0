"""Every problem has its words in both languages, and says nothing of what a person sent."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from services.intake import problems
from services.intake.http import as_problem, idempotency_key, language_of
from services.intake.problems import FieldError, Refused
from services.intake.texts import FIELD_TEXTS, PROBLEMS

SOURCES = [path.read_text(encoding="utf-8") for path in (Path(problems.__file__).parent).glob("*.py")]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_problem_says_the_same_in_both_languages(code: str) -> None:
    kind = PROBLEMS[code]
    assert 400 <= kind.status < 600
    for texts in (kind.title, kind.detail):
        assert set(texts) == {"en", "zh-CN"}
        assert placeholders(texts["en"]) == placeholders(texts["zh-CN"])
        assert texts["en"].isascii()
        assert not texts["zh-CN"].isascii()
    assert (kind.retry_after is not None) == (code in {"key-in-flight", "too-many", "unavailable", "not-whole"})


@pytest.mark.parametrize("code", sorted(FIELD_TEXTS))
def test_a_sentence_about_a_field_says_the_same_in_both_languages(code: str) -> None:
    texts = FIELD_TEXTS[code]
    assert placeholders(texts["en"]) == placeholders(texts["zh-CN"])


def test_no_sentence_is_left_over() -> None:
    whole = "\n".join(SOURCES)
    for code in (*PROBLEMS, *FIELD_TEXTS):
        assert len(re.findall(f'"{code}"', whole)) >= 2, code


def test_a_problem_is_as_the_standard_has_it() -> None:
    error = FieldError(("candidate", "a/b~c", 0), "too-long", {"limit": "5"})
    body = Refused("invalid-fields", errors=[error]).body("en", "r-1")
    assert body == {
        "type": "urn:livefair:problem:invalid-fields",
        "title": "Some fields are wrong",
        "status": 422,
        "detail": "Correct the fields that `errors` points to, and send it again.",
        "instance": "urn:livefair:request:r-1",
        "errors": [{"pointer": "#/candidate/a~1b~0c/0", "detail": "is too long: at most 5", "code": "too-long"}],
    }


def test_what_was_sent_is_said_back_short_and_printable() -> None:
    assert problems.shown("a\x00b\u202ec") == "a?b?c"
    assert problems.shown("x" * 100) == "x" * 60 + "…"
    assert problems.shown({"a": 1}) == '{"a":1}'


def test_braces_in_a_value_are_only_braces() -> None:
    error = FieldError((), "unknown-job", {"value": "{limit}{0}"})
    assert error.text("en") == "'{limit}{0}' is no job of this fair"


def test_our_own_faults_are_a_500_that_names_the_line_in_the_log() -> None:
    problem = as_problem(ZeroDivisionError("a name in clear"), "/", "r-7")
    assert problem.status == 500
    assert "r-7" in problem.detail("en")
    assert "name" not in problem.detail("en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("ZH-Hant-TW;q=0.4, en;q=0.3", "zh-CN"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("fr,de", "en"),
        ("fr,zh;q=0.1", "zh-CN"),
        ("zh;q=0,en;q=0.1", "en"),
        ("zh;q=nonsense", "en"),
        (",;q=,,", "en"),
    ],
)
def test_the_better_liked_language_is_chosen(header: str, language: str) -> None:
    assert language_of(header, "en") == language


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, ""),
        ('"k"', "k"),
        ("k", "k"),
        ('"a b"', "a b"),
        ('"a\\"b\\\\"', 'a"b\\'),
        ("k" * 255, "k" * 255),
        ('"', '"'),
    ],
)
def test_the_key_in_a_header(header: str | None, key: str) -> None:
    assert idempotency_key(header) == key


@pytest.mark.parametrize("header", ["", " ", '""', "k" * 256, "键", "a\tb", "a\x7fb"])
def test_a_header_without_a_key(header: str) -> None:
    with pytest.raises(Refused) as caught:
        idempotency_key(header)
    assert caught.value.code == "key-invalid"
