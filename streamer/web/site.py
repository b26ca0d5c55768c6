"""The application: the API under /api/v1, the pages beside it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI, Request, Response

from streamer.version import VERSION
from streamer.web import read
from streamer.web.access import OPEN
from streamer.web.portal import Portal
from streamer.web.problems import install_problems

API = "/api/v1"


def create_app(portal: Portal) -> FastAPI:
    """The application that serves `portal`."""
    app = FastAPI(title="plate-streamer", version=VERSION)
    install_problems(app)
    _admit(app)
    for router in _routers(portal):
        app.include_router(router, prefix=API)
    return app


def _routers(portal: Portal) -> list[APIRouter]:
    """One line each: who adds a part of the API adds it here."""
    return [read.router(portal)]


def _admit(app: FastAPI) -> None:
    @app.middleware("http")
    async def _(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.user = OPEN
        return await go_on(request)
