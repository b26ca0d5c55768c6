"""The portal's server: uvicorn in a thread of its own, beside the pipelines and behind them."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from streamer.errors import UserError
from streamer.web.patient import PatientProtocol

log = logging.getLogger(__name__)

THREADS = 8
"""Requests that are worked on at a time; the rest waits."""
CONNECTIONS = 500
NICENESS = 5
"""Of the server's threads: where all cores are busy, the cameras come first."""
GRACE_S = 0.3
"""For answers under way when it ends; streams never end by themselves."""
STOP_S = 2.0
REST_S = 5.0
BACKLOG = 128


class WebServer:
    """Serves `app` until `stop`; `on_failure` is told whenever it broke and is begun anew.

    `certificate` is (cert_file, key_file) for HTTPS.
    """

    def __init__(
        self,
        app: ASGIApp,
        address: tuple[str, int],
        certificate: tuple[Path | None, Path | None] = (None, None),
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._host, self._port = address
        self._certificate = certificate
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, once it has been started."""
        scheme = "https" if self._certificate[0] else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self._port}"

    def start(self) -> Callable[[], None]:
        """Take the port, and serve; gives what ends it. Raises UserError."""
        first = self._bound()
        self._port = first.getsockname()[1]
        self._socket: socket.socket | None = first
        self._thread.start()
        return self.stop

    def stop(self) -> None:
        """End it, with all streams."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            log.warning("the portal still works on something; it is left behind")

    def _bound(self) -> socket.socket:
        try:
            family, kind, _, _, where = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            bound = socket.socket(family, kind)
        except OSError as error:
            raise self._unheard(error) from None
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(where)
            bound.listen(BACKLOG)
        except OSError as error:
            bound.close()
            raise self._unheard(error) from None
        return bound

    def _unheard(self, error: OSError) -> UserError:
        return UserError(
            f"web: {self._host}:{self._port} cannot be listened on: {error.strerror};"
            " choose another web.port or web.host, or web: {enabled: false}"
        )

    def _run(self) -> None:
        with suppress(OSError):  # on Linux this is of the thread, and of those it begins
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stopping.is_set():
            try:
                asyncio.run(self._serve())
            except (Exception, SystemExit):  # uvicorn exits where it cannot start
                log.exception("the portal failed; it begins anew in %.0f s", REST_S)
            if not self._stopping.is_set():
                self._on_failure()
                self._stopping.wait(REST_S)

    async def _serve(self) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        listening = self._socket or self._bound()
        self._socket = None
        with listening:
            self._server = uvicorn.Server(self._config())
            if self._stopping.is_set():
                self._server.should_exit = True
            await self._server.serve(sockets=[listening])

    def _config(self) -> uvicorn.Config:
        cert, key = self._certificate
        # Its log tells of every broken-off request; what is wrong with ours the shell tells.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        return uvicorn.Config(
            self._app,
            loop="asyncio",
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            # Seconds of any kind, whatever uvicorn's annotation says.
            timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type]
            ssl_certfile=cert,
            ssl_keyfile=key,
        )
