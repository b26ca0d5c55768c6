"""What docs/portal.md shows, works; and the figures it names are those of the code."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from guarded import TOKENS, served
from streamer.app import PARTS
from streamer.config import parse_config
from streamer.web import bodies, lockout, patient, server, session, sessions
from streamer.web.options import UserConfig, Web
from streamer.web.site import create_app
from tools import require_tool

PAGE = (Path(__file__).parents[3] / "docs/portal.md").read_text()
PASSWORD = "a long password"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_curl_examples_work(site, tmp_path):
    require_tool("jq")
    user = UserConfig(name="anna", password=PASSWORD, role="operator")
    app = create_app(site.portal, Web(users=(user,), tokens=TOKENS))
    script = "\n".join(one for one in blocks("sh") if "curl" in one)
    with served(app) as portal:
        done = subprocess.run(
            ["sh", "-eu", "-c", script.replace("curl -sS", "curl -sSf")],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "no_proxy": "127.0.0.1",
                "PORTAL": portal.url,
                "TOKEN": "operators-token-1",
                "PASSWORD": PASSWORD,
            },
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert [(note.by, note.text) for note in site.archive.notes("AB123CD")] == [
        ("anna", "has a new car"),
        ("crane", "brings the wood"),
    ]
    assert site.archive.changes()[0].action == "logout"


@pytest.mark.parametrize("block", blocks("yaml"))
def test_the_configurations_are_good(block, monkeypatch):
    for name in re.findall(r"\$\{(\w+)\}", block):
        monkeypatch.setenv(name, "0123456789abcdef")
    whole = "A" * 22 + "$" + "A" * 43
    raw = yaml.safe_load(block.replace("p=5$…", f"p=5${whole}"))
    for key in ("cert_file", "key_file"):
        raw["web"].pop(key, None)  # there is no such file here
    raw["cameras"] = [{"name": "gate", "url": "synthetic:"}]
    assert parse_config(yaml.safe_dump(raw), PARTS).parts["web"]


@pytest.mark.parametrize(
    "words",
    [
        f"| {lockout.BY_ADDRESS.free}, then a wait that doubles from 1 s to 15 min |",
        f"| {lockout.BY_NAME.free}, then a wait that doubles from 1 s to 1 min |",
        f"| {session.MOST_AT_ONCE} at a time |",
        f"{sessions.MOST_OF_ONE} of one user, {sessions.MOST} in all",
        f"| {bodies.MOST_BYTES // 1000} kB;",
        f"a table of a watchlist {bodies.MOST_IMPORTED // 10**6} MB;",
        f"| {bodies.PATIENCE_S:g} s, and a second more for every",
        f"a second more for every {bodies.SLOWEST_PER_S / 1000:g} kB",
        f"| {patient.HEAD_S:g} s |",
        f"| {server.CONNECTIONS} |",
        f"| {server.THREADS} at a time, behind the cameras (nice {server.NICENESS})",
        f"begins anew after {server.REST_S:g} s",
    ],
)
def test_the_limits_are_those_of_the_code(words):
    assert words in PAGE
    assert (lockout.BY_ADDRESS.longest_s, lockout.BY_NAME.longest_s) == (900, 60)
