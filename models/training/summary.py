"""An import as one page to look at: counts, sizes, odd boxes, duplicates, samples.

The page holds its pictures and loads nothing from elsewhere. It shows at most 60 of them and
100 lines of each kind, so that it stays small however much was imported.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.frameworks import TRAIN_EXTRA
from models.training.charts import HEIGHT, WIDTH, Chart, histogram
from models.training.imports import LabelImport
from models.training.pictures import IntBox, load
from models.training.tables import AnnotationError

PAGES = Path(__file__).parent / "pages"

ODD, PAIRS, SAMPLES = 12, 8, 16
"""How many are shown: odd boxes, pairs of duplicates, sample pictures (each with a crop)."""

LINES = 100
SOURCES = 50

TINY_PX = (16, 6)
"""Narrower or lower than this, a plate has less than 2 pixels for each character's width."""

FLATTEST, STEEPEST = 8.0, 0.8
"""Width by height: no plate in use is flatter or steeper by more than perspective does."""

SHOWN = (380, 300)
"""No picture is shown larger than this, in pixels."""

BOX_COLOUR = (60, 190, 250)

Bgr = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Figure:
    """`picture` is a data URI."""

    picture: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class OddBox:
    """A box that may be wrong, and why."""

    image: str
    box: IntBox
    why: str


