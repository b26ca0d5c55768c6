"""Annotated pictures to teach our own reader with: drawn plates on noise, as tables and files."""

import cv2
import numpy as np

from models.training.designs import Design
from models.training.tables import COLUMNS

CAR = Design("car", ("AA 999 AA",))
SHORT = Design("short", ("1", "A"))
"""Half of the val plates say 1: what a reader that always says 1 reads right."""


def picture_with(rng, plate, size=(320, 200)):
    """A plate on a noisy ground, and where it is: x1, y1, x2, y2."""
    width, height = size
    image = rng.integers(60, 120, (height, width, 3), np.uint8)
    high, wide = plate.image.shape[:2]
    x, y = int(rng.integers(10, width - wide // 2 - 10)), int(rng.integers(90, height - high // 2))
    small = cv2.resize(plate.image, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    image[y : y + high // 2, x : x + wide // 2] = small
    return image, (x, y, x + wide // 2, y + high // 2)


def write_table(root, name, rows):
    """A source of annotated pictures: rows of (image, box, text, split)."""
    (root / "annotations").mkdir(exist_ok=True)
    (root / "images" / name).mkdir(parents=True)
    lines = [",".join(COLUMNS)]
    for number, (image, box, text, split) in enumerate(rows):
        file = f"{name}/{number}.png"
        cv2.imwrite(str(root / "images" / file), image)
        height, width = image.shape[:2]
        lines.append(f"{file},{width},{height},{','.join(map(str, box))},{text},{split}")
    table = root / "annotations" / f"{name}.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table
