"""The training: a small one from start to shipped file, and what it does before it starts."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.base import ModelError
from models.detectors.yolo import YoloDetector
from models.frameworks import load_ultralytics
from models.runtime import sha256_of
from models.training.card import command_of
from models.training.detector import train_detector
from models.training.export import export_detector
from models.training.recipes import Recipe


def needs_training_extra() -> None:
    for name in ("torch", "ultralytics", "pandas", "onnx"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"training needs {name}: the extra train is not installed")


def run_python(script: str, *arguments: object, timeout: int = 540) -> str:
    """A fresh interpreter, because what is tested happens at import; its stdout."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


WATCH_NETWORK = """
import pathlib, socket, sys, threading, time, os
attempts = []
def watched(name, real):
    def call(*args, **keywords):
        family = getattr(args[0], "family", None)
        if family != socket.AF_UNIX:  # the loader of the trainer talks to itself through these
            attempts.append((name, args[1:] if family else args))
            raise OSError("no network in this test")
        return real(*args, **keywords)
    return call
for owner, name in ((socket.socket, "connect"), (socket.socket, "connect_ex"),
                    (socket, "getaddrinfo"), (socket, "gethostbyname")):
    setattr(owner, name, watched(name, getattr(owner, name)))
"""

TRAIN = (
    WATCH_NETWORK
    + """
from models.training.detector import train_detector
from models.training.recipes import Recipe
run, resume = pathlib.Path(sys.argv[1]), sys.argv[2] == "resume"
def die_after_the_first_epoch():
    while not (run / "checkpoint.pt").exists():
        time.sleep(0.02)
    os.write(1, b"died")
    os._exit(0)
if not resume:
    threading.Thread(target=die_after_the_first_epoch, daemon=True).start()
recipe = Recipe(size=64, batch=4, epochs=3, plain_epochs=1, rendered=8, rendered_val=2)
trained = train_detector(tables=[], run=run, recipe=recipe, resume=resume)
print(trained.epochs, trained.checkpoint.is_file(), attempts)
"""
)


