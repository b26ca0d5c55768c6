"""The real server: ports, streams that end, TLS, dawdlers, failures."""

import os
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests
from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from broker import wait_until
from guarded import served, with_logins
from streamer.errors import UserError
from streamer.web import bodies, patient
from streamer.web import server as server_module
from streamer.web.bodies import MOST_BYTES, Bodies
from streamer.web.options import Web
from streamer.web.server import NICENESS, THREADS, WebServer
from streamer.web.site import create_app


@pytest.fixture
def app():
    """A stream without an end, a body that is taken, and who works on a request."""
    app = FastAPI()
    app.state.ended = []
    app.state.at_once = []

    @app.get("/stream")
    async def stream():
        async def forever():
            try:
                while True:
                    yield b"x"
                    await asyncio_sleep(0.05)
            finally:
                app.state.ended.append(1)

        return StreamingResponse(forever())

    @app.post("/take")
    async def take(request: Request):
        return Response(str(len(await request.body())))

    @app.get("/niceness")
    def niceness():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    @app.get("/slow")
    def slow():
        app.state.at_once.append(1)
        most = len(app.state.at_once)
        time.sleep(0.3)
        app.state.at_once.pop()
        return most

    app.add_middleware(Bodies)
    return app


async def asyncio_sleep(seconds):
    import asyncio

    await asyncio.sleep(seconds)


def connected(server):
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), 60)


def test_it_stops_at_once_with_ten_open_streams(app, monkeypatch):
    monkeypatch.setattr(server_module, "STOP_S", 120.0)  # after which it would be left behind
    with served(app) as server:
        streams = [requests.get(f"{server.url}/stream", stream=True, timeout=60) for _ in range(10)]
        assert all(next(one.iter_content(1)) == b"x" for one in streams)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 60
    assert len(app.state.ended) == 10
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/niceness", timeout=2)


def test_who_leaves_a_stream_ends_it(app):
    with served(app) as server:
        with requests.get(f"{server.url}/stream", stream=True, timeout=60) as answer:
            next(answer.iter_content(1))
        wait_until(lambda: app.state.ended, what="the stream goes on")


def test_a_port_that_is_taken_is_named(app):
    with served(app) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(
            UserError, match=rf"web: 127.0.0.1:{port} cannot be .*in use; .*web.port"
        ):
            WebServer(app, ("127.0.0.1", port)).start()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_ours_is_named(app, host):
    with pytest.raises(UserError, match=re.escape(f"web: {host}:0 cannot be listened on: ")):
        WebServer(app, (host, 0)).start()


