"""What a request is told when it is not done: a problem as RFC 9457 has it, in English or Chinese.

Every problem has a name that never changes, and says what is wrong and what to do; one about fields points to each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from livefair.errors import RemoteError
from services.intake.texts import FIELD_TEXTS, PROBLEMS, Language

TYPE_PREFIX = "urn:livefair:problem:"
CONTENT_TYPE = "application/problem+json"
SHOWN_LETTERS = 60
"""Of a value that somebody sent, at most this much is said back."""


_THINGS = {
    "fair": {"en": "fair", "zh-CN": "招聘会"},
    "job": {"en": "job", "zh-CN": "岗位"},
    "application": {"en": "application", "zh-CN": "报名"},
    "offer": {"en": "offer", "zh-CN": "录用意向"},
    "channel": {"en": "channel", "zh-CN": "频道"},
}


class FieldError(NamedTuple):
    """One field that is wrong: its path, the name of the sentence in FIELD_TEXTS, and that sentence's values.

    A value that differs by language is a mapping from language to text.
    """

    path: tuple[str | int, ...]
    code: str
    values: Mapping[str, Any] = {}

    @property
    def pointer(self) -> str:
        """The JSON pointer as a URI fragment, as RFC 9457 gives it."""
        return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    def text(self, language: Language) -> str:
        """The sentence."""
        return _fill(FIELD_TEXTS[self.code][language], self.values, language)


class Refused(RemoteError):
    """A request that is not done, for a reason of its own; `code` is a name in PROBLEMS."""

    def __init__(
        self,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.values = dict(values or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code].status

    def detail(self, language: Language) -> str:
        """What happened and what to do, one sentence."""
        return _fill(PROBLEMS[self.code].detail[language], self.values, language)

    def body(self, language: Language, request: str) -> dict[str, Any]:
        """The problem; `request` is the id under which our log speaks of it."""
        kind = PROBLEMS[self.code]
        problem: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "title": kind.title[language],
            "status": kind.status,
            "detail": self.detail(language),
            "instance": f"urn:livefair:request:{request}",
        }
        if self.errors:
            problem["errors"] = [
                {"pointer": each.pointer, "detail": each.text(language), "code": each.code} for each in self.errors
            ]
        return problem


def invalid(*errors: FieldError) -> Refused:
    """A body whose fields are wrong."""
    return Refused("invalid-fields", errors=errors)


def no_such(what: str) -> Refused:
    """Not there, or not theirs to see: both read the same."""
    return Refused("not-found", values={"what": _THINGS[what]})


def unauthenticated() -> Refused:
    """No token came, and one is needed."""
    return Refused(
        "unauthenticated",
        headers={"WWW-Authenticate": 'Bearer realm="livefair"'},
        values={
            "reason": {"en": "Send a token: Authorization: Bearer …", "zh-CN": "请带上令牌：Authorization: Bearer …"}
        },
    )


def shown(value: object) -> str:
    """A value that somebody sent, as it may be said back: short, and printable."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: SHOWN_LETTERS + 1])
    return text if len(text) <= SHOWN_LETTERS else text[:SHOWN_LETTERS] + "…"


def response(problem: Refused, language: Language, request: str) -> web.Response:
    """The problem as an answer."""
    kind = PROBLEMS[problem.code]
    headers = {"Cache-Control": "no-store", "Content-Language": language, "X-Request-Id": request}
    if kind.retry_after is not None:
        headers["Retry-After"] = str(kind.retry_after)
    headers.update(problem.headers)
    return web.Response(
        status=kind.status,
        body=orjson.dumps(problem.body(language, request)),
        content_type=CONTENT_TYPE,
        headers=headers,
    )


def _fill(text: str, values: Mapping[str, Any], language: Language) -> str:
    chosen = {name: value[language] if isinstance(value, Mapping) else value for name, value in values.items()}
    return text.format(**chosen)
