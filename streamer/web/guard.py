"""Who is let in, before any route is asked: rate, host, whose page, login, CSRF."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streamer.web.access import OPEN, User
from streamer.web.audit_log import Audit
from streamer.web.buckets import Buckets
from streamer.web.lockout import Lockout
from streamer.web.options import Web
from streamer.web.origins import SAFE, client_key, is_ours, names_us
from streamer.web.passwords import Plain, password_of
from streamer.web.problems import Problem, answer
from streamer.web.sessions import Session, Sessions

PREFIX = "/api/"
PUBLIC = frozenset({"/api/v1/session", "/api/v1/health", "/api/v1/openapi.json"})
FORMS = frozenset({"application/x-www-form-urlencoded", "text/plain"})
"""What pages of others may send without asking first; nothing here takes it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, in `request.state.visit`: `user` is None for nobody known, `session` is there
    for who logged in, `https` says that cookies need not travel in the open."""

    address: str
    https: bool
    user: User | None = None
    session: Session | None = None
    session_name: str | None = None


class Keys:
    """All that can open the door: passwords, tokens, sessions."""

    def __init__(self, web: Web) -> None:
        self.required = web.login_required
        self.sessions = Sessions(web.session_hours)
        self.lockout = Lockout()
        self._passwords = {
            one.name: (User(one.name, one.role), password_of(one.password)) for one in web.users
        }
        self._decoy = Plain(secrets.token_urlsafe())
        self._tokens = [(_digest(one.token), User(one.name, one.role)) for one in web.tokens]

    def user(self, name: str, password: str) -> User | None:
        """Who logs in with that; as slow for names that nobody has."""
        user, known = self._passwords.get(name, (None, self._decoy))
        return user if known.fits(password) else None

    def bearer(self, token: str) -> User | None:
        """Whose token that is."""
        given = _digest(token)
        found = None
        for digest, user in self._tokens:
            if hmac.compare_digest(digest, given):
                found = user
        return found


class Guard:
    """Lets requests through to `app`, with `Visit` and user in their state, or refuses them."""

    def __init__(self, app: ASGIApp, web: Web, keys: Keys, audit: Audit) -> None:
        self._app = app
        self._keys = keys
        self._audit = audit
        self._public_url = web.public_url
        self._hosts = {web.host.lower(), web.public_host or web.host.lower()}
        self._rate = Buckets(web.requests_per_s, web.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        try:
            visit = self._admit(scope)
        except Problem as problem:
            await self._refuse(problem, scope, receive, send)
            return
        scope.setdefault("state", {}).update(user=visit.user, visit=visit)
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> Visit:
        headers = Headers(scope=scope)
        address = (scope.get("client") or ("unknown", 0))[0]
        https = scope.get("scheme") == "https"
        self._check_host(headers)
        if not scope["path"].startswith(PREFIX):
            return Visit(address, https)
        if wait_s := self._rate.take(client_key(address)):
            again = {"Retry-After": str(max(1, round(wait_s)))}
            raise Problem(429, "too many requests; try again later", headers=again)
        self._check_sender(scope["method"], headers, https=https)
        visit = self._visit(headers, address, https=https)
        public = scope["path"] in PUBLIC
        if visit.user is None and not public:
            raise Problem(401, "log in, or send a token", headers={"WWW-Authenticate": "Bearer"})
        logs_in = scope["method"] == "POST" and public
        if visit.session and scope["method"] not in SAFE and not logs_in:
            _check_csrf(headers, visit.session)
        return visit

    def _check_host(self, headers: Headers) -> None:
        # Behind a login a stranger's name gets no cookie of ours, and so no further than that.
        if not self._keys.required and not names_us(headers.get("host", ""), self._hosts):
            raise Problem(421, "this is not the name of this machine; try http://127.0.0.1")

    def _check_sender(self, method: str, headers: Headers, *, https: bool) -> None:
        if method in SAFE:
            if headers.get("sec-fetch-site") == "cross-site" and not _opened(headers):
                raise Problem(403, "pages of other sites may not ask for this")
            return
        if not is_ours(headers, https=https, public_url=self._public_url):
            raise Problem(403, "pages of other sites may not change anything; see web.public_url")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in FORMS:
            raise Problem(415, f"{kind} is not taken; send application/json", "header.content-type")

    def _visit(self, headers: Headers, address: str, *, https: bool) -> Visit:
        if not self._keys.required:
            return Visit(address, https, OPEN)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Visit(address, https, self._keys.bearer(token.strip()))
        name = _cookie(headers, cookie_name(https=https))
        session = self._keys.sessions.find(name) if name else None
        return Visit(address, https, session.user if session else None, session, name)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        if problem.status not in {401, 429}:  # these are the daily bread of any page
            address = (scope.get("client") or ("unknown", 0))[0]
            what = f"{scope['method']} {scope['path'][:200]}: {problem.detail}"
            await run_in_threadpool(self._audit.refused, address, what)
        await answer(problem)(scope, receive, send)


def cookie_name(*, https: bool) -> str:
    """With HTTPS one that browsers take from this very host alone."""
    return "__Host-plate-streamer" if https else "plate-streamer"


def _opened(headers: Mapping[str, str]) -> bool:
    """A link that somebody follows from elsewhere."""
    return headers.get("sec-fetch-mode") == "navigate"


def _check_csrf(headers: Mapping[str, str], session: Session) -> None:
    given = headers.get("x-csrf-token", "").encode()
    if not hmac.compare_digest(given, session.csrf.encode()):
        raise Problem(403, "should be what GET /session says", "header.x-csrf-token")


def _cookie(headers: Headers, name: str) -> str | None:
    for line in headers.getlist("cookie"):
        try:
            found = SimpleCookie(line).get(name)
        except CookieError:
            continue
        if found is not None:
            return found.value
    return None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
