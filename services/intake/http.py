"""aiohttp's side of the calls: from a request to a checked `Call`, and from what came of it to a response.

Whatever a request holds, the answer is the call's own or a problem; only a fault of ours is a 500.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.web_urldispatcher import AbstractResource

from livefair import tokens
from livefair.domain.access import Claims
from livefair.errors import NotAllowed, Unavailable
from livefair.keyring import Keyring
from livefair.logs import detail, ids_in
from livefair.tracing import traces
from services.intake import bodies, metrics, problems
from services.intake.operations import OPERATIONS, Answer, Call, Operation
from services.intake.problems import Refused, no_such
from services.intake.rates import Rate
from services.intake.texts import Language

log = structlog.get_logger(__name__)

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_WITHIN_S = 15.0
KEY_LETTERS = 255
_JSON = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}\Z")
_PATH_VALUE = re.compile(r"[a-z0-9:-]{1,120}\Z")

_boot = os.urandom(4).hex()
_numbers = itertools.count()


def language_of(accepted: str, default: Language) -> Language:
    """The better liked of the two languages in an Accept-Language header; `default` where it names neither."""
    best: tuple[float, Language] = (0.0, default)
    for part in accepted.split(",")[:20]:
        tag, _, rest = part.partition(";")
        tag = tag.strip().lower()
        language: Language | None = "zh-CN" if tag[:2] == "zh" else "en" if tag[:2] == "en" else None
        if language is None:
            continue
        quality = rest.partition("q=")[2].strip()
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if weight > best[0]:
            best = (weight, language)
    return best[1]


def request_id() -> str:
    """A new id: this process's own letters and a number."""
    return f"{_boot}-{next(_numbers):x}"


def idempotency_key(header: str | None) -> str:
    """The key in an Idempotency-Key header, without its quotes; empty where there is no header."""
    if header is None:
        return ""
    text = header.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not _PRINTABLE.match(text):
        raise Refused("key-invalid")
    return text


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body. Raises Refused (too-large, too-slow, wrong-type for a compressed one)."""
    if "Content-Encoding" in request.headers:
        raise Refused("wrong-type", values={"wanted": "application/json"})
    length = request.content_length
    if length is not None and length > limit:
        raise Refused("too-large", values={"limit": limit})
    try:
        if request.content.is_eof():
            body = await request.read()
        else:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused("too-large", values={"limit": limit}) from None
    except TimeoutError:
        raise Refused("too-slow", values={"seconds": int(BODY_WITHIN_S)}) from None
    if len(body) > limit:
        raise Refused("too-large", values={"limit": limit})
    return body


class Api:
    """The declared calls as routes. `door` is what their handlers work with."""

    def __init__(self, door: object, keyring: Keyring, body_bytes: int, signups: Rate, others: Rate) -> None:
        self._door = door
        self._secret = keyring.token
        self._limit = body_bytes
        self._signups = signups
        self._others = others

    def add_to(self, app: web.Application) -> None:
        """Mount every call; aiohttp looks in this order, so the one that comes most is first."""
        for each in sorted(OPERATIONS, key=lambda operation: operation.name != "sign_up"):
            app.router.add_route(each.method, each.path, self._served(each))

    def claims_of(self, header: str | None) -> Claims | None:
        """What the Authorization header says; None where there is none. Raises Refused (unauthenticated)."""
        if header is None:
            return None
        try:
            return tokens.verify(self._secret, tokens.bearer(header))
        except NotAllowed as error:
            raise Refused(
                "unauthenticated",
                headers={"WWW-Authenticate": 'Bearer realm="livefair", error="invalid_token"'},
                values={"reason": {"en": _sentence(error.message), "zh-CN": "令牌无效或已过期：请重新获取"}},
            ) from None

    def _served(self, operation: Operation) -> Serve:
        handler, body_model = operation.handler, operation.body
        rate = self._signups if operation.name == "sign_up" else self._others
        clock = asyncio.get_running_loop().time
        route = operation.path
        seconds = metrics.SECONDS.labels(route)
        counts = {status: metrics.REQUESTS.labels(route, str(status)) for status in operation.answers}

        async def work(request: web.Request) -> Answer:
            headers = request.headers
            rate.admit(request.remote or "", clock())
            claims = self.claims_of(headers.get("Authorization"))
            key = "" if operation.key == "none" else idempotency_key(headers.get("Idempotency-Key"))
            path = dict(request.match_info)
            for name, value in path.items():
                if not _PATH_VALUE.match(value):
                    raise no_such(name)
            call = Call(operation.name, path, headers, claims, key)
            if operation.bearer == "required":
                call.who()
            if operation.key == "required" and not key:
                raise Refused("key-missing")
            if body_model is not None:
                call.body = bodies.read(body_model, await self._json(request, operation))
            return await handler(self._door, call)

        async def serve(request: web.Request) -> web.StreamResponse:
            began = perf_counter()  # the loop's own clock stands still within a turn
            identifier = request_id()
            try:
                answer = await work(request)
            except Exception as error:  # noqa: BLE001 - here everything becomes an answer
                return self._problem(request, error, route, identifier)
            response_headers = {"Content-Type": "application/json", "X-Request-Id": identifier}
            if answer.headers:
                response_headers.update(answer.headers)
            counts[answer.status].inc()
            if detail.on:
                about = ids_in(answer.body).get("candidate", "")
                log.debug("answered", request=identifier, route=route, status=answer.status, candidate=about)
            seconds.observe(perf_counter() - began)
            return web.Response(status=answer.status, body=answer.body, headers=response_headers)

        return _traced(f"{operation.method} {route}", serve) if traces.on else serve

    async def _json(self, request: web.Request, operation: Operation) -> bytes:
        kind = request.headers.get("Content-Type", "")
        optional = operation.body is not None and not operation.body.model_fields
        if kind not in _JSON and kind.lower() not in _JSON and not (optional and not request.can_read_body):
            raise Refused("wrong-type", values={"wanted": "application/json"})
        body = await read_body(request, self._limit)
        return body if body or not optional else b"{}"

    def _problem(self, request: web.Request, error: Exception, route: str, identifier: str) -> web.Response:
        problem = as_problem(error, route, identifier)
        metrics.REQUESTS.labels(route, str(problem.status)).inc()
        metrics.PROBLEMS.labels(problem.code).inc()
        language = language_of(request.headers.get("Accept-Language", ""), "en")
        return problems.response(problem, language, identifier)


def _traced(name: str, serve: Serve) -> Serve:
    async def traced(request: web.Request) -> web.StreamResponse:
        with traces.request(name) as span:
            response = await serve(request)
            span.set_attribute("http.response.status_code", response.status)
            return response

    return traced


def as_problem(error: Exception, route: str, identifier: str) -> Refused:
    """The problem that an error is to whoever asked. Our own faults are logged, with the id that the answer gives."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Unavailable):
        log.warning("not done", route=route, request=identifier, reason=error.message)
        return Refused("unavailable")
    do = "report it with these places; the answer to the request named its id"
    log.error("a fault", route=route, request=identifier, do=do, exc_info=error)
    return Refused("internal", values={"request": identifier})


async def nowhere(request: web.Request, resources: Iterable[AbstractResource]) -> Refused:
    """The problem of a request that no route takes: its path, or only its method."""
    allowed: set[str] = set()
    for resource in resources:
        _, methods = await resource.resolve(request)
        allowed |= methods
    if not allowed:
        return Refused("no-such-route")
    names = ", ".join(sorted(allowed))
    return Refused("method-not-allowed", headers={"Allow": names}, values={"allowed": names})


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
