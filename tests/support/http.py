"""A client of the HTTP door for tests: one call, one reply, nothing hidden."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp

_keys = itertools.count()


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which must be JSON."""
        assert self.headers["Content-Type"].partition(";")[0].endswith("json"), self.body[:200]
        return json.loads(self.body)

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """The problem, which must be this one, whole and well formed."""
        assert self.status == status, (self.status, self.body[:500])
        assert self.headers["Content-Type"] == "application/problem+json"
        found: dict[str, Any] = self.json()
        assert found["type"] == f"urn:livefair:problem:{code}", found
        assert found["status"] == status
        assert found["title"]
        assert found["detail"]
        return found

    def pointers(self) -> dict[str, str]:
        """Pointer → code of a problem about fields."""
        return {each["pointer"]: each["code"] for each in self.problem(422, "invalid-fields")["errors"]}


class Client:
    """Calls one door. Every method gives the reply, whatever its status."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        key: str = "",
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send `body` as JSON, or `raw` as it is."""
        sent = {} if headers is None else dict(headers)
        if raw is None and body is not None:
            raw = json.dumps(body, ensure_ascii=False).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if key:
            sent["Idempotency-Key"] = f'"{key}"'
        async with self._session.request(
            method, self.url + path, data=raw, headers=sent, allow_redirects=False
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.call("POST", path, body, **more)

    async def patch(self, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.call("PATCH", path, body, **more)

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.call("GET", path, **more)


def new_key() -> str:
    """An Idempotency-Key that no other test uses."""
    return f"key-{next(_keys)}"


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A person who fits `job()`; `number` makes the phone."""
    whole: dict[str, Any] = {
        "name": "测试员",
        "phone": f"+86199{number:08d}",
        "region": "140221",
        "occupations": ["4-10-01-06"],
        "skills": ["infant-care", "cooking"],
        "level": 4,
        "experience_years": 5,
        "pay_min": {"unit": "month", "amount": 8000},
        "provinces": ["11", "12"],
        "modes": ["live-in", "day"],
        "languages": ["zh", "cjy"],
        "start": "2026-12-01",
        "health_certificate_until": "2027-05-01",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


CONSENT = {"host": True, "employers": True, "ranking": True, "sensitive": True}


def sign_up(number: int, *jobs: str, consent: Mapping[str, bool] = CONSENT, **changes: Any) -> dict[str, Any]:
    """The body of a sign-up; `changes` are of the person."""
    return {
        "candidate": person(number, **changes),
        "jobs": list(jobs),
        "consent": dict(consent),
        "source": {"channel": "kuaishou", "id": "v-123"},
    }


def job(**changes: Any) -> dict[str, Any]:
    """The job of contract.md."""
    whole: dict[str, Any] = {
        "title": "住家育儿嫂",
        "employer": "e1",
        "occupation": "4-10-01-06",
        "skills": ["infant-care"],
        "min_level": 5,
        "seats": 2,
        "pay": {"unit": "month", "min": 8000, "max": 10000},
        "region": "110105",
        "mode": "live-in",
        "lodging": "live-in",
        "rest_days": 4,
        "languages": ["zh"],
        "interview_ratio": 1,
        "auto_match": True,
        "start_window": ["2026-11-25", "2026-12-31"],
        "employment_model": "employee",
        "insurance": "social",
        "health_certificate": True,
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}
