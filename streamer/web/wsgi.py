"""What an adapter to WSGI leaves unsaid: that whoever sent, or listened, is gone.

a2wsgi gives empty pieces for ever of a body that breaks off, and never ends the sending of an
answer that nobody takes any more: the one keeps a core busy, the other an export's place in the
archive. It also takes a body without a stated length for none.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

Wrapped = tuple[Receive, Send]

PIECE_S = 60.0
"""So long may a client take for one piece of an answer (of an export about 200 KB)."""


def is_wsgi(scope: Scope) -> bool:
    """Whether a request came through a2wsgi, which leaves its environment in the scope."""
    return "wsgi_environ" in scope


def has_no_length(scope: Scope) -> bool:
    """Whether a body comes whose length is not stated."""
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers and "content-length" not in headers


def told_of_the_end(receive: Receive, send: Send, piece_s: float = PIECE_S) -> Wrapped:
    """The two, such that whoever is gone is noticed: by a message, or by being cancelled."""
    return _receiving(receive), _sending(send, piece_s)


def _receiving(receive: Receive) -> Callable[[], Awaitable[Message]]:
    async def received() -> Message:
        message = await receive()
        if message.get("more_body") and not message.get("body"):
            return {"type": "http.disconnect"}
        return message

    return received


def _sending(send: Send, piece_s: float) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        try:
            async with asyncio.timeout(piece_s):
                await send(message)
        except TimeoutError:
            # As if the server had ended the request: no error, but all that is open is closed.
            raise asyncio.CancelledError from None

    return sent
