"""Other web origins that may use the API: an exact list, and none by default (WHATWG Fetch, CORS)."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
_SHOWN = "ETag, Location, Retry-After, X-Request-Id"
_METHODS = "GET, POST, PATCH"
REMEMBERED_S = 3600


class Origins:
    """The origins of LIVEFAIR_ORIGINS."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(allowed)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._allowed)

    def may_send(self, request: web.Request) -> bool:
        """Whether a form may come from where it says that it comes: this site, or a listed one."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self._allowed:
            return True
        return origin.partition("://")[2] == request.host

    async def admit(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let a listed origin read an answer."""
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin in self._allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _SHOWN

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks first; None where it is no such question, or from elsewhere."""
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asked or request.headers.get("Origin") not in self._allowed:
            return None
        headers = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": str(REMEMBERED_S),
        }
        return web.Response(status=204, headers=headers)
