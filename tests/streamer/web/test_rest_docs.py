"""What docs/api.md shows, works."""

import contextlib
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from car_park import seen
from full_portal import full_portal
from served import served
from streamer.web.problems import MEDIA_TYPE

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
HERE = "http://127.0.0.1:8090"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A portal behind a server: its address, an event and a stay."""
    folder = tmp_path_factory.mktemp("docs")
    with full_portal(folder) as site:
        event = site.take(
            seen("AB123CD", after_s=-60), seen("AB124CD"), seen("AB123CD", after_s=9), pictures=True
        )
        site.archive.add_note("AB123CD", "x", "ann")
        (session,) = [one for one in site.parking.inside() if one.entry_event == event.id]
        with served(site.app) as url:
            yield {"url": url, "ID": event.id, "SESSION": session.id, "folder": folder}


def run(text, place):
    """What a script of the page prints; curl fails where the answer is no success."""
    script = 'curl() { command curl --fail-with-body "$@"; }\nset -e -o pipefail\n'
    script += f"API={place['url']}/api/v1\n" + text.replace(HERE, place["url"])
    env = {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1", "HOME": str(place["folder"])}
    env |= {key: place[key] for key in ("ID", "SESSION")}
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env=env,
        cwd=place["folder"],
    )
    assert done.returncode == 0, (text, done.stdout, done.stderr)
    return done.stdout


def test_the_shell_examples_work_one_after_the_other(place):
    printed = {text: run(text, place) for text in blocks("sh")}
    (page,) = [json.loads(out) for text, out in printed.items() if text.startswith("API=")]
    assert len(page["events"]) == 3
    files = {file.name for file in place["folder"].iterdir()}
    assert {"crop.jpg", "corrections.zip", "residents.csv"} <= files
    assert any(re.fullmatch(r"plates-\d+T\d+Z\.csv", name) for name in files)
    audit = json.loads(run('curl -sS "$API/audit?limit=500"', place))["changes"]
    exports = [one for one in audit if one["action"].endswith(".export")]
    assert len(audit) - len(exports) == 11
    assert len(exports) == 3
    for text in blocks("sh"):
        assert max(map(len, text.splitlines())) <= 115


def test_the_json_is_as_the_api_gives_it(place):
    problem, page, correction = (json.loads(text) for text in blocks("json"))
    run('curl -sS -X PUT "$API/events/$ID/correction" --json \'{"plate": "AB128CD"}\'', place)
    answer = json.loads(run('curl -sS "$API/events?corrected=true"', place))
    assert answer.keys() == page.keys()
    (real,), (shown,) = answer["events"], page["events"]
    assert real.keys() == shown.keys()
    assert real["correction"].keys() == shown["correction"].keys()
    assert real["event"].items() >= {"plate": "AB123CD", "schema": "plate-event/1"}.items()
    assert list(real["event"])[: len(shown["event"])] == list(shown["event"])
    lines = run('curl -sS "$API/events/export?format=jsonl&corrected=true"', place).splitlines()
    assert json.loads(lines[1]).keys() == correction.keys()
    url = f"{place['url']}/api/v1/events?since=2026-13-01T00:00:00Z"
    headers, body = subprocess.run(
        ["curl", "-sSi", url], capture_output=True, text=True, check=True
    ).stdout.split("\n\n", 1)
    assert MEDIA_TYPE in headers
    assert json.loads(body) | {"title": ""} == problem | {"title": ""}


def test_the_python_example_works(place):
    (text,) = blocks("python")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {"API": f"{place['url']}/api/v1"})
    assert re.search(r"^AB124CD 2026-03-04T05:06:07.890Z$", out.getvalue(), re.MULTILINE)