@pytest.mark.slow
def test_a_training_that_died_goes_on_and_its_weights_can_be_shipped(tmp_path):
    needs_training_extra()
    run, shipped = tmp_path / "run", tmp_path / "shipped" / "tiny.onnx"
    assert run_python(TRAIN, run, "start") == "died"
    assert run_python(TRAIN, run, "resume") == "3 True []\n"
    with pytest.raises(ModelError, match="is finished, nothing to resume"):
        train_detector(tables=[], run=run, resume=True)
    export = WATCH_NETWORK + (
        "from models.training.export import export_detector\n"
        "run, output = map(pathlib.Path, sys.argv[1:])\n"
        "print(len(export_detector(run=run, output=output, note='a trial').scores), attempts)\n"
    )
    assert run_python(export, run, shipped) == "2 []\n"
    card = json.loads(shipped.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == sha256_of(shipped)
    assert card["licence"] == "AGPL-3.0-or-later"
    assert card["input"]["shape"] == [1, 3, None, None]
    assert card["data"]["train/rendered"]["pictures"] == 8
    assert card["training"]["epochs"] == 3
    assert card["recipe"]["seed"] == 0
    assert card["note"] in shipped.with_suffix(".md").read_text(encoding="utf-8")
    assert card["sha256"] in shipped.with_suffix(".md").read_text(encoding="utf-8")
    for size in ((64, 64), (640, 384)):
        YoloDetector(weights=shipped, size=size).detect(np.zeros((90, 160, 3), np.uint8))


START = """
import pathlib, sys, torch
from models.detectors.yolo import BUNDLED
from models.training.detector import train_detector
from models.training.recipes import Recipe
run = pathlib.Path(sys.argv[1])
# So slow that nothing changes: what is found in the end is what it began with.
recipe = Recipe(size=64, batch=4, epochs=1, plain_epochs=0, rendered=8, rendered_val=2, bare=2,
                start=str(BUNDLED), learning_rate=1e-9)
trained = train_detector(tables=[], run=run, recipe=recipe)
begun = torch.load(run / "start.pt", weights_only=False)["model"].state_dict()
saved = torch.load(trained.last, weights_only=False)
ended = (saved.get("ema") or saved["model"]).float().state_dict()
names = [name for name in begun if name.endswith("conv.weight")]
print(len(names), max(float((begun[n] - ended[n]).abs().max()) for n in names))
print(trained.pictures["train/rendered bare"])
"""


@pytest.mark.slow
def test_a_training_goes_on_from_the_weights_that_it_is_given(tmp_path):
    """The trainer forgets them in silence if it is told of no pretraining."""
    needs_training_extra()
    count, bare = run_python(START, tmp_path / "run").splitlines()[-2:]
    layers, change = count.split()
    assert int(layers) > 50
    assert float(change) < 0.01  # half precision on disk
    assert bare == "2"


STAND_IN = """
import importlib.metadata, pathlib, sys
real = importlib.metadata.version
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
def version(name):
    if name == "torchvision" and not any("stand-in" in entry for entry in sys.path):
        raise importlib.metadata.PackageNotFoundError(name)
    return real(name)
sys.meta_path.insert(0, Broken())
importlib.metadata.version = version
from models.frameworks import load_ultralytics
ultralytics = load_ultralytics(pathlib.Path(sys.argv[1]))
import torch, torchvision
boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10.0]])
print(torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.3]), 0.5).tolist())
print(torchvision.ops.nms(boxes[:0], torch.zeros(0), 0.5).tolist())
print(ultralytics.settings["sync"], ultralytics.utils.ONLINE)
print((pathlib.Path(sys.argv[1]) / "Ultralytics/Arial.ttf").is_file())
"""


@pytest.mark.slow
def test_ultralytics_without_a_working_torchvision_and_without_network(tmp_path):
    needs_training_extra()
    lines = run_python(STAND_IN, tmp_path / "settings").splitlines()
    assert lines[-4:] == ["[1, 2]", "[]", "False False", "True"]


IMPORTED_BEFORE = """
import io, pathlib, sys
import ultralytics
from PIL import Image
from models.frameworks import load_ultralytics
load_ultralytics(pathlib.Path(sys.argv[1]))
import torch, torchvision
print(torchvision.ops.nms(torch.tensor([[0, 0, 9, 9.0]]), torch.tensor([0.5]), 0.5).tolist())
try:
    Image.open(io.BytesIO(b"no picture"))
except Image.UnidentifiedImageError:
    print("unidentified")
"""


@pytest.mark.slow
def test_ultralytics_that_somebody_else_has_imported(tmp_path, monkeypatch):
    """It has taken Pillow's reader by then, and has not found torchvision."""
    needs_training_extra()
    monkeypatch.setenv("YOLO_OFFLINE", "1")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    lines = run_python(IMPORTED_BEFORE, tmp_path / "settings").splitlines()
    assert lines[-2:] == ["[0]", "unidentified"]


@pytest.mark.slow
def test_bfloat16_is_near_float32_and_leaves_copies_alone(tmp_path):
    needs_training_extra()
    script = """
import copy, pathlib, sys, torch
from models.frameworks import load_ultralytics
load_ultralytics(pathlib.Path(sys.argv[1]))
from ultralytics.nn.tasks import DetectionModel
from models.training.detector import compute_in_bf16
torch.manual_seed(0)
model = DetectionModel("yolo26n.yaml", nc=1, verbose=False).train()
twin = copy.deepcopy(model)
compute_in_bf16(model)
pictures = torch.rand(2, 3, 64, 64)
with torch.no_grad():
    rough, fine = (one(pictures)["one2many"]["scores"] for one in (model, twin))
print(rough.dtype, fine.dtype, "predict" in vars(twin))
print(float((rough - fine).abs().mean() / fine.abs().mean()))
"""
    lines = run_python(script, tmp_path / "settings").splitlines()
    assert lines[-2] == "torch.float32 torch.float32 False"
    assert 0 < float(lines[-1]) < 0.05  # float32 against itself would be 0


def test_a_run_is_not_overwritten_and_nothing_is_resumed_from_nothing(tmp_path):
    with pytest.raises(ModelError, match=r"no checkpoint\.pt here to resume from"):
        train_detector(tables=[], run=tmp_path, resume=True)
    (tmp_path / "recipe.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="a training is here already; resume it"):
        train_detector(tables=[], run=tmp_path)


@pytest.mark.parametrize("missing", ["torch", "ultralytics"])
def test_a_missing_extra_says_what_to_install(tmp_path, monkeypatch, missing):
    needs_training_extra()
    monkeypatch.delitem(sys.modules, "ultralytics", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match=rf"{missing}: pip install 'plate-streamer\[train\]'"):
        load_ultralytics(tmp_path)


def test_an_export_without_a_training_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"recipe\.json: no readable recipe"):
        export_detector(run=tmp_path, output=tmp_path / "out.onnx")
    with pytest.raises(ModelError, match=r"out\.pt: weights are written as ONNX"):
        export_detector(run=tmp_path, output=tmp_path / "out.pt")


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(), "plate-streamer train detector --data ANNOTATIONS --run RUN"),
        (
            Recipe(hours=1.5, seed=3, learning_rate=0.002, bf16=False, relabel=True),
            "plate-streamer train detector --data ANNOTATIONS --run RUN --hours 1.5 "
            "--learning-rate 0.002 --relabel --seed 3 --no-bf16",
        ),
    ],
)
def test_the_card_names_the_command(recipe, expected):
    assert command_of(recipe) == expected


def test_the_bundled_card_fits_the_bundled_weights():
    folder = Path(__file__).parents[2] / "models" / "weights"
    for weights in folder.glob("*.onnx"):
        card = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
        assert card["sha256"] == sha256_of(weights)
        assert card["sha256"] in weights.with_suffix(".md").read_text(encoding="utf-8")
