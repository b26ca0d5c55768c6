"""The API behind an adapter to WSGI: those who break off leave nothing behind."""

import asyncio
import socket
from contextlib import contextmanager

import pytest
import requests
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse

from broker import wait_until
from flask_served import flask_served
from streamer.web.mounted import Mounted

a2wsgi = pytest.importorskip("a2wsgi")


@contextmanager
def adapted(app, **more):
    """Its address, and how many requests are being answered."""
    adapter = a2wsgi.ASGIMiddleware(Mounted(app, **more))
    try:
        with flask_served(adapter) as url:
            yield url, lambda: len(asyncio.all_tasks(adapter.loop))
    finally:
        adapter.loop.call_soon_threadsafe(adapter.loop.stop)


@contextmanager
def asking(url, text):
    """A connection on which that was sent; closed at the end."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as client:
        client.sendall(text)
        yield client


def test_an_upload_that_breaks_off_ends_the_request():
    ends = []

    async def app(scope, receive, send):
        taken = b""
        try:
            async for piece in Request(scope, receive).stream():
                taken += piece
        except ClientDisconnect:
            ends.append(taken)

    head = b"POST /api/v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    with adapted(app) as (url, answering):
        with asking(url, head + b"x" * 5000):
            pass
        wait_until(lambda: ends)
        wait_until(lambda: not answering())
    assert ends == [b"x" * 5000]


def test_an_answer_that_nobody_takes_any_more_is_ended():
    pieces, ends = [], []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": bytes(9999), "more_body": True})
                pieces.append(len(pieces))
        finally:
            ends.append(True)

    with adapted(app, piece_s=0.5) as (url, answering):
        with asking(
            url, b"GET /api/v1/events/export HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ) as client:
            assert client.recv(100).startswith(b"HTTP/1.1 200")
            wait_until(lambda: client.recv(9999) and len(pieces) > 20)
        wait_until(lambda: ends)
        wait_until(lambda: not answering())


def test_a_whole_body_comes_through_and_one_without_a_length_is_asked_for_it():
    async def app(scope, receive, send):
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    def pieces():
        yield bytes(200_000)
        yield bytes(1)

    with adapted(app) as (url, _):
        address = f"{url}/api/v1/read"
        assert requests.post(address, data=bytes(200_001), timeout=120).text == "200001"
        assert requests.post(address, timeout=120).text == "0"
        answer = requests.post(address, data=pieces(), timeout=120)
        assert answer.status_code == 411
        assert "Content-Length" in answer.json()["detail"]
