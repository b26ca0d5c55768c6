"""What small, far plates cost to find: larger canvases against tiles, by the height of the plate.

    python benchmarks/far_plates.py [--scenes 150] [--weights FILE.onnx]

Rendered scenes of 1920x1080, as a gate camera gives them. Each way is measured by its recall at
the shipped threshold in bands of the plate's height in the picture, its false boxes per scene, and
its processor time per scene as a ratio to the default's of the same run. Tiles are cut at full
resolution with a quarter of overlap; each is a picture of its own to the detector, and overlaps
between them are removed. A second look is part of every way, as shipped.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.base import Detection, Image
from models.detectors.network import without_overlaps
from models.detectors.yolo import YoloDetector
from models.training.scores import iou_matrix
from models.training.synthesis import Rendered, render_scene

BANDS = (0, 9, 12, 16, 24, 48, 10_000)
SIZES = ((320, 192), (416, 256), (512, 288), (640, 384), (832, 480))
TILES = ((2, 1), (2, 2))
OVERLAP = 0.25

Way = Callable[[Image], list[Detection]]


def tiled(detector: YoloDetector, columns: int, rows: int) -> Way:
    """The detector on each of columns x rows overlapping parts of the picture."""

    def detect(image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        found: list[Detection] = []
        table: list[list[float]] = []
        for left, right in _spans(width, columns):
            for top, bottom in _spans(height, rows):
                part = np.ascontiguousarray(image[top:bottom, left:right])
                for one in detector.detect(part):
                    x1, y1, x2, y2 = one.box
                    box = (x1 + left, y1 + top, x2 + left, y2 + top)
                    table.append([*box, one.score, float(len(found))])
                    found.append(Detection(box, one.score))
        kept = without_overlaps(np.array(table, np.float32).reshape(-1, 6))
        return [found[int(row[5])] for row in kept]

    return detect


def _spans(side: int, parts: int) -> list[tuple[int, int]]:
    if parts == 1:
        return [(0, side)]
    length = round(side / (parts - (parts - 1) * OVERLAP))
    step = (side - length) / (parts - 1)
    return [(round(n * step), round(n * step) + length) for n in range(parts)]


def measure(way: Way, scenes: list[Rendered]) -> tuple[list[tuple[int, int]], float, float]:
    """Found of how many per band, false boxes per scene, processor seconds per scene."""
    counts = [[0, 0] for _ in BANDS[1:]]
    false, seconds = 0, 0.0
    for scene in scenes:
        start = time.process_time()
        seen = way(scene.image)
        seconds += time.process_time() - start
        boxes = [plate.box for plate in scene.plates]
        overlaps = iou_matrix(boxes, [one.box for one in seen]) if boxes and seen else None
        hit = overlaps.max(axis=1) >= 0.5 if overlaps is not None else np.zeros(len(boxes), bool)
        false += len(seen) if overlaps is None else int((overlaps.max(axis=0) < 0.5).sum())
        for box, right in zip(boxes, hit, strict=True):
            band = int(np.searchsorted(BANDS, box[3] - box[1], side="right")) - 1
            counts[band][0] += bool(right)
            counts[band][1] += 1
    pairs = [(right, count) for right, count in counts]
    return pairs, false / len(scenes), seconds / len(scenes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scenes", type=int, default=150)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    scenes = [
        render_scene(np.random.default_rng([77, number]), (1920, 1080))
        for number in range(options.scenes)
    ]
    ways: dict[str, Way] = {}
    for size in SIZES:
        detector = YoloDetector(weights=options.weights, size=size)
        ways[f"{size[0]}x{size[1]}"] = detector.detect
    for columns, rows in TILES:
        default = YoloDetector(weights=options.weights)
        ways[f"{columns}x{rows} tiles of 416x256"] = tiled(default, columns, rows)
    found = {name: measure(way, scenes) for name, way in ways.items()}
    base = found["416x256"][2]
    bands = [f"{a}-{b}" if b < 10_000 else f">={a}" for a, b in itertools.pairwise(BANDS)]
    print("| way | time | " + " | ".join(f"{band} px" for band in bands) + " | false per scene |")
    print("|---" * (len(bands) + 3) + "|")
    print("| plates | | " + " | ".join(str(n) for _, n in found["416x256"][0]) + " | |")
    for name, (counts, false, seconds) in found.items():
        cells = " | ".join(f"{right / max(n, 1):.2f}" for right, n in counts)
        print(f"| {name} | {seconds / base:.2f} | {cells} | {false:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
