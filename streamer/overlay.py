"""Draws into a camera's picture what was seen there: boxes, reads, plates, places."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from models.base import Box, Image
from streamer.data import ListKind
from streamer.labels import Run, Sprite, paste, sprite
from streamer.places import NOWHERE, Places, Shape

Colour = tuple[int, int, int]

WHITE: Colour = (245, 245, 245)
DIM: Colour = (200, 200, 200)
SHADE: Colour = (24, 20, 18)
UNSURE: Colour = (70, 165, 250)
"""Colours are BGR, as pictures are."""
PLAIN: Colour = (214, 128, 36)
VERDICTS: dict[ListKind, Colour] = {
    "allow": (74, 150, 30),
    "deny": (56, 44, 214),
    "notify": (20, 130, 224),
}
WAYS: dict[str, Colour] = {"entry": (150, 200, 90), "exit": (120, 150, 240)}
DARKENED, IGNORED = 0.35, 0.6
"""What is left of the light where a picture is of the past, and where nobody looks."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """A text and how sure it is (0..1), as a whole and by character; `agreeing` looks in a row
    have read the same."""

    text: str
    confidences: tuple[float, ...]
    confidence: float
    agreeing: int = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """A plate that is followed. `box` is in pixels of the frame; `decided` says that it was
    published; `verdict` what the watchlists say; `seen` is False where it is only guessed at."""

    box: Box
    read: Sureness | None
    decided: bool = False
    verdict: ListKind | None = None
    seen: bool = True

    @property
    def colour(self) -> Colour:
        """Of its box."""
        if not self.seen:
            return DIM
        if not self.decided:
            return WHITE if self.read is None else _mixed(UNSURE, WHITE, self.read.confidence)
        return VERDICTS[self.verdict] if self.verdict else PLAIN


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn into a frame; `words` say what is the matter, `dark` that it is past."""

    marks: tuple[Mark, ...] = ()
    places: Places = NOWHERE
    words: str = ""
    dark: bool = False


def drawn(image: Image, scene: Scene, width: int) -> Image:
    """A copy of a picture, `width` wide if it is not narrower itself, with `scene` drawn in."""
    scale = min(1.0, width / image.shape[1])
    canvas = _scaled(image, scale)
    if scene.dark:
        cv2.convertScaleAbs(canvas, canvas, DARKENED)
    _draw_places(canvas, scene.places)
    size = text_px(canvas.shape[1])
    for mark in scene.marks:
        _draw_box(canvas, mark, scale)
    for mark in scene.marks:
        if mark.read is not None:
            _draw_read(canvas, mark, mark.read, scale)
    if scene.words:
        _draw_words(canvas, scene, size)
    return canvas


def blank(scene: Scene, width: int) -> Image:
    """For a camera that has shown nothing yet."""
    empty = np.full((round(width * 9 / 16), width, 3), SHADE, np.uint8)
    return drawn(empty, scene, width)


def text_px(width: int) -> int:
    """How tall text is in a picture: readable on a tile of a wall, not shouting on a screen."""
    return max(14, min(30, round(width / 48)))


def _scaled(image: Image, scale: float) -> Image:
    if scale == 1.0:
        return image.copy()
    height, width = image.shape[:2]
    size = (round(width * scale), max(1, round(height * scale)))
    small: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def _draw_box(canvas: Image, mark: Mark, scale: float) -> None:
    thin = max(1, round(canvas.shape[1] / 900))
    thick = thin * 2 if mark.decided else thin
    room = thick + 1  # beside the plate, not upon it
    low, high = _corners(mark.box, scale, room)
    cv2.rectangle(canvas, low, high, SHADE, thick + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, low, high, mark.colour, thick, cv2.LINE_AA)


def _draw_read(canvas: Image, mark: Mark, read: Sureness, scale: float) -> None:
    label = _label(mark, read, text_px(canvas.shape[1]))
    (left, top), (_, bottom) = _corners(mark.box, scale, 4)
    height, width = label.alpha.shape[:2]
    above = top - height - 3
    x = max(0, min(left - 2, canvas.shape[1] - width))
    paste(canvas, label, (x, above if above >= 0 else min(bottom + 3, canvas.shape[0] - height)))


