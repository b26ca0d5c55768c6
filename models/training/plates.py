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
    """How one kind of plate looks. In `patterns`, A is a letter, 9 a digit, / a new line.

    `band` and `right_band` are blue strips at the ends, `top_band` is a strip of that colour;
    `header` and `footer` are small words of which one is drawn above or below the text; `region`
    is a box at the right with two or three digits, as in Russia.
    """

    name: str
    size_mm: tuple[int, int]
    patterns: tuple[str, ...]
    paper: Colour = WHITE
    ink: Colour = BLACK
    band: bool = False
    border: bool = True
    header: tuple[str, ...] = ()
    face: Face = "sans"
    right_band: bool = False
    top_band: Colour | None = None
    footer: tuple[str, ...] = ()
    region: bool = False


_ONE = (520, 110)
_TWO = (340, 220)
_US = (305, 152)
_SMALL = (200, 100)
_STATES = ("CALIFORNIA", "NEW YORK", "TEXAS", "OHIO", "ARIZONA", "MINAS GERAIS", "ONTARIO")
_SLOGANS = ("SUNSHINE STATE", "THE GARDEN STATE", "LIVE FREE OR DIE", "GRAND CANYON STATE",
            "STATE OF PLAY", "FIRST IN FLIGHT", "JE ME SOUVIENS")  # fmt: skip
_CITIES = ("ISLAMABAD", "DUBAI", "LAHORE", "SINDH", "PUNJAB", "QATAR", "IND", "OMAN")
_NAVY: Colour = (120, 40, 20)
_RED: Colour = (40, 30, 170)
_GREEN: Colour = (60, 120, 20)

LAYOUTS = (
    Layout("eu", _ONE, ("AA 999 AA", "AA AA 999", "9AA 9999", "AAA 999", "AA 99999"), band=True),
    Layout("eu two lines", _TWO, ("AA/999 AA", "AAA/999", "A AA/9999"), band=True),
    Layout("eu both ends", _ONE, ("AA 999 AA", "AA-999-AA"), band=True, right_band=True),
    Layout("white", _ONE, ("AA99 AAA", "A 999 AA", "AA 99 AA 9999", "AAA 99 99")),
    Layout("white two lines", (280, 200), ("AA 99/AA 9999", "AAA/9999", "AA99/AAA")),
    Layout("white unframed", (500, 120), ("AA 99 A 9999", "AA99AA9999"), border=False),
    Layout("yellow", _ONE, ("AA99 AAA", "AA-999-A", "99-AAA-9"), YELLOW, band=True),
    Layout("yellow plain", _ONE, ("AA99 AAA", "999 AA 99"), YELLOW, border=False),
    Layout("yellow two lines", (280, 200), ("AA99/AAA", "AA 99/A 9999"), YELLOW),
    Layout("black", _ONE, ("AAA 999", "AA 99 99", "999 AAA"), BLACK, WHITE, border=False),
    Layout("black two lines", _TWO, ("AAA/9999", "99/AA 99"), BLACK, WHITE),
    Layout("american", _US, ("9AAA999", "AAA 9999", "AAA-999"), header=_STATES),
    Layout("american blue", _US, ("AAA 9999", "9AA 999"), ink=_NAVY, header=_STATES),
    Layout(
        "american slogan",
        _US,
        ("AAA 9999", "AA9 99A", "999 AAA"),
        (225, 235, 215),
        _NAVY,
        border=False,
        header=_STATES,
        footer=_SLOGANS,
    ),
    Layout(
        "american striped",
        _US,
        ("AAA9999", "9A99999"),
        WHITE,
        (60, 30, 20),
        border=False,
        header=_STATES,
        top_band=(190, 120, 60),
    ),
    Layout("american green", _US, ("AAA 999", "999 AAA"), _GREEN, WHITE, header=_STATES),
    Layout(
        "australian", (372, 134), ("AAA 99A", "999 AAA"), (170, 235, 250), _RED, footer=_SLOGANS
    ),
    Layout("grey", (400, 130), ("AAA-9999", "AAA 9A99"), (190, 190, 186), header=("BRASIL", "SP")),
    Layout("mercosur", (400, 130), ("AAA9A99", "AA 999 AA"), top_band=(150, 50, 0)),
    Layout("mercosur motorcycle", (200, 170), ("AAA/9A99", "A999/AAA"), top_band=(150, 50, 0)),
    Layout("mono", _ONE, ("AA999AA", "A999AA"), face="mono"),
    Layout("region box", _ONE, ("A999AA", "AA9999"), region=True, face="mono"),
    Layout("blue", (440, 140), ("AA 99999", "A 9999AA"), (160, 70, 10), WHITE),
    Layout("green", (480, 140), ("AAA 9999", "AA 99999"), (120, 190, 120), BLACK),
    Layout("red", (440, 120), ("AAA 999", "AA 9999"), _RED, WHITE),
    Layout("numbers above", (330, 165), ("AAA 999/99-99", "999/9999"), WHITE, _GREEN, border=False),
    Layout("gulf", (520, 110), ("A 99999", "99999", "AA 9999"), footer=_CITIES),
    Layout("gulf small", (330, 155), ("A/99999", "9/99999"), header=_CITIES),
    Layout("city below", (330, 165), ("AAA 999", "AA-999"), border=True, footer=_CITIES),
    Layout("city yellow", (340, 130), ("AAA-9999", "AA 999"), YELLOW, footer=_CITIES),
    Layout("month below", (430, 135), ("A 9999 AA", "AA 999 A"), BLACK, WHITE, footer=("05 28",)),
    Layout("motorcycle", _SMALL, ("AA 99/A 9999", "AAA/999"), border=True),
    Layout("motorcycle yellow", (228, 178), ("AA99/AAA", "A999/AAA"), YELLOW, border=False),
    Layout("motorcycle eu", (220, 200), ("AA/999", "A AA/99"), band=True),
    Layout("taxi", _ONE, ("AA 99 AA 9999", "A 9999"), YELLOW, BLACK, border=True, header=()),
    Layout("electric", _ONE, ("AA 99 AA 9999", "AA99 AAA"), (90, 150, 40), WHITE),
)

