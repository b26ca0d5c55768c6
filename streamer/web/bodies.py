"""How much a request may bring, and how slowly."""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamer.web.problems import problem

MOST_BYTES = 100_000
MOST_IMPORTED = 10_000_000
"""Of a table of watchlist entries."""

OWN_LIMIT = frozenset({"/api/v1/read"})
"""Where the route itself says how much: of pictures and videos."""

PATIENCE_S, SLOWEST_PER_S = 30.0, 5_000.0
"""A body may take so long, and longer by what it has brought at that pace (bytes)."""

LINGER_S, LINGER_BYTES = 1.0, 16_000_000
"""Of what is refused so much is read: many clients look for the answer only afterwards."""


class Bodies:
    """Refuses what is too large (413) or too slow (408), however it is sent."""

    def __init__(self, app: ASGIApp, patience_s: float = PATIENCE_S) -> None:
        self._app = app
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_bytes(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if most is not None and declared.isdecimal() and int(declared[:20]) > most:
            if "expect" not in Headers(scope=scope):
                await _linger(receive)
            await problem(413, _too_large(most))(scope, receive, send)
            return
        await self._app(scope, _Body(receive, most, self._patience_s).receive, send)


def most_bytes(path: str) -> int | None:
    """Of a body that is sent there; None where the route knows."""
    if path in OWN_LIMIT:
        return None
    imports = path.startswith("/api/v1/watchlists/") and path.endswith("/import")
    return MOST_IMPORTED if imports else MOST_BYTES


class _Body:
    """One body as it comes."""

    def __init__(self, receive: Receive, most: int | None, patience_s: float) -> None:
        self._receive = receive
        self._most = most
        self._patience_s = patience_s
        self._begun_s = asyncio.get_running_loop().time()
        self._taken = 0
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:  # what is waited for now is that the client goes, and that may last
            return await self._receive()
        until_s = self._begun_s + self._patience_s + self._taken / SLOWEST_PER_S
        try:
            async with asyncio.timeout_at(until_s):
                message = await self._receive()
        except TimeoutError:
            self._whole = True
            raise HTTPException(408, "the body comes too slowly") from None
        self._taken += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        # An HTTPException is the one error that whoever reads a body hands on as it is.
        if self._most is not None and self._taken > self._most:
            self._whole = True
            raise HTTPException(413, _too_large(self._most))
        return message


def _too_large(most: int) -> str:
    return f"the body is larger than {most} bytes, the most that is taken here"


async def _linger(receive: Receive) -> None:
    left = LINGER_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