def test_ipv6(app):
    with served(app, host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert requests.get(f"{server.url}/niceness", timeout=60).ok


def test_it_works_behind_the_cameras(app):
    with served(app) as server:
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert requests.get(f"{server.url}/niceness", timeout=60).json() == ours + NICENESS
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


def test_so_many_requests_are_worked_on_at_a_time(app):
    found = []

    def ask(url):
        found.append(requests.get(url, timeout=120).json())

    with served(app) as server:
        threads = [threading.Thread(target=ask, args=(f"{server.url}/slow",)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 20
    assert max(found) <= THREADS


def test_it_says_nothing_of_itself_nor_of_requests(app, caplog):
    caplog.set_level("INFO")
    with served(app) as server:
        assert "server" not in requests.get(f"{server.url}/niceness", timeout=60).headers
    assert caplog.records == []


@pytest.fixture
def certificate(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        [*words.split(), *names, "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return cert, key


def test_https(site, certificate):
    cert, key = certificate
    web = Web(cert_file=cert, key_file=key)
    with served(create_app(site.portal, web), certificate) as server:
        assert server.url.startswith("https://127.0.0.1:")
        answer = requests.get(f"{server.url}/api/v1/session", verify=str(cert), timeout=60)
        assert answer.json()["user"] == "local"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with connected(server) as plain, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plain)


def test_who_never_says_what_he_wants_is_not_waited_for(app, monkeypatch):
    monkeypatch.setattr(patient, "HEAD_S", 0.3)
    with served(app) as server, connected(server) as silent, connected(server) as slow:
        slow.sendall(b"GET /niceness HTTP/1.1\r\nHost: x\r\n")
        with connected(server) as second:
            second.sendall(b"GET /niceness HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in second.recv(4096)
            second.sendall(b"GET /nice")
            for one in (silent, slow, second):
                one.settimeout(60)
                while one.recv(4096):
                    pass


def test_a_stream_is_not_taken_for_a_dawdler(app, monkeypatch):
    monkeypatch.setattr(patient, "HEAD_S", 0.3)
    with served(app) as server:
        answer = requests.get(f"{server.url}/stream", stream=True, timeout=60)
        begun = time.monotonic()
        for _ in answer.iter_content(1):
            if time.monotonic() - begun > 1.0:
                break
        answer.close()


def test_a_body_that_comes_too_slowly_is_not_waited_for(app, monkeypatch):
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.4)
    monkeypatch.setattr(Bodies.__init__, "__defaults__", (0.4,))
    with served(app) as server, connected(server) as slow:
        slow.sendall(b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        begun = time.monotonic()
        slow.settimeout(60)
        for _ in range(20):
            try:
                slow.sendall(b"x")
            except OSError:
                break
            time.sleep(0.05)
        assert b"408" in slow.recv(4096)
        assert time.monotonic() - begun < 60


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES, 200), (MOST_BYTES + 1, 413)])
def test_a_body_that_is_too_large(app, chunked, size, status):
    content = b"x" * size
    with served(app) as server:
        body = iter([content[:1000], content[1000:]]) if chunked else content
        answer = requests.post(f"{server.url}/take", data=body, timeout=60)
    assert answer.status_code == status


def test_a_body_far_too_large_gets_its_answer_too(app):
    with served(app) as server:
        answer = requests.post(f"{server.url}/take", data=b"x" * 5_000_000, timeout=60)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "request_",
    [
        b"GET //secret.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/v1/events/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\nxx",
    ],
)
def test_nonsense_gets_nothing_and_breaks_nothing(site, request_, caplog):
    with served(create_app(site.portal, Web())) as server:
        with connected(server) as one:
            one.settimeout(60)
            one.sendall(request_)
            answer = one.recv(4096)
        assert b" 200 " not in answer.partition(b"\r\n")[0] or b"websocket" in request_
        assert b"root:" not in answer
        assert requests.get(f"{server.url}/api/v1/health", timeout=60).ok
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


def test_a_server_that_breaks_is_begun_anew_and_counted(app, monkeypatch, caplog):
    monkeypatch.setattr(server_module, "REST_S", 0.1)
    failures = []
    server = WebServer(app, ("127.0.0.1", 0), on_failure=lambda: failures.append(1))
    plain, broken = server._config, []

    def breaks_once():
        if not broken:
            broken.append(1)
            raise RuntimeError("broken")
        return plain()

    monkeypatch.setattr(server, "_config", breaks_once)
    stop = server.start()
    try:
        wait_until(lambda: failures, what="no failure")
        url = f"{server.url}/niceness"
        wait_until(lambda: answers(url), what="it does not come back")
    finally:
        stop()
    assert failures == [1]
    assert "the portal failed" in caplog.text


def answers(url):
    try:
        return requests.get(url, timeout=2).ok
    except requests.ConnectionError:
        return False


def test_a_login_over_a_real_connection(site):
    client = with_logins(site.portal)
    with served(client.app) as server, requests.Session() as browser:
        url = f"{server.url}/api/v1"
        body = {"name": "olga", "password": "correct horse"}
        csrf = browser.post(f"{url}/session", json=body, timeout=60).json()["csrf"]
        headers = {"X-CSRF-Token": csrf, "Origin": server.url}
        note = browser.post(
            f"{url}/plates/AB1/notes", json={"text": "x"}, headers=headers, timeout=60
        )
        assert note.status_code == 201
