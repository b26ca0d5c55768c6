"""Whether the quality of a look tells what can be read from what cannot.

    python benchmarks/look_quality.py [--plates 400] [--data DIR] [--fit]

Rendered plates, each spoiled in several ways by known amounts, and with `--data` real crops of
the train split (a folder with `annotations` and `images`), as they are and spoiled further. The
judge is the reader `rapidocr`: is the whole plate read right? Printed are, by kind of fault, the
area under the curve of the score, and over all the share of pairs of looks at one plate, one read
right and one wrong, in which the right one has the higher score. `--fit` prints the score's
constants anew.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from models.base import Image
from models.quality import MIDDLING_CONTRAST, quality_of
from models.readers.rapidocr import RapidocrReader
from models.training.plate_crops import load_plates
from models.training.plates import LAYOUTS, bare, draw_plate, plate_text

KINDS = ("height", "blur", "motion", "lean", "shear", "glare", "noise")
MIXED = 5
SPOILED = 5
MARGIN = 0.02


@dataclass
class Looks:
    """Looks at plates, and what came of them."""

    plates: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    crops: list[Image] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def add(self, kind: str, crop: Image, height: float) -> None:
        self.kinds.append(kind)
        self.crops.append(crop)
        self.heights.append(height)

    def judge(self, reader: RapidocrReader, plate: int, text: str) -> None:
        """Read the looks that were added since, all at one plate."""
        readings = reader.read(self.crops[len(self.right) :])
        self.plates += [plate] * len(readings)
        self.right += [reading.text == text for reading in readings]


def rendered(count: int, reader: RapidocrReader) -> Looks:
    rng, looks = np.random.default_rng(1), Looks()
    for number in range(count):
        layout = LAYOUTS[number % len(LAYOUTS)]
        text = plate_text(rng, str(rng.choice(layout.patterns)))
        plate = draw_plate(rng, layout, text)
        for kind in (*KINDS, *["mixed"] * MIXED):
            looks.add(kind, *_seen(plate, kind, rng))
        looks.judge(reader, number, bare(text.replace("/", "")))
    return looks


def real(data: Path, reader: RapidocrReader) -> Looks:
    rng, looks = np.random.default_rng(2), Looks()
    tables = sorted((data / "annotations").glob("*.csv"))
    plates = load_plates(tables, split="train", jitter=0.03, limit=130)
    for number, plate in enumerate(plates):
        assert plate.crop is not None
        looks.add("as it is", plate.crop, plate.crop.shape[0] / 1.1)
        for _ in range(SPOILED):
            scale = np.exp(rng.uniform(np.log(0.15), 0))
            size = [max(4, round(side * scale)) for side in plate.crop.shape[1::-1]]
            crop = cv2.resize(plate.crop, size, interpolation=cv2.INTER_AREA)
            if rng.random() < 0.5:
                crop = _blurred(crop, rng.uniform(0, 0.12))
            if rng.random() < 0.4:
                crop = _moved(crop, rng.uniform(0, 0.5), rng)
            if rng.random() < 0.3:
                crop = _glaring(crop, rng)
            looks.add("spoiled", _sent(crop, 1.0, rng.uniform(0, 10), rng), crop.shape[0] / 1.1)
        looks.judge(reader, number, plate.truth)
    return looks


def _seen(plate: Image, kind: str, rng: np.random.Generator) -> tuple[Image, float]:
    """One look at a plate, and the plate's height: spoiled in one way, or in several at once."""

    def has(fault: str, share: float) -> bool:
        return kind == fault or (kind == "mixed" and bool(rng.random() < share))

    height = np.exp(rng.uniform(*np.log((8, 80) if has("height", 0.9) else (20, 60))))
    lean = rng.uniform(-30, 30) if has("lean", 0.3) else rng.normal(0, 2)
    shear, yaw = (rng.normal(0, 2), rng.uniform(-20, 20))
    if has("shear", 0.3):
        shear, yaw = rng.uniform(-35, 35), rng.uniform(-65, 65)
    crop, high = _turned(plate, float(height), *np.radians((lean, shear, yaw)), rng=rng)
    if has("glare", 0.25):
        crop = _glaring(crop, rng)
    if has("blur", 0.4):
        crop = _blurred(crop, rng.uniform(0, 0.15))
    if has("motion", 0.3):
        crop = _moved(crop, rng.uniform(0, 0.6), rng)
    dark = has("noise", 0.4)
    gain, noise = (rng.uniform(0.1, 1), rng.uniform(0, 25)) if dark else (1.0, 2.0)
    return _sent(crop, gain, noise, rng), high


