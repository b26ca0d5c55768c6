"""Your own model as the detector: whatever the library `ultralytics` can load.

That is a checkpoint (`.pt`) or what was exported from one: `.onnx`, `.torchscript`, `.engine`, a
folder of OpenVINO's, and so on. Needs the extra `yolo`. The library is kept from calling its
makers and from downloading anything; what it has to say goes into our log.

A checkpoint is a pickle, which could hold any program: here only classes of ultralytics and
torch are let through, unless the environment variable ULTRALYTICS_SAFE_LOAD is 0.
"""

import atexit
import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from models.base import Detection, Image, ModelError
from models.detectors.network import STRIDE
from models.detectors.quads import box_around, corners_in, settled
from models.download import default_cache

YOLO_EXTRA = "pip install 'plate-streamer[yolo]'"

TASKS = ("detect", "segment", "pose", "obb")
"""What gives boxes; other tasks of ultralytics say what is in a picture, not where."""

VISIBLE = 0.5
"""Keypoints of a lower confidence are guesses at what cannot be seen: then the box stands alone."""

DOUBTFUL = (
    "it is damaged, no checkpoint of ultralytics, or has classes of other packages, which could"
    " run any program (ULTRALYTICS_SAFE_LOAD=0 in the environment lets them in)"
)


class UltralyticsDetector:
    """Finds what a model of ultralytics finds, as plates.

    `weights` is the file or folder of the model. `classes` are the names or numbers of those of
    its classes that are plates, None for all. `size` is the (width, height) to which pictures
    are scaled, turned for upright ones; an export of fixed size takes its own instead. `device`
    is what torch calls it: `cpu`, `cuda:0`, `mps`. `threads` holds for checkpoints and ONNX on
    a processor; torch has one number of threads for the whole process, and other engines
    choose for themselves.

    Oriented boxes and poses of four keypoints give `Detection.corners`; poses of any other
    number give boxes only.

    Raises `ModelError` if ultralytics is not installed, or the model is missing or cannot be
    used; it is loaded here, which takes some seconds. One instance serves one thread.
    """

    def __init__(
        self,
        *,
        weights: Path,
        classes: tuple[int | str, ...] | None = None,
        size: tuple[int, int] = (640, 384),
        min_score: Annotated[float, Ge(0), Le(1)] = 0.25,
        device: str = "cpu",
        threads: Annotated[int, Gt(0)] = 1,
    ) -> None:
        if any(side <= 0 or side % STRIDE for side in size):
            raise ModelError(f"size {size[0]}x{size[1]}: both must be multiples of {STRIDE}")
        self._weights = Path(weights)
        self._settings = {"conf": min_score, "agnostic_nms": True, "device": device}
        self._model = _load(self._weights)
        self._lying = self._upright = size
        self._try(size)
        if device == "cpu":
            _limit_threads(self._model.predictor.model, self._weights, threads)
        names = self._model.predictor.model.names
        self._settings["classes"] = numbers_of(classes, names, self._weights)
        self._learn_to_turn(size)

    @property
    def names(self) -> dict[int, str]:
        """What the model calls its classes, by their numbers."""
        return dict(self._model.predictor.model.names)

    def keep(self, classes: Sequence[int | str]) -> None:
        """Find these classes only from now on. Raises `ModelError` for unknown ones."""
        self._settings["classes"] = numbers_of(classes, self.names, self._weights)

    def detect(self, image: Image) -> list[Detection]:
        """The plates of one picture, best score first, boxes clipped to the picture."""
        if 0 in image.shape:
            return []
        upright = image.shape[0] > image.shape[1]
        result = self._predict(image, self._upright if upright else self._lying)
        return settled(_detections(result), (image.shape[1], image.shape[0]))

    def _predict(self, image: Image, size: tuple[int, int]) -> Any:
        (result,) = self._model.predict(image, imgsz=size[::-1], verbose=False, **self._settings)
        return result

    def _try(self, size: tuple[int, int]) -> None:
        """A model that cannot be used shows at the start, and so does its first, slow call."""
        try:
            self._predict(np.zeros((*size[::-1], 3), np.uint8), size)
        except Exception as error:  # every engine raises types of its own
            raise ModelError(f"{self._weights}: ultralytics fails on it: {_line(error)}") from error

    def _learn_to_turn(self, size: tuple[int, int]) -> None:
        turned = size[::-1]
        with contextlib.suppress(ModelError):  # a fixed size takes every picture as it can
            self._try(turned)
            self._lying, self._upright = sorted((size, turned), reverse=True)


