"""A portal behind its guard, as the daemon serves it, without the daemon."""

from contextlib import contextmanager

from starlette.testclient import TestClient

from streamer.web.options import TokenConfig, UserConfig, Web
from streamer.web.server import WebServer
from streamer.web.site import create_app

OURS = "http://127.0.0.1:8090"
PASSWORD = "correct horse"
USERS = (
    UserConfig(name="olga", password=PASSWORD, role="operator"),
    UserConfig(name="vera", password=PASSWORD, role="viewer"),
)
TOKENS = (
    TokenConfig(name="crane", token="operators-token-1", role="operator"),
    TokenConfig(name="board", token="viewers-token-123", role="viewer"),
)


def guarded(portal, address="127.0.0.1", url=OURS, **options):
    """A client at `address` of the portal at `url`, with a configuration of these options."""
    app = create_app(portal, Web(**options))
    return TestClient(app, url, client=(address, 40000), raise_server_exceptions=False)


def with_logins(portal, **more):
    """The same where users and tokens are named."""
    return guarded(portal, **{"users": USERS, "tokens": TOKENS, **more})


def at(client, address):
    """Another client of the same application, at another address."""
    return TestClient(
        client.app, client.base_url, client=(address, 40000), raise_server_exceptions=False
    )


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_in(client, name="olga", password=PASSWORD):
    """Log in; the header that changes need from then on."""
    answer = client.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf"]}


@contextmanager
def served(app, certificate=(None, None), host="127.0.0.1"):
    """A real server on a free port; gives the `WebServer`."""
    server = WebServer(app, (host, 0), certificate)
    stop = server.start()
    try:
        yield server
    finally:
        stop()
