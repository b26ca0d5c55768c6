"""An application that serves `POST /read` and its jobs alone, with the daemon's models."""

from dataclasses import dataclass, replace

from fastapi import Depends, FastAPI, Request

from streamer.app import default_config
from streamer.picture_reader import picture_reader
from streamer.vehicles import vehicles
from streamer.web import read
from streamer.web.access import OPEN
from streamer.web.openapi import tell_of_problems
from streamer.web.options import Web
from streamer.web.problems import install_problems
from streamer.web.reading import Reading

CONFIG = default_config("unused")
API = "/api/v1"


def reading(folder, readers=None, videos=None, fetch=None, **limits):
    """A `Reading`; by default with the real models and stages."""
    return Reading(
        readers or (lambda: picture_reader(CONFIG)),
        videos or (lambda path, on_frame: vehicles(path, CONFIG, on_frame)),
        folder,
        replace(Web().limits, **limits),
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
    tell_of_problems(app)
    return app