def _turned(
    plate: Image, height: float, lean: float, shear: float, yaw: float, rng: np.random.Generator
) -> tuple[Image, float]:
    """The plate so high, cut out by its box as a detector would; drawn large, then scaled down."""
    across, down = plate.shape[1::-1]
    half = np.array([across / down * np.cos(yaw), 1.0]) * height / 2
    quad = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    quad[:, 1] *= 1 + 0.15 * np.sin(yaw) * np.array([-1, 1, 1, -1])
    quad[:, 0] += quad[:, 1] * np.tan(shear)
    quad = quad @ np.array([(np.cos(lean), np.sin(lean)), (-np.sin(lean), np.cos(lean))])
    low, high = quad.min(0), quad.max(0)
    side = np.ceil((1 + 2 * MARGIN) * (high - low)).astype(int)
    quad += (side - (high + low)) / 2
    fine = int(np.clip(np.ceil(down / height), 1, 8))
    source = np.array([(0, 0), (across, 0), (across, down), (0, down)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (quad * fine).astype(np.float32))
    canvas = np.full((side[1] * fine, side[0] * fine, 3), rng.integers(20, 200, 3), np.uint8)
    size = (int(side[0] * fine), int(side[1] * fine))
    cv2.warpPerspective(plate, matrix, size, dst=canvas, borderMode=cv2.BORDER_TRANSPARENT)
    edges = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    crop = cv2.resize(canvas, tuple(int(n) for n in side), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8), float(max(edges[1], edges[3]))


def _blurred(crop: Image, share: float) -> Image:
    """By a bell of so many heights of the crop."""
    sigma = share * crop.shape[0]
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.uint8) if sigma > 0.2 else crop


