"""A page of what a reader reads wrong: every crop with truth and reading, beside all figures.

The page holds its pictures in itself and loads nothing from elsewhere. They are cut from the
data it was measured on: whoever may not pass that on may not pass on the page.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.base import Image, Reading
from models.edits import align
from models.training.evaluate_reader import Comparison, Read, looks_of
from models.training.page import as_uri, write_page
from models.training.plate_crops import NonPlate
from models.training.reader_figures import ReaderEvaluation
from models.training.reader_report import comparison_rows, cost_rows, share
from models.training.reader_scores import Look, confidence_of, is_accepted

MOST_NON_PLATES = 60
CANDIDATES = 4
WIDEST = 360
"""Crops are shown no wider than this, in pixels."""

LEAST_SHOWN = 40
"""Crops lower than this are enlarged: a browser would smooth away what the reader saw."""

GAP = "·"


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a text beside another: `sign` is GAP where that one has more characters."""

    sign: str
    differs: bool


def write_reader_gallery(file: Path, comparison: Comparison) -> None:
    """Figures of the first reader and its misread plates, the surest first; others beside it.

    Raises `ModelError` where jinja2 is missing or the file cannot be written.
    """
    evaluation, read = comparison.evaluations[0], comparison.read[0]
    others = {one.reader: some for one, some in _pairs(comparison)[1:]}
    wrong = wrong_looks(read, evaluation.least)
    write_page(
        file,
        "reader_gallery.html",
        evaluation=evaluation,
        names=[one.reader for one in comparison.evaluations],
        comparison=_comparison(comparison),
        share=share,
        curve=curve_of(evaluation),
        curve_floor=curve_floor(evaluation),
        sources=Counter(look.plate.source for _, look in wrong).most_common(),
        figures=[_figure(number, look, others) for number, look in wrong],
        believed=_believed(comparison.non_plates, comparison.refused[0], evaluation.least),
    )


def wrong_looks(read: Read, min_confidence: float = 0.0) -> list[tuple[int, Look]]:
    """The misread plates with their places in the material, the surest first."""
    looks = enumerate(looks_of(read, min_confidence))
    wrong = [(number, look) for number, look in looks if not look.right]
    return sorted(wrong, key=lambda one: -confidence_of(one[1].reading))


def marked(truth: str, text: str) -> tuple[list[Cell], list[Cell]]:
    """Both texts in cells that stand above each other."""
    above, below = [], []
    for a, b in align(truth, text):
        first = GAP if a is None else truth[a]
        second = GAP if b is None else text[b]
        above.append(Cell(first, first != second))
        below.append(Cell(second, first != second))
    return above, below


def curve_of(evaluation: ReaderEvaluation) -> str:
    """Accuracy against the share that is believed, as the points of an SVG polyline."""
    low = curve_floor(evaluation)
    return " ".join(
        f"{100 * part:.1f},{100 * (1 - right) / (1 - low):.2f}"
        for part, right in evaluation.coverage
    )


def curve_floor(evaluation: ReaderEvaluation) -> float:
    """Where the axis of the curve begins: the tenth below its lowest point, 0.9 at most."""
    lowest = min((right for _, right in evaluation.coverage), default=0.0)
    return min(0.9, int(10 * lowest) / 10)


def _pairs(comparison: Comparison) -> list[tuple[ReaderEvaluation, Read]]:
    return list(zip(comparison.evaluations, comparison.read, strict=True))


def _comparison(comparison: Comparison) -> list[tuple[str, list[str]]]:
    names = [one.reader for one in comparison.evaluations]
    if len(names) == 1:
        return []
    return comparison_rows(comparison.evaluations) + cost_rows(comparison.costs, names)


def _figure(number: int, look: Look, others: Mapping[str, Read]) -> dict[str, object]:
    above, below = marked(look.plate.truth, look.reading.text)
    return {
        "picture": None if look.plate.crop is None else as_uri(shown(look.plate.crop)),
        "source": look.plate.source,
        "file": look.plate.file,
        "truth": above,
        "reading": below,
        "accepted": look.accepted,
        "notes": _notes(look),
        "candidates": _candidates(look.reading),
        "others": [
            (name, read.readings[number].text, read.readings[number].text == look.plate.truth)
            for name, read in others.items()
        ],
    }


def _notes(look: Look) -> str:
    words = [f"{confidence_of(look.reading):.1%} sure", f"{look.plate.height_px:.0f} px high"]
    words += [look.reading.country] if look.reading.country else []
    words += [look.reading.reason.replace("_", " ")] if look.reading.reason else []
    return ", ".join(words)


def _candidates(reading: Reading) -> str:
    rest = [one for one in reading.hypotheses if one.text != reading.text]
    return ", ".join(f"{one.text} {one.probability:.1%}" for one in rest[:CANDIDATES])


def _believed(
    pictures: Sequence[NonPlate], readings: Sequence[Reading], least: float
) -> list[dict[str, str]]:
    """What is no whole plate and was believed all the same, the surest first."""
    pairs = [
        (one, reading)
        for one, reading in zip(pictures, readings, strict=True)
        if is_accepted(reading, least)
    ]
    pairs.sort(key=lambda pair: -confidence_of(pair[1]))
    return [
        {
            "picture": as_uri(shown(one.crop)),
            "kind": one.kind,
            "text": reading.text,
            "sure": f"{confidence_of(reading):.1%}",
        }
        for one, reading in pairs[:MOST_NON_PLATES]
    ]


def shown(crop: Image) -> Image:
    """The crop in a size to look at; pixels of small ones stay squares."""
    crop = _as_bgr(crop)
    height, width = crop.shape[:2]
    if height < LEAST_SHOWN:
        times = max(1, min(round(LEAST_SHOWN / height), WIDEST // max(width, 1)))
        size = (width * times, height * times)
        return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    scale = min(1.0, WIDEST / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


def _as_bgr(crop: Image) -> Image:
    if not crop.size:
        return np.zeros((8, 32, 3), np.uint8)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR) if crop.ndim == 2 else crop, np.uint8)
