"""The examples for Flask and FastAPI, over real HTTP."""

import csv
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
import requests

from examples_of_docs import EXAMPLES
from flask_served import flask_served
from processes import plate_streamer
from served import served
from streamer import web_app
from tools import require_tool

pytest.importorskip("flask", reason="comes with moto[server]")
TOKENS = "web: {tokens: [{name: till, token: 0123456789abcdef, role: viewer}]}\n"


def post(url, path, **more):
    with path.open("rb") as file:
        return requests.post(url, files={"file": file}, timeout=60, **more)


def test_flask_answers_the_plates_of_a_picture(example, car, tmp_path):
    path, plate = car
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with flask_served(example("flask_read").app) as url:
        (found,) = post(f"{url}/plates", path).json()
        assert found["plate"] == plate
        assert "".join(one["char"] for one in found["characters"]) == plate
        assert post(f"{url}/plates", tmp_path / "broken.jpg").status_code == 422


@pytest.fixture
def config(tmp_path):
    """`config(text)`: a configuration whose store is the test's own; gives its path."""

    def write(text=""):
        path = tmp_path / "gate.yaml"
        path.write_text(f"store: {{folder: {tmp_path / 'state'}}}\n{text}")
        return str(path)

    return write


def test_fastapi_serves_our_api_below_its_own_path(example, car, clip, config, monkeypatch):
    monkeypatch.setenv("PLATES_CONFIG", config())
    path, plate = car
    with served(example("fastapi_mount").app, lifespan="on") as url:
        assert requests.get(url, timeout=60).json() == {"plates": "/plates/api/v1"}
        answer = post(f"{url}/plates/api/v1/read", path)
        assert [one["plate"] for one in answer.json()["plates"]] == [plate]
        assert requests.get(f"{url}/plates/api/v1/events", timeout=60).json()["events"] == []
        pages = requests.get(f"{url}/plates/", timeout=60)
        assert pages.status_code == 404
        assert pages.json()["detail"] == "there is only the API here, at /plates/api/v1"
        job = post(f"{url}/plates/api/v1/read", clip.path)
        assert job.status_code == 202
        place = job.headers["Location"]
        assert place.startswith("/plates/api/v1/read/")
        assert requests.get(f"{url}{place}", timeout=60).json()["id"] == job.json()["id"]


@pytest.fixture
def flask_app(example, monkeypatch):
    """`flask_app(config)`: the address of the Flask application that the API is mounted in."""
    with ExitStack() as until_then:

        def start(config):
            monkeypatch.setenv("PLATES_CONFIG", config)
            module = example("flask_mount")
            until_then.callback(module.closing.close)
            return until_then.enter_context(flask_served(module.app))

        yield start


def test_flask_serves_our_api_below_its_own_path(flask_app, car, clip, config):
    path, plate = car
    url = flask_app(config("web: {max_upload_mb: 2}\n"))
    assert requests.get(url, timeout=60).json() == {"plates": "/plates/api/v1"}
    answer = post(f"{url}/plates/api/v1/read", path)
    assert [one["plate"] for one in answer.json()["plates"]] == [plate]
    raw = {"data": path.read_bytes(), "headers": {"Content-Type": "image/jpeg"}}
    answer = requests.post(f"{url}/plates/api/v1/read", timeout=60, **raw)
    assert [one["plate"] for one in answer.json()["plates"]] == [plate]
    raw["data"] += bytes(2_100_000)
    large = requests.post(f"{url}/plates/api/v1/read", timeout=60, **raw)
    assert large.status_code == 413
    form = {"files": {"file": ("car.jpg", raw["data"], "image/jpeg")}}
    assert requests.post(f"{url}/plates/api/v1/read", timeout=60, **form).status_code == 413
    assert requests.get(f"{url}/plates/api/v1/events", timeout=60).json()["events"] == []
    nowhere = "events/00000000-0000-7000-8000-000000000000"
    nothing = requests.get(f"{url}/plates/api/v1/{nowhere}", timeout=60)
    assert nothing.status_code == 404
    assert nothing.headers["Content-Type"] == "application/problem+json"
    job = post(f"{url}/plates/api/v1/read", clip.path)
    assert job.status_code == 202
    place = job.headers["Location"]
    assert place.startswith("/plates/api/v1/read/")
    for _ in range(6000):
        done = requests.get(f"{url}{place}", timeout=60).json()
        if done["state"] not in ("waiting", "running"):
            break
        time.sleep(0.1)
    assert [one["event"]["plate"] for one in done["events"]] == [clip.plate]


