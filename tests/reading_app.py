"""An application that serves `POST /read` and its jobs alone, with the daemon's models."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import Depends, FastAPI, Request

from streamer.app import default_config
from streamer.picture_reader import picture_reader
from streamer.vehicles import vehicles
from streamer.web import read
from streamer.web.access import OPEN
from streamer.web.problems import install_problems
from streamer.web.read_limits import ReadLimits
from streamer.web.reading import Reading

CONFIG = default_config("unused")
API = "/api/v1"


def reading(folder, readers=None, videos=None, fetch=None, **limits):
    """A `Reading`; by default with the real models and stages."""
    return Reading(
        readers or (lambda: picture_reader(CONFIG)),
        videos or (lambda path, on_frame: vehicles(path, CONFIG, on_frame)),
        folder,
        ReadLimits(**limits),
        fetch,
    )


@dataclass
class Parts:
    """Of a portal what these routes ask for."""

    reading: Reading


def app_of(one, user=OPEN):
    """The application for a `Reading`; everybody is `user`."""

    async def admit(request: Request):
        request.state.user = user

    app = FastAPI()
    install_problems(app)
    app.include_router(read.router(Parts(one)), prefix=API, dependencies=[Depends(admit)])
    return app


@contextmanager
def served(app):
    """The address at which a real server serves the application."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
