"""docs/labelling.md from the first command to the last, as users run it, on rendered pictures.

Label in advance, correct in a tool, import, train, save, and read with Tesseract as one object.
"""

import argparse
import importlib.util
import re
import shlex
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import cv2
import pytest

from models.training.gate import GateScene
from processes import plate_streamer
from streamer.cli import command_line, main
from tools import require_tool

DOC = Path(__file__).parents[1] / "docs" / "labelling.md"
SHELL = [
    line
    for block in re.findall(r"```sh\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [shlex.split(line)[1:] for line in SHELL if line.startswith("plate-streamer")]
PYTHON = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)

QUICK = shlex.split(
    "--epochs 1 --plain-epochs 1 --batch 2 --rendered 0 --rendered-val 0 --learning-rate 0.00001"
)
"""One look at each picture, hardly learnt from: it is the way that is tested, not the network."""


def commands_of(page):
    """What a page tells to type, in its order, lines that go on put together."""
    text = (DOC.parent / page).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ *plate-streamer (.*)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


OTHERS = commands_of("corrections.md") + commands_of("reader.md")


@pytest.mark.parametrize("words", [*COMMANDS, *OTHERS], ids=" ".join)
def test_the_commands_are_commands(words):
    assert isinstance(command_line().parse_args(words), argparse.Namespace)


def command(*begins):
    """The first command of the page that begins so."""
    return next(words for words in COMMANDS if words[: len(begins)] == list(begins))


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """`pictures/` of four vehicles in two folders, in the folder that all works in; the plates."""
    for name in ("pandas", "imagehash", "jinja2"):
        pytest.importorskip(name, reason="an import needs the extra train")
    monkeypatch.chdir(tmp_path)
    Path("models").symlink_to(DOC.parents[1] / "models")
    plates = {}
    for number, name in enumerate(("a/1.jpg", "a/car.jpg", "b/1.jpg", "b/2.jpg")):
        scene = GateScene(seed=23 + number, vehicles=1)
        passage = scene.passage(0)
        Path("pictures", name).parent.mkdir(parents=True, exist_ok=True)
        image = scene.render(passage.last_s - 1.5).image
        cv2.imwrite(f"pictures/{name}", image)
        plates[name] = passage.plate
    return plates


def correct(file, plate):
    """What a person does in CVAT: one box that shows no plate goes, one text is mended."""
    tree = ET.parse(file)
    root = tree.getroot()
    for one in root.findall("object"):
        sides = [int(one.find(f"bndbox/{key}").text) for key in ("xmin", "ymin", "xmax", "ymax")]
        if sides[2] - sides[0] < sides[3] - sides[1]:
            root.remove(one)
        else:
            one.find("attributes/attribute/value").text = plate
    tree.write(file)


def test_labels_become_a_table_that_pandas_reads_and_labels_again(gate, capsys):
    assert main(command("train", "pre-label")) == 0
    for name, plate in gate.items():
        correct(Path("labels/Annotations", name).with_suffix(".xml"), plate)
    assert main(command("train", "import-voc")) == 0
    capsys.readouterr()
    (pandas,) = (code for code in PYTHON if "pandas" in code)
    exec(pandas, names := {})
    table = names["table"]
    assert dict(zip(table["image"], table["plate_text"], strict=True)) == gate
    assert "train    2\nval      2" in capsys.readouterr().out
    assert main(command("train", "export-labels")) == 0
    words = ["train", "import-coco", "again/", "--images", "pictures/", "--output", "2.csv"]
    assert main([*words, "--keep-splits", "--keep-duplicates", "--no-summary"]) == 0
    assert Path("2.csv").read_bytes() == Path("data/annotations/mine.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_detector_of_ones_own_and_tesseract_are_one_object(gate, capsys):
    for name in ("torch", "ultralytics", "onnx", "pytesseract"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}: the extras train and tesseract")
    require_tool("tesseract")
    assert main(command("train", "pre-label")) == 0
    for name, plate in gate.items():
        correct(Path("labels/Annotations", name).with_suffix(".xml"), plate)
    assert main(command("train", "import-voc")) == 0
    shutil.copytree("pictures", "data/images")
    training = command("train", "detector")
    at = training.index("--hours")
    # Processes of their own: the trainer changes the process that it runs in.
    path = {"PYTHONPATH": str(DOC.parents[1])}
    for words in ([*training[:at], *training[at + 2 :], *QUICK], command("train", "export")):
        done = plate_streamer(*words, timeout_s=500, **path)
        assert done.returncode == 0, done.stderr[-3000:]
    capsys.readouterr()
    (code,) = (code for code in PYTHON if "TesseractReader" in code)
    shutil.copy("pictures/a/car.jpg", "pictures/car.jpg")
    exec(code, names := {})
    assert gate["a/car.jpg"] in capsys.readouterr().out
    reader = names["reader"]
    read = {name: [one.plate for one in reader.read(f"pictures/{name}")] for name in gate}
    assert sum(plate in read[name] for name, plate in gate.items()) >= 3, read
    # and so for the daemon and the command line
    Path("gate.yaml").write_text(
        "cameras: [{name: gate, url: pictures}]\n"
        + re.findall(r"```yaml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)[0]
    )
    assert main(["read", "pictures/car.jpg", "--config", "gate.yaml"]) == 0
    assert gate["a/car.jpg"] in capsys.readouterr().out