def test_behind_flask_there_is_no_stream_that_would_never_end(flask_app, config):
    url = flask_app(config())
    answer = requests.get(f"{url}/plates/api/v1/events/live", timeout=60)
    assert answer.status_code == 501
    assert "plate-streamer serve" in answer.json()["detail"]


FORKED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import flask_mount
from werkzeug.test import Client

if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
signal.alarm(60)  # who waits for a thread that is not there is ended
answer = Client(flask_mount.app).get("/plates/api/v1/events", base_url="http://localhost")
print(answer.status, flush=True)
"""


def test_behind_flask_processes_that_are_forked_answer_for_themselves(config, monkeypatch):
    """As gunicorn does with --preload: the application is there before its workers are."""
    monkeypatch.setenv("PLATES_CONFIG", config())
    words = [sys.executable, "-c", FORKED, EXAMPLES]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=400)
    assert (done.returncode, done.stdout) == (0, "200 OK\n"), done.stderr


def test_behind_flask_a_token_is_asked_for(flask_app, config):
    url = flask_app(config(TOKENS))
    events = f"{url}/plates/api/v1/events"
    assert requests.get(events, timeout=60).status_code == 401
    known = {"Authorization": "Bearer 0123456789abcdef"}
    assert requests.get(events, headers=known, timeout=60).status_code == 200


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("0123456789abcdeX", 401), ("0123456789abcdef", 200)]
)
def test_what_is_mounted_asks_for_a_token_where_there_are_any(config, token, status):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with web_app(config(TOKENS)) as plates, mounted(plates) as url:
        answer = requests.get(f"{url}/api/v1/events", headers=headers, timeout=60)
        assert answer.status_code == status
        odd = requests.get(f"{url}/deep/plates//api/v1/events", headers=headers, timeout=60)
        assert odd.status_code == 404


@pytest.mark.parametrize(("guarded", "status"), [(True, 421), (False, 200)])
def test_without_a_token_it_is_for_this_machine_alone_but_where_somebody_else_guards_it(
    config, guarded, status
):
    with web_app(config(), guarded=guarded) as plates, mounted(plates) as url:
        answer = requests.get(
            f"{url}/api/v1/events", headers={"Host": "plates.example"}, timeout=60
        )
    assert answer.status_code == status


def mounted(plates):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    return served(Starlette(routes=[Mount("/deep/plates", plates)]), "/deep/plates")


@pytest.mark.slow
def test_a_table_that_grows_becomes_a_page(example, car, tmp_path, monkeypatch):
    """System E: contours, Tesseract with each step to be seen, a table, a page."""
    require_tool("tesseract")
    steps = tmp_path / "steps"
    table = tmp_path / "plates.csv"
    path, plate = car
    monkeypatch.setenv("PLATES", str(table))
    with flask_served(example("flask_csv").app) as url:
        assert "0 plates" in requests.get(url, timeout=60).text
        for _ in range(2):
            words = ["read", path, "--config", EXAMPLES / "contours.yaml"]
            words += ["--format", "csv", "--output", table, "--append", "--debug-images", steps]
            done = plate_streamer(*words)
            assert done.returncode == 0, done.stderr
        page = requests.get(url, timeout=60).text
        assert "2 plates" in page
        assert page.count(f"<td>{plate}<") == 2
        names = [one.stem.removeprefix("0001-car-") for one in sorted(steps.iterdir())]
        assert names == ["01-grey", "02-smooth", "03-edges", "04-candidates", "05-plates",
                         "06-crop", "07-row", "08-read"]  # fmt: skip
        with table.open("a") as file:
            csv.writer(file).writerow(["<script>", "<b>", "0.5"])
        assert "<script>" not in requests.get(url, timeout=60).text
