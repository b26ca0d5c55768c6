"""What stands between a plate and a good picture: rain, glare, things in front, burnt-in text."""

import cv2
import numpy as np

from models.base import Image
from models.training.canvas import Points, glow, lettering, stamp

STAMPS = ("Camera 01", "CAM 2", "GATE IN", "IPC", "Einfahrt", "CH03", "LIVE", "FRONT DOOR")


def spoil(rng: np.random.Generator, image: Image, plates: list[Points]) -> Image:
    """A picture with some of all that, by chance; `plates` are the (4, 2) corners of its plates.

    Plates stay where they are and keep at least half of their area free.
    """
    out = image
    for corners in plates:
        if rng.random() < 0.07:
            _hide_part(rng, out, corners)
    if rng.random() < 0.07:
        out = _rain(rng, out)
    if rng.random() < 0.08:
        _glare(rng, out)
    if rng.random() < 0.15:
        _burn_in(rng, out)
    return out


def _hide_part(rng: np.random.Generator, image: Image, corners: Points) -> None:
    """A post, a tow bar or a clod of mud over up to a third of the plate."""
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    shade = tuple(int(v) for v in rng.integers(10, 140, 3) // 2 + int(rng.integers(0, 60)))
    at, share = rng.uniform(0.0, 0.8), rng.uniform(0.08, 0.3)
    if rng.random() < 0.5:
        reach = rng.uniform(0.3, 3.0)
        ends = [(at, -reach), (at + share, -reach), (at + share, 1 + reach), (at, 1 + reach)]
    elif rng.random() < 0.5:
        ends = [(-0.3, 1.3), (1.3, 1.3), (1.3, 1 - share), (-0.3, 1 - share)]
    else:
        turn = np.sort(rng.uniform(0, 2 * np.pi, 9))
        size = rng.uniform(0.5, 1.0, 9) * share
        ends = [
            (at + s * np.cos(a), 0.6 + 3 * s * np.sin(a)) for a, s in zip(turn, size, strict=True)
        ]
    outline = np.array([corners[0] + u * across + v * down for u, v in ends])
    cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], shade, cv2.LINE_AA, shift=4)


def _rain(rng: np.random.Generator, image: Image) -> Image:
    """Streaks, all slanting alike, and the grey veil of the drops that are too far to see."""
    height, width = image.shape[:2]
    drops = np.zeros((height, width), np.uint8)
    slant, length = rng.normal(0, 0.25), rng.uniform(0.01, 0.05) * height
    for x, y in rng.uniform(0, 1, (int(rng.integers(100, 700)), 2)) * (width, height):
        end = (round(x + slant * length), round(y + length))
        cv2.line(drops, (round(x), round(y)), end, int(rng.integers(60, 200)), 1, cv2.LINE_AA)
    veil = rng.uniform(0.0, 0.25)
    grey = cv2.convertScaleAbs(image, alpha=1 - veil, beta=150 * veil)
    return np.asarray(cv2.add(grey, cv2.merge([drops] * 3)), dtype=np.uint8)


def _glare(rng: np.random.Generator, image: Image) -> None:
    """The sun or a lamp in the picture, washing out what is near it."""
    height, width = image.shape[:2]
    centre = rng.uniform(0, 1, 2) * (width, height)
    radius = rng.uniform(0.05, 0.6) * width
    glow(image, centre, radius, (225, 240, 250), rng.uniform(0.3, 0.9))


def _burn_in(rng: np.random.Generator, image: Image) -> None:
    """Date, time and name of the camera, as recorders write them: letters that are no plate."""
    height, width = image.shape[:2]
    tall = max(round(height * rng.uniform(0.02, 0.05)), 6)
    date = f"20{rng.integers(10, 30)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    words = [f"{date} {rng.integers(24):02d}:{rng.integers(60):02d}:{rng.integers(60):02d}"]
    if rng.random() < 0.6:
        words.append(str(rng.choice(STAMPS)))
    top = bool(rng.random() < 0.6)
    for number, text in enumerate(words):
        ink = lettering(text, tall, round(0.6 * tall * len(text)), face="mono")
        left = tall if number == 0 else width - ink.shape[1] - tall
        y = tall // 2 if top else height - 2 * tall
        if rng.random() < 0.4:
            image[max(y - 3, 0) : y + tall + 3, max(left - 3, 0) : left + ink.shape[1] + 3] = 10
        stamp(image, ink, left, y, (255, 255, 255))
