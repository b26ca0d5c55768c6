"""What a reader learns from: annotated crops, drawn plates, and things that are no plates."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image, ModelError
from models.readers.decode import SIGNS
from models.readers.plate_input import to_input
from models.training.non_plates import KINDS, draw_non_plate
from models.training.pictures import load
from models.training.reader_plates import DrawnPlate, draw_reader_plate
from models.training.reader_views import (
    Snippet,
    View,
    view_of_drawn,
    view_of_other,
    view_of_real,
    window_of_backdrop,
)
from models.training.recipes import ReaderRecipe
from models.training.tables import read_tables

if TYPE_CHECKING:
    from pandas import DataFrame

AROUND = 0.4
"""So much of a picture is kept around a plate, in its heights."""

KEPT_HEIGHT = 96
"""Plates that are higher are scaled down: the network sees 64 rows."""

POOL, FRESH = 6000, 40
"""Drawn plates that a batch draws from, and how many of them each batch replaces."""

BACKDROPS = 900

LONGEST = 12


@dataclass(frozen=True, slots=True)
class Crops:
    """The crops of annotated pictures by split, and pieces of the pictures without plates."""

    train: list[Snippet]
    val: list[Snippet]
    untold: list[Snippet]
    backdrops: list[Image]


def load_crops(tables: Sequence[Path], images: Path | None) -> Crops:
    """All annotated crops of the tables. Raises `ModelError` where none has a text."""
    table = read_tables(*tables)
    folder = images or tables[0].parent.parent / "images"
    parts: dict[str, list[Snippet]] = {"train": [], "val": [], "untold": []}
    backdrops: list[Image] = []
    rng = np.random.default_rng(0)
    for number, (name, rows) in enumerate(table.groupby("image", sort=True), start=1):
        image = load(folder / str(name))
        split = str(rows["split"].iloc[0])
        for one in _snippets(image, rows):
            if one.text or split == "train":
                parts[split if one.text else "untold"].append(one)
        if split == "train" and len(backdrops) < BACKDROPS:
            backdrops += _backdrops(rng, image, rows)
        if number % 1000 == 0:
            print(f"read {number} pictures", file=sys.stderr)
    if not parts["train"]:
        raise ModelError(f"{tables[0]}: no train row with a plate_text; a reader needs some")
    return Crops(parts["train"], parts["val"], parts["untold"], backdrops)


def _snippets(image: Image, rows: "DataFrame") -> Iterator[Snippet]:
    for row in rows.to_dict("records"):
        text = "".join(sign for sign in str(row["plate_text"]).upper() if sign in SIGNS)
        x1, y1, x2, y2 = (float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
        if len(text) > LONGEST or y2 - y1 < 7:
            continue
        more = AROUND * (y2 - y1)
        left, top = max(int(x1 - more), 0), max(int(y1 - more), 0)
        part = image[top : int(y2 + more) + 1, left : int(x2 + more) + 1]
        scale = min(1.0, KEPT_HEIGHT / (y2 - y1))
        if scale < 1:
            part = np.asarray(
                cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
            )
        box = tuple((v - o) * scale for v, o in zip((x1, y1, x2, y2), (left, top) * 2, strict=True))
        yield Snippet(part.copy(), (box[0], box[1], box[2], box[3]), text, str(row["source"]))


def _backdrops(rng: np.random.Generator, image: Image, rows: "DataFrame") -> list[Image]:
    """One piece of a picture that touches no annotated plate, if there is room."""
    height, width = image.shape[:2]
    boxes = rows[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float)
    for _ in range(6):
        wide, high = int(min(320, width * 0.5)), int(min(200, height * 0.35))
        if wide < 60 or high < 40:
            return []
        x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
        apart = ((boxes[:, 0] > x + wide + 8) | (boxes[:, 2] < x - 8)
                 | (boxes[:, 1] > y + high + 8) | (boxes[:, 3] < y - 8))  # fmt: skip
        if apart.all():
            return [image[y : y + high, x : x + wide].copy()]
    return []


def crop_of(snippet: Snippet, margin: float = 0.05) -> Image:
    """The plain crop of a snippet, with a margin in heights of the plate."""
    x1, y1, x2, y2 = snippet.box
    more = margin * (y2 - y1)
    left, top = max(round(x1 - more), 0), max(round(y1 - more), 0)
    return snippet.image[top : round(y2 + more), left : round(x2 + more)]


def taught(snippets: Sequence[Snippet], least: float = 0.97) -> list[Snippet]:
    """Those that PP-OCR reads with certainty, and as a plate of some country, with that text.

    A smaller network learns from a larger one (Hinton et al., "Distilling the Knowledge in a
    Neural Network", 2015); only certain answers are taken, since nobody checks them.
    """
    from models.readers.formats import Formats
    from models.readers.knowledge import decide
    from models.readers.rapidocr import RapidocrReader

    reader, formats = RapidocrReader(threads=2), Formats()
    kept = []
    for n in range(0, len(snippets), 32):
        part = snippets[n : n + 32]
        for one, reading in zip(part, reader.read([crop_of(s, 0.02) for s in part]), strict=True):
            if len(reading.text) < 5 or min(reading.confidences, default=0.0) < 0.8:
                continue
            decision = decide(reading.hypotheses, formats)
            if decision.fits and decision.posterior >= least * 0.9:
                kept.append(replace(one, text=decision.text, source="taught"))
    return kept


@dataclass(frozen=True, slots=True)
class Batch:
    """(n, 3, 64, 160) views; `signs` all texts in one row as classes 1 to 36, `lengths` (n,)
    of them, `told` (n,) where the text is to be learnt, `kind` (n, 2): a plate, a whole one."""

    seen: NDArray[np.float32]
    signs: NDArray[np.int64]
    lengths: NDArray[np.int64]
    told: NDArray[np.bool_]
    kind: NDArray[np.float32]


class Batches:
    """Batch by number: the same numbers give the same batches, whoever asks, in any order."""

    def __init__(self, recipe: ReaderRecipe, crops: Crops, more: Sequence[Snippet]) -> None:
        self._recipe = recipe
        self._real = [*crops.train, *more]
        self._backdrops = crops.backdrops
        counts = Counter(one.source for one in self._real)
        # Sources by the square root of their size: none is drowned, none repeated without end.
        odds = np.array([counts[one.source] ** -0.5 for one in self._real])
        self._odds = np.cumsum(odds / odds.sum())
        self._drawn = lru_cache(maxsize=POOL + 500)(self._draw)

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, number: int) -> Batch:
        rng = np.random.default_rng([self._recipe.seed, 1, number])
        return as_batch([self._view(rng, number) for _ in range(self._recipe.batch)])

    def _draw(self, index: int) -> DrawnPlate:
        return draw_reader_plate(np.random.default_rng([self._recipe.seed, 2, index]))

    def _view(self, rng: np.random.Generator, number: int) -> View:
        recipe, chance = self._recipe, rng.random()
        half = bool(rng.random() < recipe.half / (1 - recipe.other))
        if chance < recipe.other:
            return self._other(rng)
        if chance < recipe.other + recipe.real:
            chosen = int(np.searchsorted(self._odds, rng.random()))
            return view_of_real(rng, self._real[min(chosen, len(self._real) - 1)], half=half)
        plate = self._drawn(FRESH * number + int(rng.integers(POOL)))
        return view_of_drawn(rng, plate, self._backdrops, half=half)

    def _other(self, rng: np.random.Generator) -> View:
        if self._backdrops and rng.random() < 0.4:
            backdrop = self._backdrops[int(rng.integers(len(self._backdrops)))]
            return view_of_other(rng, window_of_backdrop(rng, backdrop))
        names = [name for name in KINDS if name != "half plate"]
        return view_of_other(rng, draw_non_plate(rng, names[int(rng.integers(len(names)))]),
                             worse=False)  # fmt: skip


def as_batch(views: Sequence[View]) -> Batch:
    """Views as arrays for the network and its losses."""
    texts = [view.text or "" for view in views]
    return Batch(
        np.stack([to_input(view.seen) for view in views]),
        np.array([SIGNS.index(sign) + 1 for text in texts for sign in text], np.int64),
        np.array([len(text) for text in texts], np.int64),
        np.array([view.text is not None for view in views], np.bool_),
        np.array([[view.plate, view.whole] for view in views], np.float32),
    )