def _moved(crop: Image, share: float, rng: np.random.Generator) -> Image:
    """As a plate that moved by so many heights, in any direction, while it was exposed."""
    side = int(np.ceil(max(share * crop.shape[0], 1))) | 1
    way = rng.uniform(0, np.pi)
    reach = 2 * share * crop.shape[0] * np.array((np.cos(way), np.sin(way)))
    ends = [tuple(round(float(n)) for n in 2 * side + sign * reach) for sign in (-1, 1)]
    kernel = cv2.line(np.zeros((4 * side, 4 * side), np.float32), *ends, 1.0, 2)
    kernel = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    kernel /= max(float(kernel.sum()), 1e-6)
    return np.asarray(cv2.filter2D(crop, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _glaring(crop: Image, rng: np.random.Generator) -> Image:
    """With a spot of light of 0.3 to 2 plate heights somewhere on it."""
    high, wide = crop.shape[:2]
    y, x = np.mgrid[:high, :wide] / (rng.uniform(0.3, 2) * high)
    at = rng.random(2) * (y.max() + 1e-6, x.max() + 1e-6)
    spot = np.exp(-(np.hypot(y - at[0], x - at[1]) ** 3))
    light = 255 * rng.uniform(0.2, 1.3) * spot
    return np.clip(crop + light[..., None], 0, 255).astype(np.uint8)


def _sent(crop: Image, gain: float, noise: float, rng: np.random.Generator) -> Image:
    """As a camera's sensor and coder hand it on."""
    dim = np.clip(crop * gain + rng.normal(0, noise, crop.shape), 0, 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", dim, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def before(crop: Image, height: float) -> float:
    """The measure that this one replaced: height, and the Laplacian's share of the variance."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    columns = min(max(1, round(grey.shape[1] * 32 / grey.shape[0])), 640)
    how = cv2.INTER_AREA if grey.shape[0] > 32 else cv2.INTER_LINEAR
    grey = cv2.resize(grey, (columns, 32), interpolation=how)
    sharp = float(cv2.Laplacian(grey, cv2.CV_32F).var() / max(float(grey.var()), 1.0))
    return float(np.sqrt(height / (height + 6) * sharp / (sharp + 0.05)))


Values = NDArray[np.float64]


def area(scores: Values, right: NDArray[np.bool_]) -> float:
    """Under the curve: how often a look that was read right has the higher score."""
    good, bad = right.sum(), (~right).sum()
    if not good or not bad:
        return float("nan")
    return float((rankdata(scores)[right].sum() - good * (good + 1) / 2) / (good * bad))


def pairs(scores: Values, right: NDArray[np.bool_], plates: NDArray[np.int_]) -> float:
    """The same, within the looks at each plate."""
    above = count = 0.0
    for one in np.unique(plates):
        good, bad = scores[(plates == one) & right], scores[(plates == one) & ~right]
        gap = good[:, None] - bad
        above += (gap > 0).sum() + (gap == 0).sum() / 2
        count += gap.size
    return above / count


def report(name: str, looks: Looks) -> None:
    right, kinds = np.array(looks.right), np.array(looks.kinds)
    pictures = list(zip(looks.crops, looks.heights, strict=True))
    measured = [quality_of(crop, height) for crop, height in pictures]
    measures = {
        "before": np.array([before(crop, height) for crop, height in pictures]),
        "sharpness": np.array([one.sharpness for one in measured]),
        "score": np.array([one.score for one in measured]),
    }
    print(f"{name}: {len(right)} looks, {100 * right.mean():.0f} % read right")
    for key, scores in measures.items():
        by = " ".join(
            f"{kind} {area(scores[kinds == kind], right[kinds == kind]):.2f}"
            for kind in dict.fromkeys(looks.kinds)
        )
        within = pairs(scores, right, np.array(looks.plates))
        print(f"  {key:9} area {area(scores, right):.3f}  pairs {within:.3f}  {by}")


def terms(crop: Image, height: float) -> list[float]:
    """What the score's logarithm is a sum of."""
    one = quality_of(crop, height)
    clear = one.contrast / (one.contrast + MIDDLING_CONTRAST)
    size = min(height, crop.shape[1] / 4)
    logs = np.log(np.maximum((one.sharpness, size, clear), 1e-3))
    return [1.0, *logs, -((one.angle_deg / 30) ** 2), -one.glare]


def fit(every: list[Looks]) -> Iterator[str]:
    """Logistic regression of "read right" on the terms."""
    rows = np.array([terms(*one) for s in every for one in zip(s.crops, s.heights, strict=True)])
    right = np.concatenate([looks.right for looks in every])

    def loss(weights: Values) -> float:
        odds = rows @ weights
        return float(np.mean(np.logaddexp(0, odds) - right * odds))

    found = minimize(loss, np.zeros(rows.shape[1])).x
    names = ("CONSTANT", "SHARPNESS", "SIZE", "CONTRAST", "LEAN", "GLARE")
    return (f"  {name} = {value:.2f}" for name, value in zip(names, found, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--plates", type=int, default=400)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    reader = RapidocrReader()
    every = {"rendered": rendered(options.plates, reader)}
    if options.data:
        every["real"] = real(options.data, reader)
    for name, looks in every.items():
        report(name, looks)
    if options.fit:
        print(*fit(list(every.values())), sep="\n")
    crop = cv2.resize(every["rendered"].crops[0], (200, 60))
    started = time.process_time()
    for _ in range(2000):
        quality_of(crop)
    print(f"{(time.process_time() - started) / 2:.3f} ms for a crop of 200x60")
    return 0


if __name__ == "__main__":
    sys.exit(main())