def _label(mark: Mark, read: Sureness, size: int) -> Sprite:
    percent, small = f"{read.confidence:.0%}".replace("%", " %"), max(11, round(size * 0.72))
    if mark.decided:
        told = f"  {percent}" + (f"  {mark.verdict}" if mark.verdict else "")
        runs = (Run(read.text, WHITE, round(size * 1.3), bold=True), Run(told, WHITE, small))
        return sprite(runs, mark.colour if mark.seen else _mixed(mark.colour, SHADE, 0.3), 0.94)
    confidences = read.confidences or (read.confidence,) * len(read.text)
    letters = tuple(
        Run(char, _mixed(UNSURE, WHITE, _tenths(sure)), size)
        for char, sure in zip(read.text, confidences, strict=True)
    )
    agreeing = f" x{read.agreeing}" if read.agreeing > 1 else ""
    tail = Run(f"  {percent}{agreeing}", DIM, small)
    return sprite((*letters, tail), SHADE, 0.78, _tenths(read.confidence), mark.colour)


def _draw_words(canvas: Image, scene: Scene, size: int) -> None:
    told = sprite((Run(scene.words, WHITE, round(size * 1.3)),), SHADE, 0.8)
    height, width = told.alpha.shape[:2]
    middle = (canvas.shape[1] - width) // 2
    # Over a picture that goes on the words keep to the edge.
    top = (canvas.shape[0] - height) // 2 if scene.dark else size // 2
    paste(canvas, told, (middle, top))


def _draw_places(canvas: Image, places: Places) -> None:
    height, width = canvas.shape[:2]
    for area in places.ignore:
        _shade(canvas, area)
    for way, shapes in (("entry", places.entry), ("exit", places.exit)):
        for shape in shapes:
            points = np.array([(x * width, y * height) for x, y in shape], np.float64)
            thin = max(1, round(width / 1200))
            outline = np.round(points).astype(np.int32)
            cv2.polylines(canvas, [outline], len(shape) > 2, WAYS[way], thin, cv2.LINE_AA)
            if len(shape) == 2:
                _draw_arrow(canvas, points, WAYS[way], thin)
            label = sprite((Run(way, WAYS[way], round(text_px(width) * 0.8)),), SHADE, 0.45)
            x, y = outline[0]
            paste(canvas, label, (int(x) + 4, int(y) + 4))


def _draw_arrow(canvas: Image, points: np.ndarray, colour: Colour, thin: int) -> None:
    """Which side of the line counts: its right-hand one (see `streamer.places`)."""
    along = points[1] - points[0]
    aside = np.array([-along[1], along[0]]) / max(1e-6, float(np.hypot(*along)))
    middle = points.mean(0)
    tip = middle + aside * canvas.shape[1] / 40
    start, end = (tuple(int(v) for v in np.round(one)) for one in (middle, tip))
    cv2.arrowedLine(canvas, start, end, colour, thin, cv2.LINE_AA, 0, 0.4)


def _shade(canvas: Image, area: Shape) -> None:
    mask, (x, y) = _mask(area, (canvas.shape[1], canvas.shape[0]))
    height, width = mask.shape
    part = canvas[y : y + height, x : x + width]
    if part.size:
        cv2.copyTo(cv2.convertScaleAbs(part, alpha=IGNORED), mask, part)


@lru_cache(maxsize=64)
def _mask(area: Shape, size: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int]]:
    """An area's mask, (h, w) uint8, and where its upper left corner lies in the picture."""
    points = np.array([(x * size[0], y * size[1]) for x, y in area]).round().astype(np.int32)
    points = points.clip(0, np.array(size) - 1)
    low, high = points.min(0), points.max(0)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [points - low], 255)
    return mask, (int(low[0]), int(low[1]))


def _corners(box: Box, scale: float, room: int) -> tuple[tuple[int, int], tuple[int, int]]:
    x1, y1, x2, y2 = (round(side * scale) for side in box)
    return (x1 - room, y1 - room), (x2 + room, y2 + room)


def _mixed(low: Colour, high: Colour, share: float) -> Colour:
    """`low` for a half and less, `high` for certainty."""
    part = max(0.0, min(1.0, (share - 0.5) / 0.45))
    blue, green, red = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return blue, green, red


def _tenths(share: float) -> float:
    return round(share, 1)
