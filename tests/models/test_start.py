"""Going on from exported weights: what comes back computes the same, and can be trained."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import ModelError
from models.detectors.network import Letterbox
from models.detectors.yolo import BUNDLED
from models.frameworks import load_ultralytics
from models.runtime import Session
from models.training.synthesis import render_scene

torch = pytest.importorskip("torch", reason="needs the training extra")
if importlib.util.find_spec("ultralytics") is None:  # imported here, it would call home
    pytest.skip("needs the training extra", allow_module_level=True)

from models.training.start import trainable_from_onnx  # noqa: E402


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(6):
        scene = render_scene(np.random.default_rng(number), (640, 384))
        cv2.imwrite(str(folder / f"{number}.jpg"), scene.image)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def started(tmp_path_factory, pictures):
    folder = tmp_path_factory.mktemp("start")
    load_ultralytics(folder / "settings")
    output = folder / "start.pt"
    trainable_from_onnx(
        weights=BUNDLED, model="yolo26n", pictures=pictures, size=320, output=output
    )
    return torch.load(output, weights_only=False)["model"]


def test_it_answers_as_the_exported_network_does(started, pictures):
    blob = Letterbox((320, 320)).fill(cv2.imread(str(pictures[0]))).copy()
    exported = Session(BUNDLED).run(blob)[0]
    started.eval()
    started.model[-1].end2end = False
    with torch.no_grad():
        answer = started(torch.from_numpy(blob))
    answer = (answer[0] if isinstance(answer, (tuple, list)) else answer).numpy()
    assert answer.shape == exported.shape
    assert np.abs(answer[:, :4] - exported[:, :4]).max() < 0.01  # pixels
    assert np.abs(answer[:, 4] - exported[:, 4]).max() < 1e-4


def test_its_norms_hold_the_statistics_of_pictures(started, pictures):
    """In training mode, where a norm goes by its batch, it still finds what it found."""
    seen = [Letterbox((320, 320)).fill(cv2.imread(str(one))).copy() for one in pictures]
    batch = torch.from_numpy(np.concatenate(seen))
    norms = [one for one in started.modules() if isinstance(one, torch.nn.BatchNorm2d)]
    assert any(float(norm.running_mean.abs().max()) > 0.1 for norm in norms)
    assert all(float(norm.running_var.min()) > 0 for norm in norms)
    started.eval()
    started.model[-1].end2end = False
    with torch.no_grad():
        calm = started(batch)
        scores = (calm[0] if isinstance(calm, (tuple, list)) else calm)[:, 4]
    assert float(scores.amax(dim=1).median()) > 0.3


def test_a_file_of_another_architecture_is_named(tmp_path, pictures):
    load_ultralytics(tmp_path / "settings")
    with pytest.raises(ModelError, match=r"detector\.onnx: not exported from yolov8n \(layer"):
        trainable_from_onnx(
            weights=BUNDLED, model="yolov8n", pictures=pictures, size=64, output=tmp_path / "a.pt"
        )
    nonsense = tmp_path / "nonsense.onnx"
    nonsense.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"nonsense\.onnx: no readable ONNX file"):
        trainable_from_onnx(
            weights=nonsense, model="yolo26n", pictures=pictures, size=64, output=tmp_path / "a.pt"
        )
