"""Around all answers: headers that tell browsers to be strict, the count, and what went wrong."""

import logging
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamer.web.problems import problem

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
OTHER = "other"
CLASSES = ("2xx", "3xx", "4xx", "5xx")


class Shell:
    """The outermost part; `count` is told the method and the class of every answer, `2xx`."""

    def __init__(self, app: ASGIApp, count: Callable[[str, str], None]) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def decorated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._decorate(scope, message)
            await send(message)

        try:
            await self._app(scope, receive, decorated)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise  # half an answer: the server cuts the connection, so that it shows
            words = "this should not have happened; see the log"
            await problem(500, words)(scope, receive, decorated)

    def _decorate(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if scope["path"].startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
        if scope.get("scheme") == "https":
            headers.setdefault("Strict-Transport-Security", HSTS)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._count(method, f"{message['status'] // 100}xx")


class Proxied:
    """Believes the proxy in front who asks, and how: the last entry, which it wrote itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if address := _last(headers, "x-forwarded-for"):
                scope["client"] = (address, 0)
            if (scheme := _last(headers, "x-forwarded-proto").lower()) in {"http", "https"}:
                scope["scheme"] = scheme
        await self._app(scope, receive, send)


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
