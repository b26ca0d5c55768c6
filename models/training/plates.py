"""Pictures of number plates, seen straight on: several countries' layouts, invented texts."""

from dataclasses import dataclass

import cv2
import numpy as np

from models.base import Image
from models.training.canvas import Colour, Face, lettering, stamp

PX_PER_MM = 1.0
"""The resolution of a plate's picture: a 520 mm plate is 520 px wide."""

WHITE: Colour = (238, 240, 240)
BLACK: Colour = (24, 22, 22)
YELLOW: Colour = (40, 190, 245)
BLUE: Colour = (150, 60, 10)

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
"""Without I, O and Q, as most countries that mix letters and digits do it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of plate looks. In `patterns`, A is a letter, 9 a digit, / a new line."""

    name: str
    size_mm: tuple[int, int]
    patterns: tuple[str, ...]
    paper: Colour = WHITE
    ink: Colour = BLACK
    band: bool = False
    border: bool = True
    header: tuple[str, ...] = ()
    face: Face = "sans"


_ONE = (520, 110)
_TWO = (340, 220)
_STATES = ("CALIFORNIA", "NEW YORK", "TEXAS", "OHIO", "ARIZONA", "MINAS GERAIS", "ONTARIO")

LAYOUTS = (
    Layout("eu", _ONE, ("AA 999 AA", "AA AA 999", "9AA 9999", "AAA 999", "AA 99999"), band=True),
    Layout("eu two lines", _TWO, ("AA/999 AA", "AAA/999", "A AA/9999"), band=True),
    Layout("white", _ONE, ("AA99 AAA", "A 999 AA", "AA 99 AA 9999", "AAA 99 99")),
    Layout("white two lines", (280, 200), ("AA 99/AA 9999", "AAA/9999", "AA99/AAA")),
    Layout("yellow", _ONE, ("AA99 AAA", "AA-999-A", "99-AAA-9"), YELLOW, band=True),
    Layout("yellow plain", _ONE, ("AA99 AAA", "999 AA 99"), YELLOW, border=False),
    Layout("yellow two lines", (280, 200), ("AA99/AAA", "AA 99/A 9999"), YELLOW),
    Layout("black", _ONE, ("AAA 999", "AA 99 99", "999 AAA"), BLACK, WHITE, border=False),
    Layout("black two lines", _TWO, ("AAA/9999", "99/AA 99"), BLACK, WHITE),
    Layout("american", (305, 152), ("9AAA999", "AAA 9999", "AAA-999"), header=_STATES),
    Layout("american blue", (305, 152), ("AAA 9999", "9AA 999"), ink=(120, 40, 20), header=_STATES),
    Layout("grey", (400, 130), ("AAA-9999", "AAA 9A99"), (190, 190, 186), header=("BRASIL", "SP")),
    Layout("mono", _ONE, ("AA999AA", "A999AA"), face="mono"),
)

EUROPEAN = LAYOUTS[0]


def plate_text(rng: np.random.Generator, pattern: str, letters: str = LETTERS) -> str:
    """An invented plate after a pattern, its blanks, hyphens and line breaks kept."""
    drawn = (
        str(rng.integers(10)) if sign == "9" else letters[rng.integers(len(letters))]
        for sign in pattern
        if sign in "A9"
    )
    return "".join(next(drawn) if sign in "A9" else sign for sign in pattern)


def bare(text: str) -> str:
    """Letters and digits only: what a reader is expected to say."""
    return "".join(sign for sign in text if sign.isalnum())


def draw_plate(rng: np.random.Generator, layout: Layout, text: str) -> Image:
    """The plate, (height, width, 3) at `PX_PER_MM`, lines of `text` parted by a slash."""
    width, height = (round(side * PX_PER_MM) for side in layout.size_mm)
    image: Image = np.full((height, width, 3), layout.paper, np.uint8)
    if layout.border:
        cv2.rectangle(image, (4, 4), (width - 5, height - 5), layout.ink, 3, cv2.LINE_AA)
    left = _draw_band(rng, image) if layout.band else round(0.03 * width)
    top = round(0.09 * height)
    if layout.header:
        top = _draw_header(image, str(rng.choice(layout.header)), layout.ink)
    _draw_lines(image, text.split("/"), (left, top), layout)
    return image


def _draw_band(rng: np.random.Generator, image: Image) -> int:
    height = int(image.shape[0])
    width = min(round(0.38 * height), 44)
    image[3:-3, 3:width] = BLUE
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        x, y = width / 2 + 0.28 * width * np.sin(angle), 0.3 * height - 0.28 * width * np.cos(angle)
        cv2.circle(image, (round(x), round(y)), 2, (20, 200, 240), -1, cv2.LINE_AA)
    country = str(rng.choice(["D", "F", "I", "PL", "CZ", "E", "NL", "A"]))
    size = round(0.3 * width * len(country))
    ink = lettering(country, round(0.22 * height), size)
    stamp(image, ink, (width - size) // 2 + 1, round(0.64 * height), WHITE)
    return width + 6


def _draw_header(image: Image, words: str, colour: Colour) -> int:
    height, width = map(int, image.shape[:2])
    tall, wide = round(0.13 * height), min(round(0.062 * height * len(words)), width - 40)
    stamp(image, lettering(words, tall, wide), (width - wide) // 2, round(0.07 * height), colour)
    return round(0.25 * height)


def _draw_lines(image: Image, lines: list[str], corner: tuple[int, int], layout: Layout) -> None:
    height, width = image.shape[:2]
    left, top = corner
    room = width - left - round(0.035 * width)
    row = (height - top - round(0.09 * height)) // len(lines)
    for index, line in enumerate(lines):
        tall = round(row * 0.88)
        # condensed, as plates' own alphabets are: a sign is about 0.62 as wide as high
        step = min(0.7 * tall, room / _advance(line))
        x = left + (room - step * _advance(line)) / 2
        y = top + index * row + (row - tall) // 2
        for sign in line:
            wide = step * _WIDTH.get(sign, 0.86)
            at = round(x + (step * _advance(sign) - wide) / 2)
            if sign == "-":
                image[y + tall // 2 - 4 : y + tall // 2 + 4, at : at + round(wide)] = layout.ink
            elif sign != " ":
                ink = lettering(sign, tall, round(wide), face=layout.face)
                stamp(image, ink, at, y, layout.ink)
            x += step * _advance(sign)


_WIDTH = {"1": 0.6, "-": 0.3}
"""Of the step from one sign to the next."""


def _advance(text: str) -> float:
    return sum(0.45 if sign in " -" else 1.0 for sign in text)
