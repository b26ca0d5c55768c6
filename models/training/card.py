"""The model card: what weights are, what they were made of, how, and how well they do.

The JSON is for programs (loading checks the SHA-256), the Markdown of it for people.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path

from models.runtime import Port, Session, sha256_of
from models.training.detector import Recipe, TrainedDetector
from models.training.evaluate import Evaluation

LICENCE = "AGPL-3.0-or-later"
"""The training tool, ultralytics, is under the AGPL and holds that for what it makes."""

ORIGINS = {
    "kaggle_cars": "Kaggle 'Car License Plate Detection' (andrewmvd); CC0",
    "openlpr": "faisalthaheem/open-lpr-dataset-plate-detection, 7251620; Apache-2.0",
    "openlpr_boxes": "faisalthaheem/open-lpr-dataset-plate-detection, 7251620; Apache-2.0",
    "romanian_dashcam": "RobertLucian/license-plate-dataset, f00f309; MIT",
    "polish_put": "2acholsk1/car_license_plates_recognizer, dbda6ee; MIT",
    "indian_asik": "Asikpalysik/Automatic-License-Plate-Detection, fe64927; licence not stated, "
    "used for validation only",
    "rendered": "drawn by models/training/synthesis.py",
}
"""Where the pictures of the bundled weights come from, by source."""

Card = dict[str, object]


def describe(
    weights: Path, trained: TrainedDetector, evaluation: Evaluation, versions: Mapping[str, str]
) -> Card:
    """The card of exported weights."""
    session = Session(weights)
    width, height = evaluation.size or (0, 0)
    return {
        "name": weights.stem,
        "file": weights.name,
        "sha256": sha256_of(weights),
        "licence": LICENCE,
        "purpose": "finds number plates in pictures of vehicles; one class",
        "input": _port(session.inputs[0], "RGB in 0..1, shape kept, border grey 114; sides % 32"),
        "output": _port(session.outputs[0], _meaning(session.outputs[0])),
        "data": _data(trained),
        "recipe": {"command": command_of(trained.recipe), **asdict(trained.recipe)},
        "training": {
            "epochs": trained.epochs,
            "seconds": round(trained.seconds),
            "start": "random weights",
            **versions,
        },
        "evaluation": {
            "picture_size": [width, height],
            "runtime": evaluation.runtime,
            "min_score": evaluation.min_score,
            "best_f1_at_score": round(evaluation.best_score, 3),
            "scores": [_rounded(asdict(score)) for score in evaluation.scores],
        },
    }


def command_of(recipe: Recipe) -> str:
    """The command that repeats a training; what the recipe leaves as it is, is not named."""
    words = ["plate-streamer", "train", "detector", "--data", "ANNOTATIONS", "--run", "RUN"]
    for one in fields(Recipe):
        name, value = one.name.replace("_", "-"), getattr(recipe, one.name)
        if value == one.default:
            continue
        words += [f"--no-{name}"] if value is False else [f"--{name}", str(value)]
    return shlex.join(words)


def write_card(card: Card, weights: Path) -> None:
    """Beside the weights: the same name ending `.json`, and `.md` for people."""
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    weights.with_suffix(".json").write_text(text, encoding="utf-8")
    weights.with_suffix(".md").write_text(to_markdown(card), encoding="utf-8")


def to_markdown(card: Card) -> str:
    """The card for people: the same content, tables where there are many of a kind."""
    parts = [f"# {card['name']}", "", f"{str(card['purpose']).capitalize()}.", ""]
    parts += [f"- {key}: `{card[key]}`" for key in ("file", "sha256", "licence")]
    parts += [
        f"- {key}: " + "; ".join(f"{k} {v}" for k, v in _items(card[key]))
        for key in ("input", "output")
    ]
    parts += ["", "## Data", "", "| pictures | number | origin |", "|---|---|---|"]
    for key, entry in _items(card["data"]):
        content = dict(_items(entry))
        parts.append(f"| {key} | {content['pictures']} | {content['origin']} |")
    for title in ("recipe", "training"):
        parts += ["", f"## {title.capitalize()}", ""]
        parts += [f"- {key}: `{value}`" for key, value in _items(card[title])]
    parts += ["", "## Evaluation", *_evaluation(dict(_items(card["evaluation"])))]
    if "note" in card:
        parts += ["", "## Note", "", str(card["note"])]
    return "\n".join(parts) + "\n"


def _evaluation(content: Mapping[str, object]) -> list[str]:
    scores = content["scores"]
    rows = [dict(_items(score)) for score in scores] if isinstance(scores, list) else []
    size = content["picture_size"]
    shape = "x".join(map(str, size)) if isinstance(size, list) else str(size)
    return [
        "",
        f"The exported file on the val pictures, at {shape} with {content['runtime']}. Precision "
        f"and recall at score {content['min_score']} (best F1 at {content['best_f1_at_score']}), "
        "overlap 0.5.",
        "",
        "| " + " | ".join(rows[0]) + " |",
        "|" + "---|" * len(rows[0]),
        *("| " + " | ".join(map(str, row.values())) + " |" for row in rows),
        "",
        "The boxes of the sources were drawn by different hands, some tighter than others: "
        "`ap50_95` says less than `ap50`, and some plates in the background are not boxed at all.",
    ]


def _data(trained: TrainedDetector) -> dict[str, object]:
    return {
        key: {"pictures": count, "origin": ORIGINS.get(key.split("/")[1], "not stated")}
        for key, count in trained.pictures.items()
    }


def _port(port: Port, meaning: str) -> dict[str, object]:
    return {"name": port.name, "shape": list(port.shape), "meaning": meaning}


def _meaning(port: Port) -> str:
    if port.shape[-1] == 6:
        return "plates: x1, y1, x2, y2 in pixels of the input, score, class; no overlaps"
    return "anchors: centre x, y, width, height in pixels of the input, score; with overlaps"


def _rounded(values: Mapping[str, object]) -> dict[str, object]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}


def _items(mapping: object) -> list[tuple[str, object]]:
    return list(mapping.items()) if isinstance(mapping, dict) else []
