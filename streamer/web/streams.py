"""Answers that go on until the browser leaves or the daemon ends."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

Opened = Callable[[], AbstractContextManager[AsyncIterator[bytes]]]

NOT_KEPT = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy like nginx would hold it back until it has enough
}


class Stream(StreamingResponse):
    """Sends what comes out of `opened`, whose block ends with the connection, however it ends.

    A Problem that `opened` raises on entering becomes the answer.
    """

    def __init__(
        self, opened: Opened, media_type: str, headers: Mapping[str, str] = NOT_KEPT
    ) -> None:
        super().__init__((), 200, headers, media_type)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        # Not in the generator: one that is never begun is never ended either.
        with self._opened() as chunks:
            self.body_iterator = chunks
            await super().__call__(scope, receive, send)
