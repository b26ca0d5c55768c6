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
from models.detectors.yolo import YoloDetector
from models.frameworks import TRAIN_EXTRA, load_ultralytics
from models.training.card import LICENCE, derive, describe, write_card
from models.training.detector import CLASS_NAME, TrainedDetector, trained_detector
from models.training.evaluate import Evaluation, Material, evaluate_detector
from models.training.quantize import PICTURES, Size, chosen, quantize
from models.training.scene import RENDERED

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


def export_variants(
    *, run: Path, weights: Path, fixed: Size | None = None, int8: bool = False
) -> dict[Path, Evaluation]:
    """Further files beside an export of the run, each with a card of its own measurements.

    `fixed` (width, height) writes `…-416x256.onnx`, whose input has that shape and no other, for
    compilers and devices that need that; `int8` writes `…-int8.onnx`, of the fixed network where
    both are asked for, calibrated on train pictures of the run. Raises `ModelError` as
    `export_detector`, and for a size that the network does not take.
    """
    written = {}
    with contextlib.redirect_stdout(sys.stderr):
        material = _material(run, trained_detector(run))
        if fixed:
            source, weights = weights, _named(weights, f"{fixed[0]}x{fixed[1]}")
            written[weights] = fix_size(source, weights, fixed, material)
        if int8:
            source, weights = weights, _named(weights, "int8")
            pictures = chosen(_train_pictures(run), PICTURES)
            written[weights] = quantize(source, weights, pictures, material, fixed)
    return written


def fix_size(source: Path, output: Path, size: Size, material: Material) -> Evaluation:
    """Write the ONNX file `source` for input of one shape alone; its card beside it."""
    YoloDetector(weights=source, size=size)  # says what is wrong with either
    output.with_suffix(".json").unlink(missing_ok=True)
    write_fixed(source, output, size)
    evaluation = evaluate_detector(material, options={"weights": output, "size": size})
    made = {"input": f"fixed to {size[0]}x{size[1]}"}
    write_card(derive(source, output, evaluation, made), output)
    return evaluation


def write_fixed(source: Path, output: Path, size: Size) -> None:
    """Fill in width and height, and what can be computed from them, without measuring it."""
    try:
        import onnx
        import onnxslim
    except ImportError as error:
        raise ModelError(f"fixing a size needs {error.name}: {TRAIN_EXTRA}") from error
    network = onnx.load(str(source))
    shape = f"{network.graph.input[0].name}:1,3,{size[1]},{size[0]}"
    network = onnxslim.slim(network, input_shapes=[shape])
    onnx.checker.check_model(network)
    output.write_bytes(network.SerializeToString(deterministic=True))


def _named(weights: Path, ending: str) -> Path:
    return weights.with_name(f"{weights.stem}-{ending}.onnx")


def _train_pictures(run: Path) -> list[Path]:
    """Those the run was trained on; drawn ones only where there are no others."""
    pictures = list((run / "dataset/images/train").glob("*"))
    return [one for one in pictures if not one.name.startswith(RENDERED)] or pictures


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
    return evaluate_detector(_material(run, trained), options={"weights": weights})


def _material(run: Path, trained: TrainedDetector) -> Material:
    places = json.loads((run / "tables.json").read_text(encoding="utf-8"))
    return Material(
        tables=[Path(table) for table in places["tables"]],
        images=Path(places["images"]) if places["images"] else None,
        rendered=trained.recipe.rendered_val,
        seed=trained.recipe.seed,
    )


def _worth(evaluation: Evaluation) -> float:
    """Finding a plate and cutting it out tightly count alike: what is cut badly is misread."""
    return evaluation.scores[-1].ap50 + evaluation.scores[-1].ap50_95


def _versions() -> dict[str, str]:
    names = ("plate-streamer", "torch", "ultralytics", "onnx")
    return {name: importlib.metadata.version(name) for name in names}