EUROPEAN = LAYOUTS[0]

GATE_LAYOUTS = tuple(
    one for one in LAYOUTS if one.name in {"eu", "white", "yellow", "yellow plain"}
)
"""Of the plates of cars at a gate, in films."""
# the font's J hangs below the line as no plate's does, and is misread
_CLEAR_LETTERS = LETTERS.replace("J", "")
_CZECH = "9AA 9999"


def plate_text(rng: np.random.Generator, pattern: str, letters: str = LETTERS) -> str:
    """An invented plate after a pattern, its blanks, hyphens and line breaks kept."""
    drawn = (
        str(rng.integers(10)) if sign == "9" else letters[rng.integers(len(letters))]
        for sign in pattern
        if sign in "A9"
    )
    return "".join(next(drawn) if sign in "A9" else sign for sign in pattern)


def gate_text(rng: np.random.Generator, layout: Layout) -> str:
    """An invented plate of a layout, as countries issue them: a Czech one's first digit is 1 to 9.

    With a 0 there people and readers take it for the O of another country's plate.
    """
    while True:
        pattern = str(rng.choice(layout.patterns))
        text = plate_text(rng, pattern, _CLEAR_LETTERS)
        if pattern != _CZECH or not text.startswith("0"):
            return text


def bare(text: str) -> str:
    """Letters and digits only: what a reader is expected to say."""
    return "".join(sign for sign in text if sign.isalnum())


def draw_plate(rng: np.random.Generator, layout: Layout, text: str) -> Image:
    """The plate, (height, width, 3) at `PX_PER_MM`, lines of `text` parted by a slash."""
    width, height = (round(side * PX_PER_MM) for side in layout.size_mm)
    image: Image = np.full((height, width, 3), layout.paper, np.uint8)
    if layout.top_band is not None:
        image[: round(0.24 * height)] = layout.top_band
    if layout.border:
        cv2.rectangle(image, (4, 4), (width - 5, height - 5), layout.ink, 3, cv2.LINE_AA)
    edge = round(0.03 * width)
    left, right = edge, width - round(0.035 * width)
    if layout.band:
        left = _draw_band(rng, image)
    if layout.right_band:
        image[3:-3, width - 44 : width - 3] = BLUE
        right = width - 50
    if layout.region:
        right = _draw_region(rng, image, layout.ink)
    top, bottom = _draw_words(rng, image, layout)
    _draw_lines(image, text.split("/"), (left, top, right, bottom), layout)
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


def _draw_region(rng: np.random.Generator, image: Image, colour: Colour) -> int:
    height, width = map(int, image.shape[:2])
    left = width - round(0.23 * width)
    cv2.line(image, (left, 4), (left, height - 5), colour, 3, cv2.LINE_AA)
    number = str(rng.integers(10, 200))
    wide = round(0.05 * width * len(number))
    at = left + (width - left - wide) // 2
    stamp(image, lettering(number, round(0.5 * height), wide), at, round(0.1 * height), colour)
    small = lettering("RUS", round(0.16 * height), round(0.1 * width))
    stamp(image, small, left + round(0.03 * width), round(0.72 * height), colour)
    return left - 8


def _draw_words(rng: np.random.Generator, image: Image, layout: Layout) -> tuple[int, int]:
    """The small words above and below; returns the rows between which the text has room."""
    height = int(image.shape[0])
    top, bottom = round(0.09 * height), round(0.91 * height)
    if layout.header:
        colour = WHITE if layout.top_band is not None else layout.ink
        _small(image, str(rng.choice(layout.header)), round(0.07 * height), colour)
    if layout.header or layout.top_band is not None:
        top = round(0.25 * height)
    if layout.footer:
        bottom = round(0.77 * height)
        _small(image, str(rng.choice(layout.footer)), round(0.8 * height), layout.ink)
    return top, bottom


def _small(image: Image, words: str, y: int, colour: Colour) -> None:
    height, width = map(int, image.shape[:2])
    tall, wide = round(0.13 * height), min(round(0.062 * height * len(words)), width - 40)
    stamp(image, lettering(words, tall, wide), (width - wide) // 2, y, colour)


def _draw_lines(
    image: Image, lines: list[str], place: tuple[int, int, int, int], layout: Layout
) -> None:
    left, top, right, bottom = place
    room = right - left
    row = (bottom - top) // len(lines)
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
