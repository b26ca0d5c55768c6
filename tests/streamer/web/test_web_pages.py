"""The pages: what browsers get, keep, and cannot reach."""

import gzip
import re

import pytest

from guarded import guarded
from streamer.web.pages import FOLDER, Pages

SHELL = "<!doctype html><title>shell</title>" + " " * 2000


@pytest.fixture
def client(site, tmp_path):
    """Of pages of our own, behind the guard."""
    folder = tmp_path / "static"
    (folder / "lib").mkdir(parents=True)
    (folder / "index.html").write_text(SHELL)
    (folder / "docs.html").write_text("docs")
    (folder / "lib/dom.js").write_text("export const x = 1;")
    (tmp_path / "secret.txt").write_text("secret")
    client = guarded(site.portal)
    client.app.router.default = Pages(folder)
    return client


@pytest.mark.parametrize(
    "path",
    ["/", "/events", "/plates/AB123CD", "/inside", "/read", "/lists", "/system", "/login"],
)
def test_every_page_is_the_shell(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, SHELL)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_files_have_their_types(client):
    answer = client.get("/lib/dom.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/docs").text == "docs"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/plates/",
        "/plates/a/b",
        "/lib",
        "/lib/",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/lib/..%2f..%2fsecret.txt",
        "/lib/%2e%2e/%2e%2e/secret.txt",
        "/lib\\..\\..\\secret.txt",
        "/index.html%00.js",
        "/static/index.html",
        "/docs/",
        "/redoc",
    ],
)
def test_there_is_nothing_else(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_browser_gets_the_portal_which_says_that_there_is_no_such_page(client):
    answer = client.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.content == client.get("/").content
    assert client.get("/lists/").content == client.get("/lists").content


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/css,*/*;q=0.1"])
def test_others_get_a_problem(client, accept):
    answer = client.get("/nowhere", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["vary"]) == (404, "Accept")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "there is no such page"


def test_browsers_ask_again_and_get_no_copy(client):
    first = client.get("/events")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/events", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get("/events", headers={"If-None-Match": '"old"'}).status_code == 200


def test_what_is_long_comes_packed_to_who_takes_that(client):
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text == SHELL
    assert packed.headers["etag"] != plain.headers["etag"]
    assert len(gzip.compress(SHELL.encode())) < 200


def test_pages_can_only_be_read(client):
    assert client.head("/events").status_code == 200
    answer = client.post("/events", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_we_ship_asks_no_other_host_and_has_nothing_inline():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert FOLDER / "docs.html" in files
    for path in files:
        if path.suffix not in {".html", ".js", ".css"}:
            continue
        text = path.read_text()
        for word in ("http://", "https://", 'src="//', 'href="//', "@import"):
            allowed = text.replace("http://www.w3.org/", "")  # names of XML, not addresses
            assert word not in allowed, path
        if path.suffix == ".html":
            for word in ("<style", " style=", " onclick=", " onload=", "javascript:"):
                assert word not in text, path
            for tag in re.findall(r"<script[^>]*>", text):
                assert ' src="/' in tag, (path, tag)
            assert not re.search(r"<script[^>]*>\s*[^<\s]", text), path
