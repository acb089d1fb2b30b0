"""Tokens: who somebody is, signed, so that every door can check it alone (JWT, RFC 7519; RFC 8725 on how not to).

One algorithm, and every claim is required and checked; what a token says is decided by whoever mints it, never by the
token's own header.
"""

from __future__ import annotations

import base64
import re
import time
from typing import Literal

import jwt
import msgspec

from livefair.domain.access import Claims, Role
from livefair.domain.mac import mac
from livefair.errors import InvalidInput, NotAllowed

ALGORITHM = "HS256"
ISSUER = "livefair"
AUDIENCE = "livefair"
TYPE: Literal["access"] = "access"
CANDIDATE_LIFETIME_S = 90 * 24 * 3600
"""A person's token outlives the fair, the offer and the trial that follow from it."""
MAX_LETTERS = 4096
"""A longer token is none of ours."""
SKEW_S = 60
"""How far another machine's clock may be ahead of ours when it says `iat`."""

_SCOPE = re.compile(r"(?:only:)?(?:(?:fair|job):[a-z0-9]{1,40}|office:[0-9]{6})\Z")
_SUBJECT = re.compile(r"[^\s/:]{1,100}\Z")


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims as they stand in a token, all of them always."""

    iss: str
    aud: str
    typ: Literal["access"]
    sub: str
    role: Role
    scopes: tuple[str, ...]
    holder: str
    iat: int
    exp: int


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


_HEAD = _base64url(b'{"alg":"HS256","typ":"JWT"}') + b"."
_encode = msgspec.json.Encoder().encode


def mint(secret: bytes, claims: Claims, issued: int, lifetime_s: int = CANDIDATE_LIFETIME_S) -> str:
    """A token that says `claims` from `issued` (Unix s) on. The same arguments give the same token, byte for byte.

    Written by hand because every sign-up mints one and PyJWT takes five times as long; PyJWT reads it (`verify`).
    """
    payload = _Payload(
        ISSUER, AUDIENCE, TYPE, claims.subject, claims.role, claims.scopes, claims.holder, issued, issued + lifetime_s
    )
    signed = _HEAD + _base64url(_encode(payload))
    return (signed + b"." + _base64url(mac(secret, signed))).decode()


def verify(secret: bytes, token: str) -> Claims:
    """What the token says. Raises NotAllowed with the reason for one that is forged, expired or of another kind."""
    if len(token) > MAX_LETTERS:
        raise NotAllowed("the token is too long to be one of ours")
    try:
        content = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": list(_Payload.__struct_fields__), "verify_iat": False},
        )
        payload = msgspec.convert(content, _Payload)
    except jwt.ExpiredSignatureError:
        raise NotAllowed("the token has expired") from None
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
        raise NotAllowed("the token is not one that this livefair issued") from None
    if payload.iat > time.time() + SKEW_S:
        raise NotAllowed("the token is of a time to come")
    return Claims(payload.role, payload.sub, payload.scopes, payload.holder)


def bearer(authorization: str) -> str:
    """The token in an `Authorization` header. Raises NotAllowed where it is of another scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAllowed("Authorization must be 'Bearer', a space and the token")
    return token.strip()


def check(claims: Claims) -> None:
    """Whether these claims can be put in a token by hand. Raises InvalidInput naming the option."""
    if not _SUBJECT.match(claims.subject):
        raise InvalidInput(
            f"subject is {claims.subject[:100]!r}: give 1 to 100 letters without spaces, ':' and '/'.",
            field="--subject",
        )
    if claims.role == "office" and not re.fullmatch(r"[0-9]{6}", claims.subject):
        raise InvalidInput(
            f"subject is {claims.subject!r}: an office's is its region, six digits of GB/T 2260.", field="--subject"
        )
    for scope in claims.scopes:
        if not _SCOPE.match(scope):
            raise InvalidInput(
                f"scope is {scope[:100]!r}: give fair:ID, job:ID or office:REGION, or one of these after 'only:'.",
                field="--scope",
            )
