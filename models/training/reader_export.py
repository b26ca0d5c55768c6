"""From the checkpoint of the reader to the weights that are shipped: ONNX, calibrated, its card."""

import contextlib
import importlib.metadata
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.base import ModelError, Reading
from models.readers.calibration import (
    Calibration,
    best_l2,
    expected_calibration_error,
    features_of,
    fit,
    held_out,
)
from models.readers.ctc import CtcReader
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from models.readers.knowledge import decide
from models.readers.plate_input import HEIGHT, WIDTH
from models.runtime import Session, sha256_of
from models.training.card import ORIGINS, Card, write_card
from models.training.reader import CHECKPOINT, recorded
from models.training.reader_data import crop_of, load_crops
from models.training.reader_network import reader_network
from models.training.reader_views import Snippet
from models.training.recipes import ReaderRecipe
from models.training.typefaces import installed

OPSET = 17
LICENCE = "AGPL-3.0-or-later"

STRENGTHS = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0)
"""Of the formats' say: the one that reads the most val plates right is kept."""

MARGINS = (0.0, 0.05, 0.12)
"""Each val crop is cut as tightly and as widely as detectors do, in heights of the plate."""


def export_reader(
    *,
    run: Path,
    output: Path,
    tables: Sequence[Path],
    images: Path | None = None,
    note: str = "",
) -> list[str]:
    """Write a training's averaged network to `output` (`.onnx`), calibrated, its card beside it.

    The strength of the formats and the calibration are fitted on the val crops of the tables,
    and travel in the file. Where too few of these are read right, or too few wrong, to fit one,
    the file has none, and a line says so. What was found is returned, line by line. Raises
    `ModelError` where there is no training or no val crop with a text.
    """
    if output.suffix != ".onnx":
        raise ModelError(f"{output}: weights are written as ONNX; expected a name ending .onnx")
    recipe, counts = recorded(run)
    if not (run / CHECKPOINT).is_file():
        raise ModelError(f"{run}: no {CHECKPOINT} here; has the training begun?")
    val = load_crops(tables, images).val
    if not val:
        raise ModelError(f"{tables[0]}: no val row with a plate_text; calibration needs some")
    state = _write(run / CHECKPOINT, recipe, output)
    calibration, lines = _calibrated(CtcReader(weights=output), val)
    _with_metadata(output, calibration)
    lines += _by_source(InformedReader(CtcReader(weights=output)), val)
    card = _card(output, recipe, counts, state, lines, calibration)
    write_card(card | {"note": note} if note else card, output)
    return lines


def _write(checkpoint: Path, recipe: ReaderRecipe, output: Path) -> dict[str, Any]:
    import torch
    from torch import nn

    class Answers(nn.Module):  # type: ignore[misc]
        """Probabilities instead of logits: what readers pass on."""

        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            signs, kind = self.network(crops)
            return signs.softmax(-1), kind.sigmoid()

    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    network = reader_network(recipe.width)
    averaged = {
        name.removeprefix("module."): value
        for name, value in state["averaged"].items()
        if name.startswith("module.")
    }
    network.load_state_dict(averaged)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").unlink(missing_ok=True)  # it would refuse these weights
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")  # the exporter announces its successor, at length
        torch.onnx.export(
            Answers(network).eval(), (torch.zeros(1, 3, HEIGHT, WIDTH),), str(output),
            dynamo=False, input_names=["crops"], output_names=["places", "kind"],
            opset_version=OPSET,
            # As it was trained, under its names: runtimes fold it at loading, and a training can
            # go on from it.
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
            dynamic_axes={name: {0: "n"} for name in ("crops", "places", "kind")},
        )  # fmt: skip
    _with_metadata(output, None)
    return state


def _with_metadata(file: Path, calibration: Calibration | None) -> None:
    """Put the texts into the file that travel with the weights."""
    import onnx

    written = onnx.load(str(file))
    del written.metadata_props[:]
    texts = {"description": "plate-streamer's reader of number plates", "licence": LICENCE}
    if calibration is not None:
        texts["calibration"] = calibration.to_json()
    onnx.helper.set_model_props(written, texts)
    onnx.checker.check_model(written)
    file.write_bytes(written.SerializeToString(deterministic=True))


