"""What docs/read.md and docs/python-api.md tell people to write does what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import streamer
from clips import gate_film
from models.training.gate import GateScene
from streamer import api, embedded
from streamer.cli import command_line
from streamer.reading.inputs import inputs

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / f"docs/{name}.md").read_text() for name in ("read", "python-api")}


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What the examples speak of: rendered cars, a film, a configuration, and the command."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "holiday").mkdir()
    (folder / "archive/2026").mkdir(parents=True)
    scene = GateScene((1280, 720), seed=3, vehicles=1)
    image = scene.render(scene.passage(0).last_s - 1.5).image
    for name in ("car.jpg", "holiday/1.jpg", "holiday/2.jpg", "archive/2026/3.jpg"):
        cv2.imwrite(str(folder / name), image)
    gate_film(folder / "clip.mp4", size=(1280, 720))
    (folder / "gate.yaml").write_text("cameras: [{name: gate, url: 'synthetic:'}]\n")
    command = folder / "bin/plate-streamer"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m streamer "$@"\n')
    command.chmod(0o755)
    return folder


@pytest.fixture
def place(files, tmp_path):
    return Path(shutil.copytree(files, tmp_path / "files"))


def run(command, place):
    return subprocess.run(
        command,
        cwd=place,
        env={
            **os.environ,
            "PATH": f"{place}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("read", "sh"))
def test_commands_do_what_they_say(block, place):
    done = run(["sh", "-e", "-c", block], place)
    told = re.search(r"# exit code (\d+)", block)
    assert done.returncode == (int(told[1]) if told else 0), done.stderr
    assert done.stdout or "--output" in block
    assert "Traceback" not in done.stderr
    for name in re.findall(r"--output (\S+)", block):
        lines = (place / name).read_text().splitlines()
        assert lines
        assert len(lines) == len(set(lines))


@pytest.mark.parametrize("line", blocks("read", "text")[0].splitlines())
def test_addresses_are_understood(line):
    options = command_line().parse_args(shlex.split(line)[1:])
    assert len(inputs(options.sources, lambda fault: pytest.fail(str(fault)))) == 1


def test_every_option_has_an_example():
    (choices,) = (one.choices for one in command_line()._actions if one.choices)
    examples = "\n".join(blocks("read", "sh"))
    for action in choices["read"]._actions:
        if action.dest not in {"help", "sources"}:
            assert any(f" {option}" in examples for option in action.option_strings), action
            for option in action.option_strings:
                assert f"`{option}" in PAGES["read"], option


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("python-api", "python"))
def test_python_does_what_it_says(block, place):
    done = run([sys.executable, "-c", block], place)
    assert done.returncode == 0, done.stderr
    for said in re.findall(r"^# (\[.*\])$|  # (gone.*)$", block, re.MULTILINE):
        assert "".join(said) in done.stdout.splitlines()


def test_the_surface_is_there_and_told_of():
    for name in streamer.__all__:
        home = embedded if name == "web_app" else api
        assert getattr(streamer, name) is getattr(home, name)
        assert re.search(rf"\b{name}\b", PAGES["python-api"]), name
    assert (ROOT / "streamer/py.typed").exists()
