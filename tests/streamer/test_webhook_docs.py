"""What docs/webhooks.md and docs/files.md show, works."""

import json
import re
import time
from pathlib import Path

import pytest

from streamer.app import PARTS
from streamer.config import ConfigError, parse_config
from streamer.rows import COLUMNS
from streamer.sinks.webhook import WebhookSink
from webhook_receiver import Receiver

DOCS = Path(__file__).parents[2] / "docs"
CAMERA = "cameras: [{name: gate-in, url: a.mp4}]\n"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def blocks(page, language):
    text = (DOCS / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("CHAT_URL", "https://chat.example/hook")
    monkeypatch.setenv("ARCHIVE_SECRET", SECRET)
    monkeypatch.setenv("NTFY_TOKEN", "tk_1")


def configurations(page):
    for text in blocks(page, "yaml"):
        try:
            yield parse_config(CAMERA + text, PARTS).sinks
        except ConfigError as error:
            yield error


def test_the_examples_are_good_but_the_one_that_shows_a_fault():
    found = list(configurations("webhooks.md"))
    (fault,) = (one for one in found if isinstance(one, ConfigError))
    assert "(for a plate of which no more is known)" in str(fault)
    assert list(found[1]) == ["webhook-barrier", "webhook-archive"]
    assert [list(sinks) for sinks in configurations("files.md")] == [["jsonl", "csv"]]


def test_the_examples_send_what_they_promise(make_event):
    bodies = {}
    with Receiver() as receiver:
        for sinks in configurations("webhooks.md"):
            if isinstance(sinks, ConfigError):
                continue
            for part in sinks.values():
                if part.options["only"].watchlist:
                    part.options["only"] = part.options["only"].model_copy(
                        update={"watchlist": None}
                    )
                sink = part.make(**part.options | {"url": receiver.url})
                sink.start()
                sink.send(make_event(camera="gate-in"))
                sink.close(1.0)
                bodies[sink.name] = receiver.received[-1]
    assert json.loads(bodies["webhook-chat"].body) == {"text": "AB123CD at gate-in: unknown"}
    assert bodies["webhook-phone"].body == b"gate-in, 98 % sure"
    assert bodies["webhook-phone"].headers["Authorization"] == "Bearer tk_1"
    own = {"plate": "AB123CD", "at": "2026-01-02T03:04:05.678Z", "jpeg": ""}
    assert json.loads(bodies["webhook"].body) == own


def test_the_receivers_check_of_the_signature(make_event):
    (code,) = blocks("webhooks.md", "python")
    space = {}
    exec(code, space)
    check = space["is_from_the_gate"]
    with Receiver() as receiver:
        for now in (time.time, lambda: time.time() - 400):
            sink = WebhookSink(now, url=receiver.url, secret=SECRET)
            sink.start()
            sink.send(make_event())
            sink.close(1.0)
    good, old = receiver.received
    headers = dict(good.headers)
    assert check(SECRET, good.headers, good.body)
    assert not check(SECRET, old.headers, old.body)
    assert not check(SECRET, headers, good.body + b" ")
    assert not check(SECRET.replace("M", "N"), headers, good.body)
    for name, value in (
        ("webhook-id", "another"),
        ("webhook-timestamp", str(int(headers["webhook-timestamp"]) + 1)),
        ("webhook-signature", "v1,"),
    ):
        assert not check(SECRET, headers | {name: value}, good.body)


def test_the_columns_are_those_of_the_page():
    page = (DOCS / "files.md").read_text().split("## Columns")[1].split("\n\n")[1]
    page = re.sub(r"\(.*?\)", "", page)
    assert re.findall(r"`(\w+)`", page) == list(COLUMNS)