def _calibrated(reader: CtcReader, val: Sequence[Snippet]) -> tuple[Calibration | None, list[str]]:
    """The calibration that fits the val crops, and what it is worth on crops it has not seen."""
    readings = [one for m in MARGINS for one in reader.read([crop_of(s, m) for s in val])]
    truths = [one.text for one in val] * len(MARGINS)
    formats = Formats()
    right = {s: _right(readings, truths, formats, s) for s in STRENGTHS}
    # The weakest of those that are as good as the best: formats should not say more than needed.
    most = max(right.values())
    strength = min(s for s, count in right.items() if count >= most)
    decisions = [decide(one.hypotheses, formats, strength) for one in readings]
    features = [features_of(d, r) for d, r in zip(decisions, readings, strict=True)]
    outcome = [d.text == truth for d, truth in zip(decisions, truths, strict=True)]
    groups = list(range(len(val))) * len(MARGINS)
    shares = ", ".join(f"{s:g}: {count / len(truths):.4f}" for s, count in right.items())
    lines = [f"whole plates right by the formats' strength: {shares}; kept: {strength:g}"]
    try:
        l2 = best_l2(features, outcome, groups=groups)
        said = held_out(features, outcome, l2, groups=groups)
    except ValueError as fault:  # a fold with plates that are all right, or all wrong
        return None, [*lines, f"not calibrated: in a fold of the val crops {fault}"]
    error = expected_calibration_error(said, outcome)
    lines.append(f"expected calibration error of held-out folds: {error:.4f}")
    return fit(features, outcome, l2, strength), lines


def _right(
    readings: Sequence[Reading], truths: Sequence[str], formats: Formats, strength: float
) -> int:
    texts = (decide(one.hypotheses, formats, strength).text for one in readings)
    return sum(text == truth for text, truth in zip(texts, truths, strict=True))


def _by_source(reader: InformedReader, val: Sequence[Snippet]) -> list[str]:
    readings = reader.read([crop_of(one) for one in val])
    lines = []
    for source in sorted({one.source for one in val}):
        pairs = [(r, s) for r, s in zip(readings, val, strict=True) if s.source == source]
        right = sum(reading.text == snippet.text for reading, snippet in pairs)
        share = right / len(pairs)
        lines.append(f"{source}: {right} of {len(pairs)} val plates right ({share:.3f})")
    right = sum(r.text == s.text for r, s in zip(readings, val, strict=True))
    return [*lines, f"all: {right} of {len(val)} ({right / len(val):.4f})"]


def _card(
    weights: Path, recipe: ReaderRecipe, counts: dict[str, int], state: dict[str, Any],
    lines: list[str], calibration: Calibration | None,
) -> Card:  # fmt: skip
    session = Session(weights)
    given, places = session.inputs[0], session.outputs[0]
    origins = {name: ORIGINS.get(name.split("/")[1], "not stated") for name in counts}
    data: dict[str, object] = {
        name: {"pictures": count, "origin": origins[name]} for name, count in counts.items()
    }
    data["train/drawn"] = {
        "pictures": 40 * int(state["step"]),
        "origin": f"drawn by models/training/reader_plates.py; {len(installed())} typefaces here",
    }
    return {
        "name": weights.stem,
        "file": weights.name,
        "sha256": sha256_of(weights),
        "licence": LICENCE,
        "purpose": "reads the plate in a crop: its characters, in one row or two",
        "input": {"name": given.name, "shape": list(given.shape),
                  "meaning": "crops stretched to 160x64 and set upright, BGR, mean 0 and deviation"
                  " 1 per crop"},
        "output": {"name": places.name, "shape": list(places.shape),
                   "meaning": "probabilities of blank, 0-9, A-Z at 40 places of the upper row and"
                   " 40 of the lower; and `kind`: of a plate, of a whole one"},
        "data": data,
        "recipe": {
            "command": "plate-streamer train reader --data ANNOTATIONS --run RUN",
            **asdict(recipe),
        },
        "training": {
            "steps": state["step"],
            "seconds": round(state["seconds"]),
            "start": recipe.start or "random weights",
            "plate-streamer": importlib.metadata.version("plate-streamer"),
            "torch": importlib.metadata.version("torch"),
        },
        "evaluation": {
            "report": lines,
            "calibration": calibration.to_json() if calibration else "none",
        },
    }  # fmt: skip
