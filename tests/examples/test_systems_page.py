"""docs/systems.md names tests, files and commands that there are."""

import re
import shlex

import pytest

from examples_of_docs import DOCS, EXAMPLES
from streamer.app import PARTS
from streamer.cli import command_line
from streamer.config import parse_config

PAGE = (DOCS / "systems.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| [A-E] \|", line)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0][-1]}: {row[1][:30]}")
def test_every_row_names_a_test(row):
    ((file, _, name),) = re.findall(r"`(tests/[\w/]+\.py)(::(\w+))?`", row[-1])
    text = (DOCS.parent / file).read_text()
    assert f"\ndef {name or 'test_'}" in text


def test_every_system_is_there():
    assert {row[0][-1] for row in ROWS} == set("ABCDE")


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert len(links) > 10
    for link in links:
        assert (DOCS / link).is_file(), link


def test_every_example_is_told_of():
    for path in EXAMPLES.iterdir():
        if path.is_file():
            assert f"examples/{path.name}" in PAGE, path.name


def test_the_commands_are_understood():
    block = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    lines = [line for line in block.splitlines() if line.startswith("plate-streamer")]
    assert lines
    for line in lines:
        options = command_line().parse_args(shlex.split(line)[1:])
        assert options.config == EXAMPLES.relative_to(DOCS.parent) / "contours.yaml"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_configurations_are_good(path, monkeypatch, tmp_path):
    for name in re.findall(r"\$\{(\w+)\}", path.read_text()):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert parse_config(path.read_text(), PARTS).cameras
