"""The documentation as a site: it is built without a warning, leads nowhere in vain, and loads
nothing from elsewhere."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from streamer.cli import command_line
from streamer.commands.teaching import commands_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Page(HTMLParser):
    """What a page leads to, what it loads, and where in it one can be led to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.anchors |= {known[key] for key in ("id", "name") if known.get(key)}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if known.get(LOADS.get(tag)) and known.get("rel") not in ("canonical", "next", "prev"):
            self.loads.append(known[LOADS[tag]])


@pytest.fixture(scope="module")
def pages(site):
    """By path."""
    return {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}


def test_there_is_a_page_for_everything(pages, site):
    there = {str(path.relative_to(site)) for path in pages}
    commands = {f"reference/commands/{words.replace(' ', '-')}.html"
                for words, _ in commands_of(command_line()) if words}  # fmt: skip
    assert commands <= there
    manuals = {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    assert len(manuals) > 20
    assert manuals <= there


def leads(fragment, page):
    """Whether there is such a place; files that are no pages have whatever is asked for."""
    return page is None or unquote(fragment) in page.anchors | {"__skip"}


def test_links_and_anchors_lead_somewhere(pages, site):
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":  # is shown at any address
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            where = str(path.relative_to(site))
            if not target.exists():
                broken.append(f"{where}: {link}")
            elif parts.fragment and not leads(parts.fragment, pages.get(target)):
                broken.append(f"{where}: {link}: no such anchor")
    assert broken == []


def test_nothing_is_loaded_from_other_hosts(pages, site):
    elsewhere = {
        load
        for page in pages.values()
        for load in page.loads
        if urlsplit(load).netloc or load.startswith("//")
    }
    assert elsewhere == set()
    for path in site.rglob("*.css"):
        styles = path.read_text()
        assert not re.search(r"url\(['\"]?(https?:)?//|@import\s+['\"]?(https?:)?//", styles), path


def test_the_reference_is_the_codes(site):
    text = (site / "reference/commands/read.html").read_text()
    assert "--annotate" in text
    configuration = (site / "reference/configuration.html").read_text()
    assert "min_height_px" in configuration
    assert "certain_confidence" in configuration
    metrics = (site / "reference/metrics.html").read_text()
    assert "anpr_frames_captured_total" in metrics
    rest = (site / "reference/rest.html").read_text()
    assert "/api/v1/events/{event_id}" in rest
    python = (site / "reference/python.html").read_text()
    assert "PlateReader" in python
    assert "upper case, letters and digits only" in python


def test_values_are_written_as_the_configuration_has_them(site):
    page = (site / "reference/parts.html").read_text()
    for value in ("size: [416, 256]", "second_look: true", "weights: null", "runtime: onnxruntime"):
        assert f"<code>{value}</code>" in page
    only = "only: {cameras: null, watchlist: null, ways: null}"
    assert f"<code>{only}</code>" in page


def test_a_message_says_where_its_fields_are(site):
    page = (site / "reference/topics.html").read_text()
    for schema in ("plate-event/1", "plate-rejected/1", "plate-parking/1"):
        assert f"<code>{schema}</code>" in page
    assert "['integer'" not in page
    assert "integer or null" in page


def test_every_key_of_the_configuration_is_in_its_page(site):
    page = re.sub(r"<[^>]+>", "", (site / "reference/configuration.html").read_text())
    tables = page.rpartition("The whole file")[0]
    keys = re.findall(r"^\s*#?(?:- )?(\w+):", (ROOT / "config/gate.yaml").read_text(), re.MULTILINE)
    assert len(keys) > 100
    assert {key for key in keys if not re.search(rf"\b{key}\b", tables)} == set()


def test_every_field_of_every_event_is_in_its_page(site):
    page = (site / "reference/events.html").read_text()
    for file in (ROOT / "docs/schemas").glob("*.json"):
        for key in json.loads(file.read_text())["properties"]:
            assert f"<code>{key}</code>" in page, (file.name, key)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_the_repositorys_pages_lead_somewhere(name):
    text = (ROOT / name).read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    broken = []
    for link in links:
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = ROOT / parts.path if parts.path else ROOT / name
        if not target.exists():
            broken.append(link)
        elif parts.fragment and parts.fragment not in anchors(target.read_text()):
            broken.append(f"{link}: no such heading")
    assert broken == []


def anchors(markdown):
    """Of headings, as they are made on the pages of a repository."""
    plain = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}
