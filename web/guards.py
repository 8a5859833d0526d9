"""Around every request: security headers, no other site's requests, one log line without an address, errors as JSON."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from lookalike.catalogues import Catalogues
from web.jobs import language_of
from web.refusals import Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY: Final = "content-security-policy"
HEADERS: Final = {
    # Scripts, styles and pictures from here alone, none of them inline; blob: is the visitor's own photo and card.
    POLICY: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=(), browsing-topics=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# For the one page that runs WebAssembly, and its worker.
WASM_POLICY: Final = {POLICY: HEADERS[POLICY].replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")}
_STATUS_CODES: Final = {404: "not_found", 405: "not_allowed"}

log = structlog.get_logger(__name__)


class Guards:
    """ASGI middleware. Logged are method, path, status and time: no addresses, no query strings, no names."""

    def __init__(self, app: App, *, catalogues: Catalogues) -> None:
        self._app = app
        self._catalogues = catalogues

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.monotonic(), 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            log.exception("a fault of the page's own", path=_path(scope))
            if status:
                raise
            await said(Request(scope), Refused("failed"), self._catalogues)(scope, receive, guarded)
        finally:
            took_ms = round((time.monotonic() - start) * 1e3)
            log.info("request", method=scope["method"], path=_path(scope), status=status, ms=took_ms)


def _path(scope: Scope) -> str:
    """The path where it is one of ours: what anybody makes up is not logged."""
    route = scope.get("route")
    return str(getattr(route, "path", "?"))


def from_here(request: Request) -> None:
    """Raise Refused for a request that another site's page made."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused("other_origin")
    if request.headers.get("sec-fetch-site") == "cross-site" and request.method != "GET":
        raise Refused("other_origin")


def said(
    request: Request, error: Refused, catalogues: Catalogues, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as a document, in the reader's language."""
    translate = catalogues.translate(language_of(request))
    document = {"error": {"code": error.code, "message": error.sentence(translate)}}
    more = dict(headers or {})
    if error.retry_after_s is not None:
        more["retry-after"] = str(error.retry_after_s)
    if error.status == HTTPStatus.UNAUTHORIZED:
        more["www-authenticate"] = "Bearer"
    return JSONResponse(document, status_code=error.status, headers=more)


def answer_errors(app: FastAPI, catalogues: Catalogues) -> None:
    """Say every error as {"error": {"code", "message"}}, in the reader's language, without what was sent."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        return said(request, error if isinstance(error, Refused) else Refused("failed"), catalogues)

    async def not_understood(request: Request, _error: Exception) -> JSONResponse:
        return said(request, Refused("bad_request"), catalogues)

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
        return said(request, Refused(_STATUS_CODES.get(status, "bad_request")), catalogues, headers=headers)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(HTTPException, http_error)
