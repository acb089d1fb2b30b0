"""The HTTP calls of contract.md, said again until they are answered; a key makes saying twice do once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from livefair.client.position import Event
from livefair.client.waits import wait_s
from livefair.errors import RemoteError, Unavailable

TRIES = 12
ANSWER_S = 15.0
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_IN_FLIGHT = 409

Body = Mapping[str, Any]


class Problem(RemoteError):
    """The API refused (RFC 9457). `type` is its last part, as `not-found`; `errors` are `{"pointer","detail"}`."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(body.get("type", "")).rpartition(":")[2]
        self.errors: list[dict[str, str]] = list(body.get("errors") or ())
        super().__init__(str(body.get("detail") or body.get("title") or f"HTTP {status}"))


class Api:
    """The API at `base` (its origin, without /v1). Every call raises Problem, or Unavailable after TRIES."""

    def __init__(self, base: str, token: str = "", tries: int = TRIES) -> None:
        self.base = base.rstrip("/")
        self.token = token
        self._tries = tries
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # How many calls are made at once is for whoever makes them to say; no cookie is ever set here.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_S),
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    # ------------------------------------------------------------ calls

    async def create_fair(self, title: str, starts: str, host: str, *, key: str = "") -> str:
        """A new fair's id."""
        body = {"title": title, "starts": starts, "host": host}
        return str((await self.call("POST", "/v1/fairs", body, key=key))["fair"])

    async def fair(self, fair: str) -> dict[str, Any]:
        return await self.call("GET", f"/v1/fairs/{fair}")

    async def change_fair(self, fair: str, **changes: Any) -> dict[str, Any]:
        """`state` and `pinned`."""
        return await self.call("PATCH", f"/v1/fairs/{fair}", changes)

    async def open_job(self, fair: str, job: Body, *, key: str = "") -> str:
        """A new job's id."""
        return str((await self.call("POST", f"/v1/fairs/{fair}/jobs", job, key=key))["job"])

    async def change_job(self, job: str, **changes: Any) -> dict[str, Any]:
        """`seats` and `paused`."""
        return await self.call("PATCH", f"/v1/jobs/{job}", changes)

    async def sign_up(self, fair: str, body: Body, *, key: str = "") -> dict[str, Any]:
        """`{"candidate","token","applications","channel"}`."""
        return await self.call("POST", f"/v1/fairs/{fair}/signups", body, key=key)

    async def apply(self, job: str, body: Body, *, key: str = "") -> dict[str, Any]:
        return await self.call("POST", f"/v1/jobs/{job}/applications", body, key=key)

    async def interested(self, job: str, candidate: str, interested: bool = True, *, key: str = "") -> dict[str, Any]:
        body = {"candidate": candidate, "interested": interested}
        return await self.call("POST", f"/v1/jobs/{job}/interests", body, key=key)

    async def offer(self, job: str, candidate: str, expires_s: int, *, key: str = "") -> str:
        """The id of the offer that was asked for; `offer.made` or `offer.refused` follows."""
        body = {"candidate": candidate, "expires_s": expires_s}
        return str((await self.call("POST", f"/v1/jobs/{job}/offers", body, key=key))["offer"])

    async def answer(self, offer: str, accept: bool, *, key: str = "") -> dict[str, Any]:
        return await self.call("POST", f"/v1/offers/{offer}/answer", {"accept": accept}, key=key)

    async def withdraw(self, application: str, *, key: str = "") -> dict[str, Any]:
        return await self.call("POST", f"/v1/applications/{application}/withdraw", {}, key=key)

    async def application(self, application: str) -> dict[str, Any]:
        return await self.call("GET", f"/v1/applications/{application}")

    async def snapshot(self, channel: str) -> tuple[str, int, dict[str, Event]]:
        """The feed's epoch, the offset, and each entity's last event."""
        found = await self.call("GET", f"/v1/channels/{channel}/snapshot")
        entities = {
            name: Event(event["id"], event["type"], event["time"], event["data"])
            for name, event in found["entities"].items()
        }
        return found["epoch"], found["offset"], entities

    # ------------------------------------------------------------ saying it

    async def call(self, method: str, path: str, body: Body | None = None, *, key: str = "") -> dict[str, Any]:
        """One call; a POST gets a key of its own where none is given, so that it can be said again."""
        if self._session is None:
            raise RuntimeError("use the Api as a context manager")
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = f'"{key or uuid.uuid4()}"'
        data = None if body is None else orjson.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        reason = ""
        for tries in range(self._tries):
            asked_for = 0.0
            try:
                async with self._session.request(method, self.base + path, data=data, headers=headers) as answer:
                    content = await answer.read()
                    found = _json(content)
                    if answer.ok:
                        return found
                    wait = answer.headers.get("Retry-After", "")
                    if answer.status not in _AGAIN and not (answer.status == _IN_FLIGHT and wait):
                        raise Problem(answer.status, found)
                    asked_for = float(wait) if wait.isdigit() else 0.0
                    reason = f"HTTP {answer.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            await asyncio.sleep(wait_s(tries, asked_for))
        raise Unavailable(f"{method} {path} was not answered in {self._tries} tries: {reason}")


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
