"""What docs/pictures.md and docs/corrections.md tell people to write is right."""

import json
import re
import shlex
from pathlib import Path

import pytest

from streamer.app import PARTS
from streamer.cli import command_line
from streamer.config import parse_config
from streamer.lessons import README

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("pictures", "corrections")}


def blocks(page, language):
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", PAGES[page], re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", blocks("pictures", "yaml"))
def test_configurations_are_good(block, monkeypatch):
    monkeypatch.setenv("S3_SECRET", "x")
    given = parse_config(f"cameras: [{{name: gate, url: 'synthetic:'}}]\n{block}", PARTS)
    assert given.parts["store"].options["pictures_url"] == "s3://gate-pictures/north"


def test_policies_are_json():
    policy, rules = map(json.loads, blocks("pictures", "json"))
    assert {"s3:PutObject", "s3:GetObject", "s3:DeleteObject"} == set(
        policy["Statement"][0]["Action"]
    )
    prefix = rules["Rules"][0]["Filter"]["Prefix"]
    assert "north/2026-01-02/x.jpg".startswith(prefix)
    assert not "north/lessons/x.png".startswith(prefix)


def commands():
    text = PAGES["corrections"] + README
    lines = re.findall(r"^ *(plate-streamer .*)$", text, re.MULTILINE)
    spans = re.findall(r"`(plate-streamer [^`]*)`", text)
    return sorted({" ".join(one.replace("…", "").split()) for one in [*lines, *spans]})


def test_commands_are_understood():
    assert len(commands()) >= 7
    for line in commands():
        if line == "plate-streamer train import-voc":
            continue
        options = command_line().parse_args(shlex.split(line)[1:])
        assert callable(options.command), line


def test_the_reader_is_put_to_use_as_it_is_told():
    (line,) = re.findall(r"`(reader: \{.*?\}\})`", PAGES["corrections"])
    config = parse_config(f"cameras: [{{name: gate, url: 'synthetic:'}}]\n{line}\n", PARTS)
    assert config.parts["reader"].options["first"] == {"name": "ctc", "weights": "mine.onnx"}
