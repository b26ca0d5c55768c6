"""From a checkpoint to the weights that are shipped: ONNX, measured, with its model card."""

import contextlib
import importlib.metadata
import json
import shutil
import sys
from itertools import product
from pathlib import Path
from typing import Any

from models.base import ModelError
from models.training.card import LICENCE, describe, write_card
from models.training.detector import CLASS_NAME, TrainedDetector, trained_detector
from models.training.evaluate import Evaluation, Material, evaluate_detector
from models.training.frameworks import load_ultralytics

OPSET = 17
"""Old enough for ONNX Runtime of 2023, new enough for all operators of the network."""

HEADS = {"raw": None, "no-overlaps": False}
"""The outputs a YOLO26 network can have, as its exporter's argument `nms` names them."""

MOST_PLATES = 64
"""Reported by the output without overlaps; the smallest input, 64x64, has 84 anchors."""


def export_detector(*, run: Path, output: Path, note: str = "") -> Evaluation:
    """Write a training's network to `output` (`.onnx`), its card beside it.

    Of the last checkpoint and the trainer's best, and of the two outputs that the network has,
    those are taken that do best on the val pictures. Width and height stay free in the file;
    the batch is 1. `note` goes into the card. Progress goes to stderr. Raises `ModelError`
    where there is no checkpoint or the extra is missing.
    """
    if output.suffix != ".onnx":
        raise ModelError(f"{output}: weights are written as ONNX; expected a name ending .onnx")
    with contextlib.redirect_stdout(sys.stderr):
        trained = trained_detector(run)
        measured = {}
        for checkpoint, head in product((trained.checkpoint, trained.last), HEADS):
            candidate = run / "export" / f"{checkpoint.stem}-{head}.onnx"
            write_onnx(run, checkpoint, candidate, head)
            measured[candidate] = _evaluate(run, candidate, trained)
            print(f"{candidate.stem}:\n{measured[candidate].table()}", file=sys.stderr)
        best = max(measured, key=lambda file: _worth(measured[file]))
        output.parent.mkdir(parents=True, exist_ok=True)
        # A card of earlier weights would refuse these.
        output.with_suffix(".json").unlink(missing_ok=True)
        shutil.copyfile(best, output)
        card = describe(output, trained, measured[best], _versions() | {"chosen": best.stem})
        write_card(card | {"note": note} if note else card, output)
    return measured[best]


def write_onnx(run: Path, checkpoint: Path, output: Path, head: str) -> None:
    """One checkpoint as ONNX with one kind of output; the same checkpoint gives the same bytes."""
    import onnx

    if not checkpoint.is_file():
        raise ModelError(f"{checkpoint}: no such checkpoint; has the training begun?")
    ultralytics = load_ultralytics(run / "settings")
    output.parent.mkdir(parents=True, exist_ok=True)
    model = ultralytics.YOLO(str(checkpoint), task="detect")
    options = {"format": "onnx", "dynamic": True, "opset": OPSET, "max_det": MOST_PLATES}
    written = model.export(imgsz=640, device="cpu", nms=HEADS[head], **options)
    network = onnx.load(written)
    Path(written).unlink()
    network.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    network.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    _set_texts(network)
    onnx.checker.check_model(network)
    output.write_bytes(network.SerializeToString(deterministic=True))


def _set_texts(network: Any) -> None:
    """The exporter's texts name its makers and the time of day; these name what the file is."""
    import onnx

    del network.metadata_props[:]
    texts = {"description": "number plate detector of plate-streamer", "licence": LICENCE}
    onnx.helper.set_model_props(network, texts | {"names": json.dumps([CLASS_NAME])})


def _evaluate(run: Path, weights: Path, trained: TrainedDetector) -> Evaluation:
    places = json.loads((run / "tables.json").read_text(encoding="utf-8"))
    material = Material(
        tables=[Path(table) for table in places["tables"]],
        images=Path(places["images"]) if places["images"] else None,
        rendered=trained.recipe.rendered_val,
        seed=trained.recipe.seed,
    )
    return evaluate_detector(material, options={"weights": weights})


def _worth(evaluation: Evaluation) -> float:
    """Finding a plate and cutting it out tightly count alike: what is cut badly is misread."""
    return evaluation.scores[-1].ap50 + evaluation.scores[-1].ap50_95


def _versions() -> dict[str, str]:
    names = ("plate-streamer", "torch", "ultralytics", "onnx")
    return {name: importlib.metadata.version(name) for name in names}