def numbers_of(
    classes: Sequence[int | str] | None, names: Mapping[int, str], weights: Path
) -> list[int] | None:
    """The numbers of the classes meant; None for all. Raises `ModelError` for unknown ones."""
    if classes is None:
        return None
    by_name = {name: number for number, name in names.items()}
    numbers = [one if isinstance(one, int) else by_name.get(one, -1) for one in classes]
    unknown = [one for one, number in zip(classes, numbers, strict=True) if number not in names]
    if unknown or not numbers:
        what = f"no class {unknown[0]!r}" if unknown else "classes is empty"
        raise ModelError(f"{weights}: {what}; the model has: {listed(names)}")
    return numbers


def listed(names: Mapping[int, str]) -> str:
    """The classes of a model, as errors name them."""
    return ", ".join(f"{name} ({number})" for number, name in names.items())


def load_library() -> ModuleType:
    """`ultralytics`, silent towards its makers and on stdout.

    Raises `ModelError` where the extra is not installed.
    """
    for name in ("ultralytics", "torch", "matplotlib"):
        if find_spec(name) is None:
            raise ModelError(f"detector ultralytics needs {name}: {YOLO_EXTRA}")
    from models.frameworks import load_ultralytics

    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "1")
    # It logs to stdout, where results stand, from its import on.
    with contextlib.redirect_stdout(sys.stderr):
        library = load_ultralytics(settings_folder())
    talk = logging.getLogger("ultralytics")
    for handler in list(talk.handlers):
        talk.removeHandler(handler)
    talk.setLevel(logging.WARNING)
    talk.propagate = True
    return library


def settings_folder() -> Path:
    """Where ultralytics may keep its settings: in our cache, else in a folder that goes again."""
    with contextlib.suppress(OSError, RuntimeError):  # a service may have no home at all
        folder = default_cache() / "ultralytics"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    passing = Path(tempfile.mkdtemp(prefix="plate-streamer-"))
    atexit.register(shutil.rmtree, passing, ignore_errors=True)
    return passing


def _load(weights: Path) -> Any:
    library = load_library()
    # By a name it does not find, it would look on the network.
    if not weights.exists():
        raise ModelError(f"{weights}: no such model file")
    if weights.suffix.lower() in (".yaml", ".yml"):
        raise ModelError(f"{weights}: an architecture without weights; give a .pt or an export")
    try:
        model = library.YOLO(str(weights))
    except Exception as error:  # pickle, torch and ultralytics raise types of their own
        fault = DOUBTFUL if weights.suffix.lower() == ".pt" else _line(error)
        raise ModelError(f"{weights}: ultralytics cannot load it: {fault}") from error
    if model.task not in TASKS:
        raise ModelError(
            f"{weights}: a model for {model.task}; it should be for {', '.join(TASKS)}"
        )
    return model


def _limit_threads(network: Any, weights: Path, threads: int) -> None:
    """After the model is set up: ultralytics then takes all cores but one for torch."""
    import torch

    torch.set_num_threads(threads)
    engine = getattr(network, "backend", network)
    if weights.suffix.lower() == ".onnx" and hasattr(engine, "session"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        engine.session = onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )


def _detections(result: Any) -> list[Detection]:
    if result.obb is not None:
        boxes = _numbers(result.obb.xyxyxyxy)
        scores = _numbers(result.obb.conf).tolist()
        around = [box_around(points) for points in boxes]
        return [
            Detection(box, score, corners_in(points, box))
            for points, box, score in zip(boxes, around, scores, strict=True)
        ]
    rows = _numbers(result.boxes.data)
    found = [Detection((x1, y1, x2, y2), score) for x1, y1, x2, y2, score in rows[:, :5].tolist()]
    points = None if result.keypoints is None else _numbers(result.keypoints.data)
    if points is None or points.shape[1] != 4:
        return found
    return [_with_corners(one, four) for one, four in zip(found, points, strict=True)]


def _with_corners(found: Detection, points: NDArray[np.float64]) -> Detection:
    """`points` is (4, 2) or, with the confidence of each, (4, 3)."""
    if (points[:, 2:] < VISIBLE).any():
        return found
    return Detection(found.box, found.score, corners_in(points[:, :2], found.box))


def _numbers(tensor: Any) -> NDArray[np.float64]:
    return np.asarray(tensor.cpu().numpy(), np.float64)


def _line(error: Exception) -> str:
    """The first line of a message: the rest is advice for those who use ultralytics itself."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
