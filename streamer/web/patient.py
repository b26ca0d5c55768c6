"""HTTP/1.1 for clients that dawdle: whoever does not say what he wants is not waited for."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""


class PatientProtocol(H11Protocol):
    """uvicorn's, which has no such limit: connections would cost an attacker nothing."""

    _dawdling: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody came."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._settle()
        elif self._dawdling is None and self._between_requests():
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """They went."""
        self._settle()
        super().connection_lost(exc)

    def _between_requests(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _wait_for_head(self) -> None:
        self._dawdling = self.loop.call_later(HEAD_S, self._give_up)

    def _settle(self) -> None:
        if self._dawdling is not None:
            self._dawdling.cancel()
            self._dawdling = None

    def _give_up(self) -> None:
        self._dawdling = None
        if not self.transport.is_closing():
            self.transport.close()
