"""The application: the API under /api/v1, the pages beside it."""

import itertools
from typing import Any, get_args

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from streamer.version import VERSION
from streamer.web import (
    audit,
    cameras,
    corrections,
    events,
    health,
    news,
    parking,
    plates,
    read,
    session,
    system,
    watchlists,
)
from streamer.web.access import OPEN
from streamer.web.audit_log import Audit
from streamer.web.bodies import Bodies
from streamer.web.guard import Guard, Keys, Visit
from streamer.web.openapi import tell_of_problems
from streamer.web.options import Web
from streamer.web.pages import Pages
from streamer.web.portal import Portal
from streamer.web.problems import EVERYWHERE, install_problems, responses
from streamer.web.shell import CLASSES, METHODS, OTHER, Proxied, Shell

API = "/api/v1"
SILENT: Any = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own telemetry: plates are in addresses, and nothing here tells others of them."""


def create_app(portal: Portal, web: Web | None = None) -> FastAPI:
    """The application that serves `portal`, to those whom `web` lets in.

    Without `web` nobody is asked who he is: for tests, and for those who guard it themselves.
    """
    app = FastAPI(
        title="plate-streamer",
        version=VERSION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its pages come from another host; ours is in `pages.py`
        redoc_url=None,
        redirect_slashes=False,
        telemetry=SILENT,  # releases that have none take no notice
    )
    install_problems(app)
    keys, audit = Keys(web or Web()), Audit(portal.archive.log)
    logins = portal.metrics.web_logins.labels
    for outcome in get_args(session.Outcome):
        logins(outcome)
    ours = session.router(keys, audit, lambda outcome: logins(outcome).inc())
    for router in [ours, *_routers(portal)]:
        app.include_router(router, prefix=API, responses=responses(*EVERYWHERE))
    tell_of_problems(app)
    app.router.default = Pages()
    _guard(app, web, keys, audit, portal)
    return app


def _routers(portal: Portal) -> list[APIRouter]:
    """One line each: who adds a part of the API adds it here."""
    return [
        health.router(portal),
        news.router(portal),  # /events/live, before /events/{event_id}
        events.router(portal),
        plates.router(portal),
        watchlists.router(portal),
        parking.router(portal),
        audit.router(portal),
        corrections.router(portal),
        cameras.router(portal),
        system.router(portal),
        read.router(portal),
    ]


def _guard(app: FastAPI, web: Web | None, keys: Keys, audit: Audit, portal: Portal) -> None:
    """The last that is added is asked first."""
    app.add_middleware(Bodies)
    if web is None:
        app.add_middleware(_Unguarded)
        return
    app.add_middleware(Guard, web=web, keys=keys, audit=audit)
    if web.behind_proxy:
        app.add_middleware(Proxied)
    answers = portal.metrics.web_requests.labels
    for method, status in itertools.product((*METHODS, OTHER), CLASSES):
        answers(method, status)
    app.add_middleware(Shell, count=lambda *what: answers(*what).inc())


class _Unguarded:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit("unknown", https=False, user=OPEN)
        scope.setdefault("state", {}).update(user=OPEN, visit=visit)
        await self._app(scope, receive, send)
