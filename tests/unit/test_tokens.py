"""Tokens: what is minted is read back, and nothing else is."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import orjson
import pytest
import time_machine

from livefair import tokens
from livefair.domain.access import Claims
from livefair.errors import InvalidInput, NotAllowed

SECRET = b"s" * 32
NOW = 1_795_000_000
CLAIMS = Claims("candidate", "c0123456789abcdef", ("only:fair:f1",), "h0123456789abcdef")


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def payload(**changes: Any) -> dict[str, Any]:
    """A good payload, changed."""
    whole = {
        "iss": "livefair",
        "aud": "livefair",
        "typ": "access",
        "sub": "h1",
        "role": "host",
        "scopes": [],
        "holder": "",
        "iat": NOW,
        "exp": NOW + 60,
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def test_what_is_minted_is_verified() -> None:
    assert tokens.verify(SECRET, tokens.mint(SECRET, CLAIMS, NOW)) == CLAIMS


def test_the_same_claims_give_the_same_token() -> None:
    assert tokens.mint(SECRET, CLAIMS, NOW) == tokens.mint(SECRET, CLAIMS, NOW)


def test_pyjwt_reads_what_we_write() -> None:
    token = tokens.mint(SECRET, CLAIMS, NOW, 60)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert jwt.decode(token, SECRET, algorithms=["HS256"], audience="livefair") == payload(
        sub=CLAIMS.subject, role="candidate", scopes=["only:fair:f1"], holder=CLAIMS.holder
    )


def test_a_good_payload_by_another_library_is_verified() -> None:
    assert tokens.verify(SECRET, jwt.encode(payload(), SECRET, "HS256")) == Claims("host", "h1")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["livefair", "other"]},
        {"typ": "refresh"},
        {"role": "root"},
        {"sub": 5},
        {"scopes": "fair:f1"},
        {"holder": 1},
        {"exp": NOW - 1},
        {"exp": "never"},
        {"iat": NOW + 3600},
        {"iat": "now"},
        {"more": "than we say"},
        *({name: None} for name in ("iss", "aud", "typ", "sub", "role", "scopes", "holder", "iat", "exp")),
    ],
    ids=str,
)
def test_every_claim_is_checked(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed):
        tokens.verify(SECRET, jwt.encode(payload(**changes), SECRET, "HS256"))


def test_it_expires() -> None:
    token = tokens.mint(SECRET, CLAIMS, NOW, 60)
    with time_machine.travel(NOW + 59, tick=False):
        tokens.verify(SECRET, token)
    with time_machine.travel(NOW + 60, tick=False), pytest.raises(NotAllowed, match="expired"):
        tokens.verify(SECRET, token)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(NotAllowed):
        tokens.verify(SECRET, jwt.encode(payload(), SECRET, algorithm))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_no_algorithm_is_refused(algorithm: str) -> None:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    for signature in ("", "AAAA"):
        forged = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(payload())}.{signature}"
        with pytest.raises(NotAllowed):
            tokens.verify(SECRET, forged)


def test_another_secret_is_refused() -> None:
    with pytest.raises(NotAllowed):
        tokens.verify(b"t" * 32, tokens.mint(SECRET, CLAIMS, NOW))


def test_a_changed_letter_anywhere_is_refused() -> None:
    token = tokens.mint(SECRET, CLAIMS, NOW)
    for at in range(len(token) - 1):  # the last letter of base64 has spare bits
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(NotAllowed):
            tokens.verify(SECRET, changed)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c", "é.é.é", "\x00", "x" * 10_000, "Bearer x"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(NotAllowed):
        tokens.verify(SECRET, text)


def test_bearer() -> None:
    assert tokens.bearer("Bearer abc") == "abc"
    assert tokens.bearer("  bearer   abc ") == "abc"
    for wrong in ("", "Bearer", "Bearer ", "Basic abc", "abc"):
        with pytest.raises(NotAllowed):
            tokens.bearer(wrong)


def test_claims_made_by_hand_are_checked() -> None:
    tokens.check(Claims("host", "h1", ("fair:f1", "only:job:j2", "office:140221")))
    tokens.check(Claims("office", "140221"))
    for wrong, field in (
        (Claims("host", ""), "--subject"),
        (Claims("host", "a b"), "--subject"),
        (Claims("office", "county"), "--subject"),
        (Claims("host", "h1", ("fair",)), "--scope"),
        (Claims("host", "h1", ("office:1",)), "--scope"),
        (Claims("host", "h1", ("only:only:fair:f1",)), "--scope"),
    ):
        with pytest.raises(InvalidInput) as caught:
            tokens.check(wrong)
        assert caught.value.field == field


def test_a_token_is_good_for_ninety_days_by_default() -> None:
    content = jwt.decode(
        tokens.mint(SECRET, CLAIMS, int(time.time())), SECRET, algorithms=["HS256"], audience="livefair"
    )
    assert content["exp"] - content["iat"] == 90 * 86_400
