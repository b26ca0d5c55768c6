"""Boxes and texts in pictures."""

from collections.abc import Sequence

import cv2

from models.base import Image

GREEN = (80, 255, 80)
DARK = (24, 24, 24)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_plate(image: Image, text: str, box: Sequence[float]) -> None:
    """Draw a box (pixels) and, above it, its text on a dark ground; below it where there is no
    room. Lines and letters grow with the picture. `text` is ASCII."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(side) for side in box)
    scale = min(max(0.45, width / 1600), 4.0)
    thick = max(1, round(1.5 * scale))
    cv2.rectangle(image, (x1, y1), (x2, y2), GREEN, max(1, round(2 * scale)), cv2.LINE_AA)
    (wide, high), below = cv2.getTextSize(text, FONT, scale, thick)
    pad = max(2, round(5 * scale))
    tall = high + below + 2 * pad
    top = y1 - tall if y1 >= tall else min(y2, height - tall)
    left = max(0, min(x1, width - wide - 2 * pad))
    cv2.rectangle(image, (left, top), (left + wide + 2 * pad, top + tall), DARK, -1)
    place = (left + pad, top + pad + high)
    cv2.putText(image, text, place, FONT, scale, GREEN, thick, cv2.LINE_AA)


def no_wider(image: Image, most_px: int) -> tuple[Image, float]:
    """A copy to draw on whose longer side is at most `most_px`, and by what it was scaled."""
    share = min(1.0, most_px / max(image.shape[:2]))
    if share == 1.0:
        return image.copy(), share
    size = tuple(max(1, round(side * share)) for side in image.shape[1::-1])
    small: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small, share
