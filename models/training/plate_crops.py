"""Crops to read: plates whose text is known, cut from annotated pictures, and what is no plate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.base import Box, Image, ModelError
from models.readers.decode import fold
from models.training.negatives import load_picture, pictures_in
from models.training.non_plates import KINDS, draw_non_plate
from models.training.scores import iou_matrix
from models.training.tables import AnnotationError, read_tables

MARGIN = 0.05
"""Around a plate that is cut out, in heights of its box."""

LONG = 2.5
"""A plate so many times as wide as high has its characters in one row, nearly always."""

CROP_ROWS = 160
"""A picture without plates that is no higher is one to be read as it is."""

BESIDE, NEGATIVE = "beside plates", "negatives"
"""Kinds of windows: from annotated pictures, and from a folder of pictures without plates."""

Cut = Callable[[Image, Box], Image | None]
"""The crop of a plate from a picture and its annotated box; None where it is not found."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate whose text is known, cut out; `crop` is None where a detector did not find it.

    `truth` has upper-case letters and digits only; `height_px` and `ratio` (width over height)
    are those of its annotated box; `rows` is None where nobody says it.
    """

    source: str
    file: str
    crop: Image | None
    truth: str
    height_px: float
    ratio: float
    rows: int | None = None

    @property
    def shape(self) -> str:
        """By its sides: what is not long may have two rows."""
        return "long" if self.ratio >= LONG else "short"


@dataclass(frozen=True, slots=True)
class NonPlate:
    """A picture to be read that shows no whole plate; `kind` says what it shows."""

    kind: str
    crop: Image


def load_plates(
    tables: Sequence[Path],
    *,
    images: Path | None = None,
    split: str = "val",
    cut: Cut | None = None,
    jitter: float = 0.0,
    seed: int = 0,
    limit: int = 0,
) -> Iterator[Plate]:
    """The plates with text of a split, in the order of the tables.

    `images`: see `scenes_of`. `cut` is `cut_with(MARGIN)` by default; a plate that is the whole
    picture is taken as it is. `jitter` moves each side of the others by up to that share of
    the box. With `limit`, every n-th row of a table is taken, so that about so many are left. A
    column `rows` of a table says how many rows of text a plate has. Raises
    `ModelError` for a picture that is missing or no picture, and where no text is known.
    """
    rng = np.random.default_rng(seed)
    cut = cut or cut_with(MARGIN)
    count = 0
    for table_file in tables:
        table = read_tables(table_file)
        table = table[(table.split == split) & (table.plate_text.map(plain_text) != "")]
        table = table.iloc[:: max(1, len(table) // limit)] if limit else table
        root = images or table_file.parent.parent / "images"
        for name, rows in table.groupby("image", sort=False):
            picture = _load(table_file, root / str(name))
            for row in rows.to_dict("records"):
                count += 1
                yield _plate(picture, row, cut, rng.uniform(-jitter, jitter, 4))
    if not count:
        names = ", ".join(str(file) for file in tables) or "the tables"
        raise ModelError(f"nothing to evaluate: {names}: no {split} row with a plate_text")


def plain_text(text: str) -> str:
    """What a reader is expected to say: upper case, accents, blanks and dashes gone."""
    return "".join(map(fold, text.upper()))


def cut_with(margin: float) -> Callable[[Image, Box], Image]:
    """Cuts by the annotated box, with a margin in heights of it, inside the picture."""
    return partial(cut_box, margin=margin)


def cut_box(picture: Image, box: Box, margin: float = 0.0) -> Image:
    """The box and a margin around it, in heights of the box; not empty, inside the picture."""
    around = margin * (box[3] - box[1])
    height, width = picture.shape[:2]
    left, top = max(round(box[0] - around), 0), max(round(box[1] - around), 0)
    right, bottom = min(round(box[2] + around), width), min(round(box[3] + around), height)
    left, top = min(left, width - 1), min(top, height - 1)
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)]


def rendered_non_plates(count: int, seed: int = 0) -> Iterator[NonPlate]:
    """`count` drawn ones, of all kinds alike; the same for the same seed."""
    kinds = list(KINDS)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield NonPlate(kind, draw_non_plate(np.random.default_rng([seed, number]), kind))


def windows_beside(
    tables: Sequence[Path], images: Path | None = None, split: str = "val", per_picture: int = 1
) -> Iterator[NonPlate]:
    """Windows of annotated pictures that touch no annotated plate, but are near one.

    They show bumpers, lamps, lettering, road; now and then a plate that nobody has boxed.
    """
    rng = np.random.default_rng(0)
    for table_file in tables if per_picture else ():
        table = read_tables(table_file)
        root = images or table_file.parent.parent / "images"
        for name, rows in table[table.split == split].groupby("image", sort=False):
            boxes = rows[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float).tolist()
            if any(_is_whole(box, rows.iloc[0].width, rows.iloc[0].height) for box in boxes):
                continue
            picture = _load(table_file, root / str(name))
            for _ in range(per_picture):
                window = _window_near(rng, picture, boxes)
                if window is not None:
                    yield NonPlate(BESIDE, cut_box(picture, window))


def negatives_in(folder: Path, per_picture: int = 4) -> Iterator[NonPlate]:
    """Pictures of a folder that hold no plate: windows of plate-like shape, small ones whole.

    Raises `ModelError` where there is no picture.
    """
    rng = np.random.default_rng(0)
    for scene in pictures_in(folder):
        picture = load_picture(scene.path)
        if picture.shape[0] <= CROP_ROWS:
            yield NonPlate(NEGATIVE, picture)
            continue
        for _ in range(per_picture):
            high = min(rng.uniform(16, 120), picture.shape[0] / 2)
            window = _window(rng, picture, high, (0.0, 0.0, picture.shape[1], picture.shape[0]))
            yield NonPlate(NEGATIVE, cut_box(picture, window))


def _load(table_file: Path, path: Path) -> Image:
    if not path.is_file():
        raise AnnotationError(f"{table_file}: picture {path} is missing")
    return load_picture(path)


def _plate(picture: Image, row: dict[str, object], cut: Cut, shift: object) -> Plate:
    x1, y1, x2, y2 = (float(str(row[key])) for key in ("xmin", "ymin", "xmax", "ymax"))
    wide, high = x2 - x1, y2 - y1
    if _is_whole([x1, y1, x2, y2], float(str(row["width"])), float(str(row["height"]))):
        crop: Image | None = picture
    else:
        a, b, c, d = np.asarray(shift) * (wide, high, wide, high) + (x1, y1, x2, y2)
        crop = cut(picture, (float(a), float(b), float(c), float(d)))
    rows = str(row.get("rows", "")).removesuffix(".0")
    return Plate(
        source=str(row["source"]),
        file=Path(str(row["image"])).name,
        crop=crop,
        truth=plain_text(str(row["plate_text"])),
        height_px=high,
        ratio=wide / high,
        rows=int(rows) if rows.isdigit() else None,
    )


def _is_whole(box: Sequence[float], width: float, height: float) -> bool:
    return tuple(box) == (0, 0, width, height)


def _window_near(
    rng: np.random.Generator, picture: Image, boxes: Sequence[Sequence[float]]
) -> Box | None:
    """As large as a plate, within four plate widths of it; None where there is no room."""
    grown = [(a - 0.3 * (d - b), b - 0.3 * (d - b), c + 0.3 * (d - b), d + 0.3 * (d - b))
             for a, b, c, d in boxes]  # fmt: skip
    x1, y1, x2, y2 = boxes[int(rng.integers(len(boxes)))]
    reach = 4 * (x2 - x1)
    for _ in range(20):
        high = (y2 - y1) * rng.uniform(0.7, 1.5)
        near = (x1 - reach, y1 - reach, x2 + reach, y2 + reach)
        window = _window(rng, picture, high, near)
        if not iou_matrix([window], grown).any():
            return window
    return None


def _window(rng: np.random.Generator, picture: Image, high: float, inside: Box) -> Box:
    """At random, `high` pixels high and 1.3 to 5 times as wide, in a part of the picture."""
    height, width = picture.shape[:2]
    high = min(high, height / 2)
    wide = min(high * rng.uniform(1.3, 5.0), width / 2)
    left, top = max(inside[0], 0.0), max(inside[1], 0.0)
    x = rng.uniform(left, max(left, min(inside[2], width) - wide))
    y = rng.uniform(top, max(top, min(inside[3], height) - high))
    x, y = min(x, width - wide), min(y, height - high)
    return float(x), float(y), float(x + wide), float(y + high)
