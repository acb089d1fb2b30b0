"""The sign-up form without scripts: from what a browser posts to the same body that the API takes.

The form is another way of writing the same thing: whatever it says goes through the same checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from services.intake import bodies, people
from services.intake.codes import Codes
from services.intake.models import SignUp
from services.intake.places import find
from services.intake.problems import FieldError, Refused, invalid

FIELDS_AT_MOST = 300
CONTENT_TYPE = "application/x-www-form-urlencoded"

Posted = Mapping[str, list[str]]
"""Every value of each field, as posted, without empty ones."""

_LISTS = ("occupations", "skills", "provinces", "modes", "languages")
_SINGLE = ("name", "phone", "level", "experience_years", "start", "health_certificate_until")
_CONSENTS = ("host", "employers", "ranking", "sensitive")


def parse(body: bytes) -> dict[str, list[str]]:
    """The fields of a form. Raises Refused (broken-form)."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), max_num_fields=FIELDS_AT_MOST)
    except ValueError:
        raise Refused("broken-form") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if value.strip():
            found.setdefault(name, []).append(value)
    return found


def one(posted: Posted, field: str) -> str:
    """The first value of a field, or nothing."""
    return posted.get(field, [""])[0].strip()


def to_sign_up(posted: Posted, codes: Codes) -> SignUp:
    """The body that the form says. Raises Refused (invalid-fields); a place that is several is `which-place`."""
    candidate: dict[str, Any] = {name: one(posted, name) for name in _SINGLE if one(posted, name)}
    candidate |= {name: list(dict.fromkeys(posted[name])) for name in _LISTS if name in posted}
    if one(posted, "pay_amount"):
        candidate["pay_min"] = {"unit": one(posted, "pay_unit") or "month", "amount": one(posted, "pay_amount")}
    errors: list[FieldError] = []
    place = find(one(posted, "region_choice") or one(posted, "region"))
    candidate["region"] = place.code or one(posted, "region")
    if not one(posted, "region") and not place.code:
        del candidate["region"]
    elif not place.code:
        why = codes.tables.regions.explain
        text = one(posted, "region")
        errors.append(
            FieldError(("candidate", "region"), "which-place")
            if place.choices
            else FieldError(
                ("candidate", "region"), "unknown-region", {"why": {"en": why(text, "en"), "zh-CN": why(text, "zh-CN")}}
            )
        )
    if not one(posted, "consent_employers"):
        errors.append(FieldError(("consent", "employers"), "missing"))
    channel = one(posted, "source_channel")
    values = {
        "candidate": candidate,
        "jobs": posted.get("jobs", []),
        "consent": {name: bool(one(posted, f"consent_{name}")) for name in _CONSENTS},
        # A link that somebody mistyped keeps nobody out.
        "source": {
            "channel": channel if channel in codes.tables.channels else "direct",
            "id": one(posted, "source_id")[:100],
        },
    }
    try:
        body = bodies.take(SignUp, values)
    except Refused as refused:
        raise invalid(*errors, *refused.errors) from None
    if errors:
        raise invalid(*errors, *people.wrong(body, codes))
    return body


def field_of(error: FieldError) -> str:
    """The field of the form that an error of the body is about; nothing where it is about the whole."""
    match error.path:
        case ("candidate", str(name), *_) | (("jobs" as name), *_):
            return name
        case ("consent", str(name), *_):
            return f"consent_{name}"
        case _:
            return ""