def write_summary(found: LabelImport, file: Path, title: str) -> None:
    """Write the page. Raises `AnnotationError` where jinja2 is not there, or a file fails."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise AnnotationError(f"a summary needs {error.name or error}: {TRAIN_EXTRA}") from error
    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("voc_summary.html").render(title=title, **_content(found))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be written ({error.strerror})") from error


def _content(found: LabelImport) -> dict[str, Any]:
    odd = list(odd_boxes(found))
    by_reason: dict[str, list[OddBox]] = defaultdict(list)
    for one in odd:
        by_reason[one.why].append(one)
    lines: dict[str, list[str]] = defaultdict(list)
    for remark in found.remarks:
        lines[remark.kind].append(remark.text)
    return {
        "style": (PAGES / "style.css").read_text(encoding="utf-8"),
        "found": found,
        "texts": int((found.table["plate_text"] != "").sum()),
        "sources": _sources(found),
        "charts": _charts(found),
        "chart_size": (WIDTH, HEIGHT),
        "odd": {why: len(some) for why, some in by_reason.items()},
        "odd_figures": [_odd_figure(found, one) for one in _fairly(by_reason.values(), ODD)],
        "pairs": [
            _pair(found, one.kept, one.removed, one.bits) for one in found.duplicates[:PAIRS]
        ],
        "samples": list(_samples(found)),
        "lines": dict(lines),
        "most_lines": LINES,
    }


def odd_boxes(found: LabelImport) -> Iterator[OddBox]:
    """Boxes of the table that a person should look at, each with the first reason that holds."""
    clipped = {(remark.image, remark.box) for remark in found.remarks if remark.kind == "clipped"}
    for row in found.table.itertuples():
        box = (int(row.xmin), int(row.ymin), int(row.xmax), int(row.ymax))
        why = "clipped" if (row.image, box) in clipped else _odd(box, (row.width, row.height))
        if why:
            yield OddBox(row.image, box, why)


def _odd(box: IntBox, size: tuple[int, int]) -> str | None:
    width, height = box[2] - box[0], box[3] - box[1]
    if width < TINY_PX[0] or height < TINY_PX[1]:
        return f"smaller than {TINY_PX[0]}x{TINY_PX[1]} px"
    if width > FLATTEST * height:
        return f"more than {FLATTEST:g} times as wide as high"
    if width < STEEPEST * height:
        return f"less than {STEEPEST:g} times as wide as high"
    if width * height > 0.8 * size[0] * size[1]:
        return "over 80 % of its picture: the crop of a plate"
    return None


def _sources(found: LabelImport) -> list[tuple[str, list[int]]]:
    """(source, pictures in train, in val, plates in train, in val), the largest first."""
    table = found.table.assign(source=found.table["image"].map(found.sources))
    counts: dict[str, list[int]] = {}
    for column, rows in ((0, table.drop_duplicates("image")), (2, table)):
        for (source, split), number in rows.groupby(["source", "split"]).size().items():
            row = counts.setdefault(source or "(no folder or prefix)", [0, 0, 0, 0])
            row[column + (split == "val")] = int(number)
    ordered = sorted(counts.items(), key=lambda item: (-sum(item[1][:2]), item[0]))
    if len(ordered) > SOURCES:
        rest = np.sum([row for _, row in ordered[SOURCES:]], axis=0).tolist()
        ordered[SOURCES:] = [(f"{len(ordered) - SOURCES} more", rest)]
    whole = np.sum([[0, 0, 0, 0], *(row for _, row in ordered)], axis=0).tolist()
    return [*ordered, ("all", whole)]


def _charts(found: LabelImport) -> list[Chart]:
    table = found.table
    width, height = table["xmax"] - table["xmin"], table["ymax"] - table["ymin"]
    return [
        histogram("width of plates in pixels", width.to_numpy(float)),
        histogram("height of plates in pixels", height.to_numpy(float)),
        histogram("width by height", (width / height).to_numpy(float)),
    ]


def _fairly(groups: Iterable[Sequence[OddBox]], most: int) -> list[OddBox]:
    """One of each group in turn: a frequent reason must not hide a rare one."""
    ranked = [(place, one) for group in groups for place, one in enumerate(group)]
    return [one for _, one in sorted(ranked, key=lambda item: item[0])[:most]]


def _odd_figure(found: LabelImport, one: OddBox) -> Figure:
    """The box and what is around it: at least a quarter of the picture."""
    image = _with_boxes(load(found.images / one.image), [one.box])
    x1, y1, x2, y2 = one.box
    height, width = image.shape[:2]
    half_wide, half_high = max(1.5 * (x2 - x1), width / 4), max(1.5 * (y2 - y1), height / 4)
    left, top = max(0, int((x1 + x2) / 2 - half_wide)), max(0, int((y1 + y2) / 2 - half_high))
    right, bottom = int((x1 + x2) / 2 + half_wide), int((y1 + y2) / 2 + half_high)
    text = f"{x2 - x1}x{y2 - y1} px at {x1}, {y1}"
    return Figure(_uri(image[top:bottom, left:right]), one.why, f"{one.image}: {text}")


def _pair(found: LabelImport, kept: str, removed: str, bits: int) -> tuple[Figure, Figure]:
    return (
        Figure(_uri(load(found.images / kept)), "kept", kept),
        Figure(_uri(load(found.images / removed)), f"removed, {bits} bits apart", removed),
    )


def _samples(found: LabelImport) -> Iterator[tuple[Figure, Figure]]:
    """Pictures from all over the table with their boxes, each with the crop of its first plate."""
    groups = found.table.groupby("image", sort=False)
    names = list(groups.groups)
    chosen = np.unique(np.linspace(0, len(names) - 1, min(SAMPLES, len(names))).round().astype(int))
    for name in (names[index] for index in islice(chosen, SAMPLES)):
        rows = groups.get_group(name)
        boxes = [tuple(map(int, box)) for box in rows[["xmin", "ymin", "xmax", "ymax"]].to_numpy()]
        image = load(found.images / name)
        x1, y1, x2, y2 = boxes[0]
        first = rows.iloc[0]
        crop = Figure(_uri(image[y1:y2, x1:x2]), first["plate_text"] or f"{x2 - x1}x{y2 - y1} px")
        drawn = _with_boxes(image, cast(list[IntBox], boxes))
        yield Figure(_uri(drawn), first["split"], name), crop


def _with_boxes(image: Bgr, boxes: Iterable[IntBox]) -> Bgr:
    """Lines so thick that they are still seen when the picture is shown small."""
    import cv2

    drawn = image.copy()
    thick = max(1, round(2.5 * max(image.shape[1] / SHOWN[0], image.shape[0] / SHOWN[1])))
    for x1, y1, x2, y2 in boxes:
        cv2.rectangle(drawn, (x1 - thick, y1 - thick), (x2 + thick, y2 + thick), BOX_COLOUR, thick)
    return drawn


def _uri(image: Bgr) -> str:
    """As JPEG no larger than `SHOWN`, in the address itself."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, SHOWN[0] / width, SHOWN[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return f"data:image/jpeg;base64,{b64encode(coded.tobytes()).decode()}"
