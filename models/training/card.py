"""The model card: what weights are, what they were made of, how, and how well they do.

The JSON is for programs (loading checks the SHA-256), the Markdown of it for people.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

from models.runtime import Port, Session, sha256_of
from models.training.detector import TrainedDetector
from models.training.faults import Bare
from models.training.figures import Evaluation
from models.training.recipes import Recipe
from models.training.scores import Score
from models.training.tightness import BandScore, Tightness

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
    "us_crops": "openalpr/benchmarks, seg_and_ocr/usimages; AGPL-3.0",
    "br_crops": "openalpr/train-detector, folder br; AGPL-3.0",
    "taught": "train pictures above without a text, read by PP-OCR with certainty",
    "rendered": "drawn by models/training/synthesis.py",
    "rendered bare": "drawn by models/training/synthesis.py, vehicles without plates",
    "planted": "train pictures above, drawn plates over their own (models/training/transplant.py)",
    "close-up": "train pictures above, cut around a plate",
    "erased": "train pictures above, plates painted over",
}
"""Where the pictures of the bundled weights come from, by source."""

Card = dict[str, object]
Figures = Score | BandScore | Tightness | Bare


def describe(
    weights: Path, trained: TrainedDetector, evaluation: Evaluation, versions: Mapping[str, str]
) -> Card:
    """The card of exported weights."""
    return {
        **_file(weights),
        "data": _data(trained),
        "recipe": {"command": command_of(trained.recipe), **asdict(trained.recipe)},
        "training": {
            "epochs": trained.epochs,
            "seconds": round(trained.seconds),
            "start": trained.start,
            **versions,
        },
        "evaluation": _figures(evaluation),
    }


def derive(source: Path, weights: Path, evaluation: Evaluation, made: Mapping[str, object]) -> Card:
    """The card of `weights` that were made out of the file `source`, and `made` says how.

    Data, recipe and training are those of the card beside `source`; without one they are not
    stated.
    """
    file = source.with_suffix(".json")
    known: Card = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    origin = {"made_from": source.name, "made_from_sha256": sha256_of(source), **made}
    card = {
        **_file(weights),
        "licence": known.get("licence", "not stated"),
        "data": known.get("data", {}),
        "recipe": known.get("recipe", {}),
        "training": dict(_items(known.get("training"))) | origin,
        "evaluation": _figures(evaluation),
    }
    return card | {"note": known["note"]} if "note" in known else card


def _file(weights: Path) -> Card:
    session = Session(weights)
    return {
        "name": weights.stem,
        "file": weights.name,
        "sha256": sha256_of(weights),
        "licence": LICENCE,
        "purpose": "finds number plates in pictures of vehicles; one class",
        "input": _port(session.inputs[0], "RGB in 0..1, shape kept, border grey 114; sides % 32"),
        "output": _port(session.outputs[0], _meaning(session.outputs[0])),
    }


def _figures(evaluation: Evaluation) -> Card:
    width, height = evaluation.size or (0, 0)
    return {
        "picture_size": [width, height],
        "runtime": evaluation.runtime,
        "second_look": evaluation.second_look,
        "min_score": evaluation.min_score,
        "best_f1_at_score": round(evaluation.best_score, 3),
        "scores": _rows(evaluation.scores),
        "heights": _rows(band for band in evaluation.bands if band.plates),
        "tightness": _rows(evaluation.tightness),
        "without_plates": _rows(evaluation.bare),
    }


def command_of(recipe: Recipe) -> str:
    """The command that repeats a training; what the recipe leaves as it is, is not named."""
    words = ["plate-streamer", "train", "detector", "--data", "ANNOTATIONS", "--run", "RUN"]
    for one in fields(Recipe):
        name, value = one.name.replace("_", "-"), getattr(recipe, one.name)
        if value == one.default:
            continue
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            words += [f"--{name}", str(value)]
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


TABLES = {
    "heights": "By the height of the plate in pixels of the stored picture, `low` up to below "
    "`high`; plates of other heights are left out, found or not.",
    "tightness": "How the boxes fit the plates that they found: medians. `beyond` is by how much "
    "the left, top, right and bottom side reach beyond the annotated one, as share of the "
    "plate's width or height, and `spread` the median absolute deviation of that; "
    "`corner_error` is the mean distance of the corners as share of the plate's height.",
    "without_plates": "False boxes in pictures without plates, at the same score.",
}
"""The further tables of an evaluation and what is to be said of each; older cards have none."""


def _evaluation(content: Mapping[str, object]) -> list[str]:
    if "habits" in content:
        return _of_corners(content)
    return _of_reader(content) if "report" in content else _of_detector(content)


def _of_reader(content: Mapping[str, object]) -> list[str]:
    """What a reader was found to read."""
    lines = content["report"]
    return [
        "",
        "The exported file on the val crops, cut with a margin of 0.05 of the plate's height, with "
        "formats of all countries. Their strength, the calibration and when to stop were chosen on "
        "the same crops, which flatters a little:",
        "",
        *(f"- {line}" for line in (lines if isinstance(lines, list) else [])),
        "",
        f"Calibration: `{content['calibration']}`",
    ]


def _of_corners(content: Mapping[str, object]) -> list[str]:
    """What a second look was found to do."""
    lines = content["report"]
    habits = [{"source": name, "left, top, right, bottom": sides}
              for name, sides in _items(content["habits"])]  # fmt: skip
    return [
        "",
        "The exported file on windows around the val pictures' annotated boxes:",
        "",
        *(f"- {line}" for line in (lines if isinstance(lines, list) else [])),
        "",
        "How far beside the plate's edge each source draws its boxes, as learnt along, in shares "
        "of the box (0 where the corners are known):",
        *_table(habits),
    ]


def _of_detector(content: Mapping[str, object]) -> list[str]:
    size = content["picture_size"]
    shape = "x".join(map(str, size)) if isinstance(size, list) else str(size)
    return [
        "",
        f"The exported file on the val pictures, at {shape} with {content['runtime']}, "
        f"{'with' if content.get('second_look') else 'without'} the second look. Precision "
        f"and recall at score {content['min_score']} (best F1 at {content['best_f1_at_score']}), "
        "overlap 0.5.",
        *_table(content["scores"]),
        "",
        "The boxes of the sources were drawn by different hands, some tighter than others: "
        "`ap50_95` says less than `ap50`, and some plates in the background are not boxed at all.",
        *(line for key, text in TABLES.items() for line in _titled(text, content.get(key))),
    ]


def _titled(text: str, rows: object) -> list[str]:
    return ["", text, *_table(rows)] if rows else []


def _table(content: object) -> list[str]:
    """Rows with the same keys as a table below an empty line."""
    rows = [dict(_items(row)) for row in content] if isinstance(content, list) else []
    if not rows:
        return []
    return [
        "",
        "| " + " | ".join(rows[0]) + " |",
        "|" + "---|" * len(rows[0]),
        *("| " + " | ".join(map(_cell, row.values())) + " |" for row in rows),
    ]


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return "" if value is None else str(value)


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


def _rows(figures: Iterable[Figures]) -> list[dict[str, object]]:
    return [{k: _rounded(v) for k, v in asdict(one).items()} for one in figures]


def _rounded(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def _items(mapping: object) -> list[tuple[str, object]]:
    return list(mapping.items()) if isinstance(mapping, dict) else []
