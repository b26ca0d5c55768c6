"""Logging in and out."""

import threading
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from streamer.version import VERSION
from streamer.web.access import Role
from streamer.web.audit_log import Audit
from streamer.web.guard import Keys, Visit, cookie_name
from streamer.web.origins import client_key
from streamer.web.problems import Problem
from streamer.web.sessions import Session

MOST_AT_ONCE = 3
"""Passwords that are looked at; each keeps a thread and a core busy."""


Outcome = Literal["ok", "refused", "locked"]
Count = Callable[[Outcome], None]


class Login(BaseModel):
    """A name and its password."""

    name: Annotated[str, Field(max_length=100)]
    password: Annotated[str, Field(max_length=1000)]


class SessionState(BaseModel):
    """Who asks; `csrf` is to be sent as X-CSRF-Token with every change."""

    user: str | None
    role: Role | None
    login_required: bool
    csrf: str | None
    version: str = VERSION


def router(keys: Keys, audit: Audit, count: Count) -> APIRouter:
    """The routes; `count` is told what became of each login."""
    api = APIRouter(tags=["session"])
    room = threading.BoundedSemaphore(MOST_AT_ONCE)

    @api.get("/session")
    def session(request: Request) -> SessionState:
        """Who is logged in, if anybody is."""
        visit: Visit = request.state.visit
        return _state(keys, visit, visit.session)

    @api.post("/session")
    def log_in(request: Request, response: Response, login: Login) -> SessionState:
        """Log in; the answer brings a cookie."""
        visit: Visit = request.state.visit
        if not room.acquire(blocking=False):
            headers = {"Retry-After": "1"}
            raise Problem(503, "others are logging in; try again in a second", headers=headers)
        try:
            name, begun = _log_in(keys, visit, login, audit, count)
        finally:
            room.release()
        if visit.session_name:
            keys.sessions.end(visit.session_name)
        response.set_cookie(
            cookie_name(https=visit.https),
            name,
            max_age=int(keys.sessions.lasts_s),
            path="/",
            secure=visit.https,
            httponly=True,
            samesite="strict",
        )
        return _state(keys, visit, begun)

    @api.delete("/session", status_code=204)
    def log_out(request: Request, response: Response) -> None:
        """Log out; whoever is not logged in stays so."""
        visit: Visit = request.state.visit
        if visit.session and visit.session_name:
            keys.sessions.end(visit.session_name)
            audit.logout(visit.session.user.name, visit.address)
        cookie = cookie_name(https=visit.https)
        response.delete_cookie(cookie, "/", secure=visit.https, httponly=True, samesite="strict")

    return api


def _log_in(
    keys: Keys, visit: Visit, login: Login, audit: Audit, count: Count
) -> tuple[str, Session]:
    address = client_key(visit.address)
    if wait_s := keys.lockout.attempt(address, login.name):
        count("locked")
        audit.login_refused(login.name, visit.address, "too many attempts")
        headers = {"Retry-After": str(wait_s)}
        raise Problem(429, f"too many attempts; try again in {wait_s} s", headers=headers)
    user = keys.user(login.name, login.password)
    if user is None:
        count("refused")
        audit.login_refused(login.name, visit.address, "wrong name or password")
        raise Problem(401, "wrong name or password", headers={"WWW-Authenticate": "Bearer"})
    keys.lockout.succeeded(address, login.name)
    count("ok")
    audit.login(user.name, visit.address)
    return keys.sessions.begin(user)


def _state(keys: Keys, visit: Visit, session: Session | None) -> SessionState:
    user = session.user if session else visit.user
    return SessionState(
        user=user.name if user else None,
        role=user.role if user else None,
        login_required=keys.required,
        csrf=session.csrf if session else None,
    )
