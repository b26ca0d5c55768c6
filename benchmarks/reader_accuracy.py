"""How many plates a reader reads right, on crops cut from annotated pictures.

    python benchmarks/reader_accuracy.py --data DIR [--reader rapidocr] [--plain] [--margin 0.05]

DIR holds `annotations/*.csv` (image, xmin, ymin, xmax, ymax, plate_text, split) and the pictures
that they name under `images/`. A plate counts only if all of its characters are right. `--plain`
gives the network the crops as they are; `--jitter 0.05` moves each side of a box at random by up
to that share of the box, as a detector does. `--crops first|box|corners` cuts as the daemon would,
where its detector finds the plate: by the box of the first look, by the box of the second one, or
upright by its corners (`--margin` is then in shares of the plate's sides); a plate that is not
found counts as misread, and sources of crops are left out.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.base import Box, Detection, Image, Reader, Reading
from models.detectors.yolo import YoloDetector
from models.readers.paddle import PaddleReader
from models.readers.rapidocr import RapidocrReader
from models.readers.rows import whole
from models.training.scores import iou_matrix
from models.training.tables import read_tables
from streamer.stages.views import cut_out

READERS = {"rapidocr": RapidocrReader, "paddle": PaddleReader}

CHUNK = 32


@dataclass(frozen=True)
class Plate:
    source: str
    crop: Image
    text: str


class PlainReader:
    """The network of rapidocr without our search for rows."""

    def __init__(self, **options: object) -> None:
        self._reader = RapidocrReader(**options)  # type: ignore[arg-type]

    def read(self, crops: list[Image]) -> list[Reading]:
        lines = self._reader._recognise([whole(crop) for crop in crops])
        return [Reading(line.text, line.confidences) for line in lines]


def load(data: Path, split: str, margin: float, jitter: float, limit: int) -> Iterator[Plate]:
    """The plates with text of a split; of each source every n-th, so that `limit` are left."""
    rng = np.random.default_rng(0)
    for table in sorted((data / "annotations").glob("*.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == split]
        rows = [row for row in rows if row["plate_text"]]
        for row in rows[:: max(1, len(rows) // limit)] if limit else rows:
            picture = cv2.imread(str(data / "images" / row["image"]))
            if picture is None:
                raise SystemExit(f"{data / 'images' / row['image']}: no such picture")
            x1, y1, x2, y2 = (float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
            shift = rng.uniform(-jitter, jitter, 4) * (x2 - x1, y2 - y1, x2 - x1, y2 - y1)
            box = (x1 + shift[0], y1 + shift[1], x2 + shift[2], y2 + shift[3])
            yield Plate(table.stem, cut(picture, box, margin), row["plate_text"])


def found_by(detector: YoloDetector, data: Path, options: argparse.Namespace) -> Iterator[Plate]:
    """The plates with text on the pictures of whole scenes, cut where the detector sees them."""
    annotations = data / "annotations"
    tables = [one for one in sorted(annotations.glob("*.csv")) if "crops" not in one.stem]
    for row in read_tables(*tables).to_dict("records"):
        if row["split"] != options.split or not row["plate_text"]:
            continue
        picture = np.asarray(cv2.imread(str(data / "images" / row["image"])), np.uint8)
        truth = tuple(float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
        seen = detector.detect(picture)
        overlaps = iou_matrix([truth], [one.box for one in seen])[0] if seen else np.zeros(1)
        if overlaps.max() < 0.3:
            yield Plate(row["source"], np.zeros((8, 32, 3), np.uint8), row["plate_text"])
            continue
        one = seen[int(overlaps.argmax())]
        if options.crops != "corners":
            one = Detection(one.box, one.score)
        yield Plate(row["source"], cut_out(picture, one, options.margin), row["plate_text"])


def cut(picture: Image, box: Box, margin: float) -> Image:
    """The box and a margin around it, given in heights of the box."""
    x1, y1, x2, y2 = box
    m = margin * (y2 - y1)
    height, width = picture.shape[:2]
    left, top = max(round(x1 - m), 0), max(round(y1 - m), 0)
    return picture[top : min(round(y2 + m), height), left : min(round(x2 + m), width)]


def measure(reader: Reader, plates: list[Plate]) -> tuple[dict[str, tuple[int, int]], float]:
    """Per source how many are right of how many, and the processor's seconds per crop."""
    counts: dict[str, tuple[int, int]] = {}
    start = time.process_time()
    for first in range(0, len(plates), CHUNK):
        chunk = plates[first : first + CHUNK]
        for plate, reading in zip(chunk, reader.read([one.crop for one in chunk]), strict=True):
            right, count = counts.get(plate.source, (0, 0))
            counts[plate.source] = right + (reading.text == plate.text), count + 1
    return counts, (time.process_time() - start) / max(len(plates), 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--reader", choices=READERS, default="rapidocr")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--margin", type=float, default=0.05)
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument(
        "--crops", choices=("annotated", "first", "box", "corners"), default="annotated"
    )
    parser.add_argument("--limit", type=int, default=0, help="plates per source; 0 for all")
    parser.add_argument("--runtime", help="of the reader rapidocr: onnxruntime or openvino")
    options = parser.parse_args()
    kind = PlainReader if options.plain else READERS[options.reader]
    reader = kind(**({"runtime": options.runtime} if options.runtime else {}))
    if options.crops == "annotated":
        found = load(options.data, options.split, options.margin, options.jitter, options.limit)
    else:
        detector = YoloDetector(second_look=options.crops != "first")
        found = found_by(detector, options.data, options)
    counts, seconds = measure(reader, list(found))
    counts["all"] = tuple(map(sum, zip(*counts.values(), strict=True)))
    for source, (right, count) in counts.items():
        print(f"{source:16} {right:5}/{count:<5} {100 * right / count:6.1f} %")
    print(f"{1000 * seconds:.1f} ms of processor time per crop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
