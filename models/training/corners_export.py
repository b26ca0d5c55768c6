"""From the checkpoint of the second look to the weights that are shipped: ONNX and its card."""

import contextlib
import importlib.metadata
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.base import ModelError
from models.detectors.corners import SIZE
from models.runtime import Session, sha256_of
from models.training.card import ORIGINS, Card, write_card
from models.training.corner_network import corner_network
from models.training.corners import (
    CHECKPOINT,
    load_splits,
    recorded,
    report,
)
from models.training.recipes import CornerRecipe

OPSET = 17
LICENCE = "AGPL-3.0-or-later"


def export_corners(
    *,
    run: Path,
    output: Path,
    tables: Sequence[Path],
    images: Path | None = None,
    note: str = "",
) -> list[str]:
    """Write a training's averaged network to `output` (`.onnx`), its card beside it.

    The number of windows stays free in the file. It is measured on the val pictures of the
    tables; what comes out is returned. Raises `ModelError` where
    there is no finished training or the extra is missing.
    """
    if output.suffix != ".onnx":
        raise ModelError(f"{output}: weights are written as ONNX; expected a name ending .onnx")
    recipe, counts = recorded(run)
    if not (run / CHECKPOINT).is_file():
        raise ModelError(f"{run}: no {CHECKPOINT} here; has the training begun?")
    state = _write(run / CHECKPOINT, recipe, output)
    val = load_splits(tables, images, run, recipe, ["val"])["val"]
    session = Session(output)
    lines = report(lambda windows: session.run(windows)[0], val)
    card = _card(output, session, recipe, counts, state, lines)
    write_card(card | {"note": note} if note else card, output)
    return lines


def _write(checkpoint: Path, recipe: CornerRecipe, output: Path) -> dict[str, Any]:
    import onnx
    import torch

    state: dict[str, Any] = torch.load(checkpoint, weights_only=False)
    network = corner_network(recipe.width)
    averaged = {
        name.removeprefix("module."): value
        for name, value in state["averaged"].items()
        if name.startswith("module.")
    }
    network.load_state_dict(averaged)
    network.eval()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").unlink(missing_ok=True)  # it would refuse these weights
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")  # the exporter announces its successor, at length
        torch.onnx.export(
            network, (torch.zeros(1, 3, SIZE[1], SIZE[0]),), str(output), dynamo=False,
            input_names=["windows"], output_names=["answers"], opset_version=OPSET,
            dynamic_axes={"windows": {0: "n"}, "answers": {0: "n"}},
        )  # fmt: skip
    written = onnx.load(str(output))
    del written.metadata_props[:]
    texts = {"description": "second look of plate-streamer's detector", "licence": LICENCE}
    onnx.helper.set_model_props(written, texts)
    onnx.checker.check_model(written)
    output.write_bytes(written.SerializeToString(deterministic=True))
    return state


def _card(
    weights: Path,
    session: Session,
    recipe: CornerRecipe,
    counts: dict[str, int],
    state: dict[str, Any],
    lines: list[str],
) -> Card:
    habits = zip(state["sources"], state["habits"].tolist(), strict=True)
    return {
        "name": weights.stem,
        "file": weights.name,
        "sha256": sha256_of(weights),
        "licence": LICENCE,
        "purpose": "looks at one box again: the four corners of the plate, or that it is none",
        "input": {
            "name": session.inputs[0].name,
            "shape": list(session.inputs[0].shape),
            "meaning": "windows around boxes, RGB in 0..1",
        },
        "output": {
            "name": session.outputs[0].name,
            "shape": list(session.outputs[0].shape),
            "meaning": "x, y of four corners in shares of the window, eight logarithms of"
            " their Laplace scale, logit of being a plate",
        },
        "data": {
            name: {"pictures": count, "origin": _origin(name)} for name, count in counts.items()
        },
        "recipe": {
            "command": "plate-streamer train corners --data ANNOTATIONS --run RUN",
            **asdict(recipe),
        },
        "training": {
            "steps": state["step"],
            "seconds": round(state["seconds"]),
            "start": "random weights",
            "plate-streamer": importlib.metadata.version("plate-streamer"),
            "torch": importlib.metadata.version("torch"),
        },
        "evaluation": {
            "report": lines,
            "habits": {name: [round(value, 3) for value in sides] for name, sides in habits},
        },
    }


def _origin(name: str) -> str:
    """Of a kind of pieces, such as `train/openlpr, no plate`."""
    return ORIGINS.get(name.split("/")[1].split(",", maxsplit=1)[0], "not stated")
