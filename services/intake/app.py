"""The HTTP application: the API, the pages, the probes, and a problem for everything else."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable

from aiohttp import web

from livefair import asyncapi
from livefair.config import Settings
from livefair.ops import add_probes
from services.intake import openapi
from services.intake.door import Door
from services.intake.http import Api, language_of, nowhere, request_id
from services.intake.origins import Origins
from services.intake.pages import Site
from services.intake.problems import response
from services.intake.rates import Rate
from services.intake.versions import etag_of


def _serving(document: bytes) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that gives one document, compressed where the client takes it."""
    packed = gzip.compress(document, 9, mtime=0)
    headers = {"Cache-Control": "no-cache", "ETag": etag_of(document), "Vary": "Accept-Encoding"}

    async def serve(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match", "") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            encoded = {**headers, "Content-Encoding": "gzip"}
            return web.Response(body=packed, content_type="application/json", headers=encoded)
        return web.Response(body=document, content_type="application/json", headers=headers)

    return serve


def build(settings: Settings, door: Door) -> web.Application:
    """Put it together. To be called within the loop that will serve it."""
    origins = Origins(settings.origins)
    # One byte more than the limit: aiohttp counts a body of exactly its own limit as too large.
    app = web.Application(client_max_size=settings.body_bytes + 1)
    signups, others = Rate(settings.signups_per_second), Rate(settings.requests_per_second)
    Api(door, door.keyring, settings.body_bytes, signups, others).add_to(app)
    Site(settings, door, origins, signups, others).add_to(app)
    add_probes(app, door.not_ready)
    for path, document in (("/openapi.json", openapi.as_bytes()), ("/asyncapi.json", asyncapi.as_bytes())):
        app.router.add_get(path, _serving(document))
    declared = list(app.router.resources())

    async def serve_nothing(request: web.Request) -> web.Response:
        allowed = origins.preflight(request)
        if allowed is not None:
            return allowed
        language = language_of(request.headers.get("Accept-Language", ""), "en")
        return response(await nowhere(request, declared), language, request_id())

    app.router.add_route("*", "/{nowhere:.*}", serve_nothing)
    if origins.any:
        app.on_response_prepare.append(origins.admit)
    return app
