"""Requests → those that may pass: with the token, and addressed to this machine.

The token keeps other users of the machine out, the check of the host keeps out pages of the web
that have a name of theirs point at 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
Call = Callable[[Scope, Receive, Send], Awaitable[None]]


def new_token() -> str:
    return secrets.token_urlsafe(16)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guarded:
    """An application behind a token, which comes by the address once and by a cookie after that."""

    def __init__(self, app: ASGIApp, token: str, *, any_host: bool = False) -> None:
        self._app = app
        self._token = token
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._refusal(request) or self._welcome(request)
        await (answer or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        host = request.url.hostname or ""
        if not self._any_host and not is_loopback(host):
            return PlainTextResponse(
                f"expected a request to this machine's loopback address, got one to {host!r}; open "
                "the address that `stetho view` printed\n",
                421,
                HEADERS,
            )
        given = request.query_params.get("token") or _cookie(request, self._cookie_name(request))
        if secrets.compare_digest(given.encode(), self._token.encode()):
            return None
        return PlainTextResponse(
            "expected the token of this server; open the whole address that `stetho view` printed, "
            "with ?token=… in it\n",
            403,
            HEADERS,
        )

    def _welcome(self, request: Request) -> Response | None:
        """Who comes with the token in the address gets a cookie, and an address without it."""
        if "token" not in request.query_params:
            return None
        address = str(request.url.remove_query_params("token"))
        answer = RedirectResponse(address, 303, HEADERS)
        name = self._cookie_name(request)
        answer.set_cookie(name, self._token, httponly=True, samesite="lax", path="/")
        return answer

    @staticmethod
    def _cookie_name(request: Request) -> str:
        """Cookies are shared by the ports of a host: two servers must not take each other's."""
        return f"stetho-{request.url.port or 80}"


def _cookie(request: Request, name: str) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""
