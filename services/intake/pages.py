"""The pages: the start page, a fair's candidate page with its form, my applications, the host's console, and the files.

Every value is escaped before it is put into a page, and nothing is loaded from elsewhere; web/README.md names each
value.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import structlog
from aiohttp import web

from livefair import tokens
from livefair.config import Settings
from livefair.domain.access import Claims
from livefair.domain.fairs import Fair
from livefair.errors import LivefairError, NotAllowed
from services.intake import applications, forms, metrics, rendering
from services.intake.door import Door
from services.intake.http import as_problem, language_of, read_body, request_id
from services.intake.operations import Call
from services.intake.origins import Origins
from services.intake.papers import PAPERS, Papers
from services.intake.problems import Refused, response
from services.intake.rates import Rate
from services.intake.receipts import token_of
from services.intake.rendering import FormState, Mine, Setting
from services.intake.signups import take_on
from services.intake.site import LANGUAGES, Files
from services.intake.texts import PROBLEMS, Language

log = structlog.get_logger(__name__)

T = TypeVar("T")
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "livefair_token"
STILL_IN_FLIGHT_S = 10.0
LOOK_AGAIN_S = 0.3
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\Z")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {ws}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Site:
    """Everything under / that is not the API."""

    def __init__(self, settings: Settings, door: Door, origins: Origins, signups: Rate, others: Rate) -> None:
        self._settings = settings
        self._door = door
        self._origins = origins
        self._signups = signups
        self._others = others
        self._files = Files()
        self._papers = Papers()

    def add_to(self, app: web.Application) -> None:
        """Mount the pages."""
        for path, page in (
            ("/", self._start),
            ("/fairs/{fair}", self._candidate),
            ("/me/{fair}", self._me),
            ("/host/{fair}", self._host),
            ("/docs", self._docs),
            (f"/docs/{{paper:{'|'.join(filter(None, PAPERS))}}}", self._docs),
        ):
            app.router.add_get(path, self._guarded(page, self._others))
        app.router.add_get("/static/{file:.*}", self._static)
        app.router.add_post("/fairs/{fair}/signup", self._guarded(self._sign_up, self._signups))
        app.router.add_post("/me/{fair}/answer", self._guarded(self._answer, self._others))

    def _guarded(self, page: Page, rate: Rate) -> Page:
        clock = asyncio.get_running_loop().time

        async def serve(request: web.Request) -> web.StreamResponse:
            identifier = request_id()
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else ""
            answer: web.StreamResponse
            try:
                rate.admit(request.remote or "", clock())
                if request.method == "POST" and not self._origins.may_send(request):
                    raise Refused("other-origin")
                answer = await page(request)
            except Exception as error:  # noqa: BLE001 - here everything becomes an answer
                answer = response(as_problem(error, route, identifier), self._language(request), identifier)
            metrics.REQUESTS.labels(route, str(answer.status)).inc()
            return answer

        return serve

    # ------------------------------------------------------------ pages

    async def _start(self, request: web.Request) -> web.Response:
        return self._html(request, rendering.start(self._setting(request), self._door.directory.board.fairs.values()))

    async def _docs(self, request: web.Request) -> web.Response:
        return self._html(request, self._papers.page(self._setting(request), request.match_info.get("paper", "")))

    async def _host(self, request: web.Request) -> web.Response:
        fair = await self._fair(request)
        if fair is None:
            return self._missing(request)
        return self._html(request, rendering.console(self._setting(request), fair))

    async def _candidate(self, request: web.Request) -> web.Response:
        fair = await self._fair(request)
        if fair is None:
            return self._missing(request)
        posted = {
            name: [request.query[said][:100]]
            for name, said in (("source_channel", "from"), ("source_id", "id"))
            if said in request.query
        }
        return self._form(request, fair, FormState(posted, _new_key()))

    async def _me(self, request: web.Request) -> web.Response:
        fair = await self._fair(request)
        if fair is None:
            return self._missing(request)
        token, claims = self._cookie(request)
        mine = None
        problem: Refused | None = None
        if claims is not None:
            try:
                mine = await rendering.mine(self._door, claims, token, fair.fair)
            except LivefairError as error:
                problem = as_problem(error, "/me/{fair}", request_id())
        setting = self._setting(request)
        jobs = self._door.directory.board.jobs
        return self._html(request, rendering.me(setting, fair, jobs, mine or Mine(), problem, time.time(), _new_key))

    async def _static(self, request: web.Request) -> web.Response:
        file = self._files.static.get(request.match_info["file"])
        if file is None:
            return response(Refused("no-such-route"), self._language(request), request_id())
        headers = {
            "ETag": file.etag,
            "Cache-Control": "public, max-age=0, must-revalidate",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("If-None-Match", "") == file.etag:
            return web.Response(status=304, headers=headers)
        body = file.body
        if file.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = file.packed
        charset = _charset(file.content_type)
        return web.Response(body=body, content_type=file.content_type, charset=charset, headers=headers)

    # ------------------------------------------------------------ forms

    async def _sign_up(self, request: web.Request) -> web.Response:
        fair = await self._fair(request)
        if fair is None:
            return self._missing(request)
        posted = await self._posted(request)
        key = forms.one(posted, "idempotency_key")[:255]
        _, claims = self._cookie(request)
        try:
            if not key:
                raise Refused("key-missing")
            body = forms.to_sign_up(posted, self._door.codes)
            receipt = await self._patiently(lambda: take_on(self._door, fair.fair, key, body, claims))
        except LivefairError as error:
            problem = as_problem(error, "/fairs/{fair}/signup", request_id())
            used_up = problem.code in ("key-missing", "key-reused")
            state = FormState(posted, _new_key() if used_up else key, problem)
            return self._form(request, fair, state, posted)
        answer = self._see_other(request, fair, posted)
        answer.set_cookie(
            COOKIE,
            token_of(self._door.keyring.token, receipt),
            path=f"/me/{fair.fair}",
            max_age=tokens.CANDIDATE_LIFETIME_S,
            httponly=True,
            samesite="Lax",
            secure=request.secure,
        )
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        fair = await self._fair(request)
        if fair is None:
            return self._missing(request)
        posted = await self._posted(request)
        _, claims = self._cookie(request)
        if claims is None:
            return self._see_other(request, fair, posted)
        offer, accept = forms.one(posted, "offer"), forms.one(posted, "accept") == "yes"
        call = Call("answer_form", {"offer": offer, "accept": str(accept)}, {}, claims, _key_of(posted))
        await self._patiently(lambda: applications.take_answer(self._door, claims, offer, accept, call))
        return self._see_other(request, fair, posted)

    async def _posted(self, request: web.Request) -> forms.Posted:
        if request.content_type != forms.CONTENT_TYPE:
            raise Refused("wrong-type", values={"wanted": forms.CONTENT_TYPE})
        return forms.parse(await read_body(request, self._settings.body_bytes))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """A browser cannot be told to ask again in a second: a repeat of one still in flight is waited for."""
        until = asyncio.get_running_loop().time() + STILL_IN_FLIGHT_S
        while True:
            try:
                return await work()
            except Refused as refused:
                if refused.code != "key-in-flight" or asyncio.get_running_loop().time() > until:
                    raise
            await asyncio.sleep(LOOK_AGAIN_S)

    # ------------------------------------------------------------ shared

    async def _fair(self, request: web.Request) -> Fair | None:
        return await self._door.directory.fair(request.match_info["fair"][:100])

    def _cookie(self, request: web.Request) -> tuple[str, Claims | None]:
        """The token in the cookie and what it says; one that is no longer good counts as none."""
        token = request.cookies.get(COOKIE, "")
        try:
            claims = tokens.verify(self._door.keyring.token, token) if token else None
        except NotAllowed:
            claims = None
        return (token, claims) if claims is not None and claims.role == "candidate" else ("", None)

    def _language(self, request: web.Request, posted: Mapping[str, list[str]] | None = None) -> Language:
        said = (posted or {}).get("lang", [request.query.get("lang", "")])[0]
        for each in LANGUAGES:
            if said == each:
                return each
        return language_of(request.headers.get("Accept-Language", ""), "zh-CN")

    def _setting(self, request: web.Request, posted: Mapping[str, list[str]] | None = None) -> Setting:
        language = self._language(request, posted)
        return Setting(self._files, language, self._websocket(request), self._door.codes.tables)

    def _websocket(self, request: web.Request) -> str:
        """The gateway's URL as the page's reader sees it."""
        if self._settings.ws_url:
            return self._settings.ws_url
        host = request.host if _HOST.match(request.host) else self._settings.host
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return f"{'wss' if request.secure else 'ws'}://{name}:{self._settings.gateway_port}/ws"

    def _form(
        self, request: web.Request, fair: Fair, state: FormState, posted: Mapping[str, list[str]] | None = None
    ) -> web.Response:
        setting = self._setting(request, posted)
        page = rendering.candidate(setting, fair, self._door.directory.board.jobs_of(fair.fair), state)
        return self._html(request, page, 200 if state.problem is None else PROBLEMS[state.problem.code].status)

    def _missing(self, request: web.Request) -> web.Response:
        return self._html(request, rendering.missing(self._setting(request)), 404)

    def _html(self, request: web.Request, page: str, status: int = 200) -> web.Response:
        origin = self._websocket(request).rpartition("/")[0]
        headers = {
            "Content-Security-Policy": _POLICY.format(ws=origin),
            "Cache-Control": "no-store",
            "Vary": "Accept-Encoding, Accept-Language, Cookie",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        answer = web.Response(text=page, status=status, content_type="text/html", charset="utf-8", headers=headers)
        # A page that holds a token stays as it is: the length of a compressed one says something of what it repeats.
        if "gzip" in request.headers.get("Accept-Encoding", "") and not request.path.startswith("/me/"):
            answer.enable_compression(web.ContentCoding.gzip)
        return answer

    def _see_other(self, request: web.Request, fair: Fair, posted: Mapping[str, list[str]]) -> web.Response:
        language = self._language(request, posted)
        headers = {"Location": f"/me/{fair.fair}?lang={language}", "Cache-Control": "no-store"}
        return web.Response(status=303, headers=headers)


def _new_key() -> str:
    return os.urandom(16).hex()


def _key_of(posted: Mapping[str, list[str]]) -> str:
    return forms.one(posted, "idempotency_key")[:255]


def _charset(content_type: str) -> str | None:
    return "utf-8" if content_type.startswith("text/") or content_type == "application/json" else None
