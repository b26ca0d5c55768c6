"""Pictures of plates to learn reading from: many more kinds than a detector needs to see.

A plate is drawn flat, at about the size that a near camera sees; what dirt, shadow, distance and
compression make of it is `reader_views`'s part.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image
from models.training.canvas import Colour, stamp
from models.training.designs import ANY, BROAD, ONE, SOUTH, TWO, US, Design, draw_design, draw_text
from models.training.typefaces import Typeface, draw_typeface

PX_PER_MM = 0.8

COLOURS: dict[str, Colour] = {
    "w": (236, 238, 238), "k": (26, 24, 24), "y": (40, 190, 240), "g": (70, 110, 30),
    "b": (140, 60, 20), "r": (45, 35, 170), "s": (175, 176, 172), "o": (30, 120, 235),
    "l": (150, 215, 160), "c": (190, 225, 235),
}  # fmt: skip

NATIONS = ("D", "F", "I", "PL", "CZ", "E", "NL", "A", "B", "GB", "IND", "TR", "UA", "RO", "S",
           "IRL", "H", "SK", "SLO", "P", "LT", "DK", "CH", "GR", "BG", "")  # fmt: skip

SIZES = (ONE, ONE, TWO, BROAD, US, SOUTH, (440, 150), (220, 170))
"""Of plates that follow no country."""

FOLDED = 0.1
"""Of the plates with one row, those that are drawn with two: lorries and motorcycles have them."""

READ = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class DrawnPlate:
    """A plate (height, width, 3), what a reader is to say of it, and from where to where its
    text runs: left, top, right, bottom in shares of the picture."""

    image: Image
    text: str
    extent: tuple[float, float, float, float]


def draw_reader_plate(rng: np.random.Generator, design: Design | None = None) -> DrawnPlate:
    """A plate of any country with an invented text."""
    design = design or draw_design(rng)
    printed = draw_text(rng, design)
    sides = SIZES[int(rng.integers(len(SIZES)))] if design is ANY else design.size
    if rng.random() < FOLDED and not design.busy and "/" not in printed:
        printed, sides = _folded(rng, printed, sides)
    width, height = (round(side * PX_PER_MM * rng.uniform(0.94, 1.06)) for side in sides)
    pair = design.colours[int(rng.integers(len(design.colours)))]
    paper, ink = (_near(rng, COLOURS[one]) for one in pair)
    image: Image = np.full((height, width, 3), paper, np.uint8)
    if design.busy:
        _picture(rng, image, paper)
    _frame(rng, image, ink)
    place = _furniture(rng, image, design, ink)
    extent = _write(rng, image, printed, place, ink)
    if rng.random() < 0.35:
        _screws(rng, image)
    if rng.random() < 0.15:
        image = _embossed(image)
    shares = (extent[0] / width, extent[1] / height, extent[2] / width, extent[3] / height)
    return DrawnPlate(image, "".join(one for one in printed if one in READ), shares)


def _folded(
    rng: np.random.Generator, printed: str, sides: tuple[int, int]
) -> tuple[str, tuple[int, int]]:
    """A text broken into two rows where it has a gap, and a plate of that shape."""
    gaps = [n for n, sign in enumerate(printed) if sign in " -@." and 0 < n < len(printed) - 1]
    if not gaps or "<" in printed:
        return printed, sides
    at = gaps[int(rng.integers(len(gaps)))]
    rows = printed[:at], printed[at + 1 :]
    if not all(any(sign in READ for sign in row) for row in rows):
        return printed, sides
    return "/".join(rows), (TWO if rng.random() < 0.6 else BROAD)


def _near(rng: np.random.Generator, colour: Colour) -> Colour:
    b, g, r = (int(np.clip(c + rng.normal(0, 9), 0, 255)) for c in colour)
    return b, g, r


def _frame(rng: np.random.Generator, image: Image, ink: Colour) -> None:
    height, width = image.shape[:2]
    kind = rng.random()
    if kind < 0.6:
        colour = ink if rng.random() < 0.7 else (30, 30, 30)
        inset = int(rng.integers(0, 6))
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(image, (inset, inset), corner, colour, int(rng.integers(1, 5)), cv2.LINE_AA)


def _picture(rng: np.random.Generator, image: Image, paper: Colour) -> None:
    """A gradient with hills, suns or flowers, pale enough to write on mostly."""
    height, width = image.shape[:2]
    other = np.clip(np.array(paper) + rng.normal(0, 60, 3), 0, 255)
    share = np.linspace(0, 1, height)[:, None, None]
    if rng.random() < 0.7:
        image[:] = (np.array(paper) * (1 - share) + other * share).astype(np.uint8)
    base = int(height * rng.uniform(0.5, 0.9))
    for _ in range(int(rng.integers(0, 4))):
        colour = tuple(int(v) for v in np.clip(np.array(paper) + rng.normal(0, 55, 3), 0, 255))
        if rng.random() < 0.5:
            x = np.linspace(0, width, 9)
            y = base - rng.uniform(0, 0.4 * height, 9)
            points = np.stack([[*x, width, 0], [*y, height, height]], 1).astype(np.int32)
            cv2.fillPoly(image, [points], colour, cv2.LINE_AA)
        else:
            at = (int(rng.integers(width)), int(rng.integers(height)))
            cv2.circle(image, at, int(height * rng.uniform(0.05, 0.35)), colour, -1, cv2.LINE_AA)


def _furniture(rng: np.random.Generator, image: Image, design: Design, ink: Colour) -> Box:
    """Strips, small words, stickers; returns where the text has room."""
    height, width = (int(side) for side in image.shape[:2])
    left, top = round(width * rng.uniform(0.02, 0.045)), round(height * rng.uniform(0.07, 0.13))
    right, bottom = width - left, height - round(height * rng.uniform(0.07, 0.13))
    band = design.band
    if (band == "left" and rng.random() < 0.85) or (band == "maybe" and rng.random() < 0.4):
        left = _band(rng, image, 0) + round(0.02 * width)
    if band == "both":
        left = _band(rng, image, 0) + round(0.015 * width)
        if rng.random() < 0.8:
            right = width - (_band(rng, image, 1) + round(0.015 * width))
    if band == "top":
        depth = round(height * rng.uniform(0.2, 0.26))
        image[:depth] = _near(rng, (150, 60, 10))
        top = depth + round(0.04 * height)
    above = design.above[int(rng.integers(len(design.above)))] if design.above else ""
    below = design.below[int(rng.integers(len(design.below)))] if design.below else ""
    small = 0.19 if design.busy else 0.16
    if above and rng.random() < 0.9:
        deep = round(height * rng.uniform(0.11, small))
        colour = COLOURS["w"] if band == "top" else _word_colour(rng, ink)
        at = round(height * 0.04) if band == "top" else round(height * rng.uniform(0.03, 0.08))
        _words(rng, image, above, at, deep, colour)
        top = max(top, at + deep + round(height * rng.uniform(0.02, 0.07)))
    if below and rng.random() < 0.85:
        deep = round(height * rng.uniform(0.1, small))
        at = height - round(height * rng.uniform(0.03, 0.08)) - deep
        _words(rng, image, below, at, deep, _word_colour(rng, ink))
        bottom = min(bottom, at - round(height * rng.uniform(0.01, 0.06)))
    if design.busy:
        _stickers(rng, image)
    return left, top, right, bottom


def _word_colour(rng: np.random.Generator, ink: Colour) -> Colour:
    return ink if rng.random() < 0.6 else COLOURS[str(rng.choice(list("kbrg")))]


def _band(rng: np.random.Generator, image: Image, side: int) -> int:
    """A strip with stars and the letters of a country at the left (0) or right (1); its width."""
    height, width = (int(v) for v in image.shape[:2])
    wide = min(round(height * rng.uniform(0.3, 0.45)), width // 6)
    x = 0 if side == 0 else width - wide
    kind = rng.random()
    colour = (150, 60, 10) if kind < 0.7 else COLOURS[str(rng.choice(list("gryl")))]
    image[:, x : x + wide] = _near(rng, colour)
    if kind < 0.7 and side == 0:
        for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
            at_x = x + wide / 2 + 0.3 * wide * np.sin(angle)
            at_y = 0.3 * height - 0.3 * wide * np.cos(angle)
            cv2.circle(image, (round(at_x), round(at_y)), max(1, wide // 18), (30, 210, 245), -1)
    elif rng.random() < 0.6:
        centre = (x + wide // 2, round(0.35 * height))
        cv2.circle(image, centre, round(wide * 0.3), _near(rng, (200, 220, 220)), -1, cv2.LINE_AA)
    nation = NATIONS[int(rng.integers(len(NATIONS)))]
    if nation:
        face = draw_typeface(rng)
        step = min(0.3 * wide, 0.8 * wide / len(nation))
        for n, sign in enumerate(nation):
            ink = face.ink(sign, max(round(step * 0.8), 2), max(round(0.2 * height), 3))
            at_x = x + (wide - step * len(nation)) / 2 + n * step
            stamp(image, ink, round(at_x), round(0.66 * height), COLOURS["w"])
    return wide


def _words(
    rng: np.random.Generator, image: Image, words: str, y: int, deep: int, colour: Colour
) -> None:
    """Small words, in capitals or in a script of OpenCV's, which has lower case too."""
    width = int(image.shape[1])
    if words.isupper() or rng.random() < 0.3:
        face = draw_typeface(rng)
        signs = words.upper()
        step = min(0.7 * deep, 0.92 * width / len(signs))
        x = (width - step * len(signs)) * rng.uniform(0.35, 0.65)
        for sign in signs:
            if sign in READ:
                wide = max(round(min(step * 0.82, face.ratio(sign) * deep)), 2)
                stamp(image, face.ink(sign, wide, deep), round(x + (step - wide) / 2), y, colour)
            x += step
        return
    font = int(rng.choice([cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
                           cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_DUPLEX]))  # fmt: skip
    (wide, high), _ = cv2.getTextSize(words, font, 1.0, 1)
    scale = min(deep / high, 0.95 * width / wide)
    at = (round((width - wide * scale) * rng.uniform(0.35, 0.65)), y + deep)
    thick = max(1, round(deep / 9))
    cv2.putText(image, words, at, font, scale, colour, thick, cv2.LINE_AA)


def _stickers(rng: np.random.Generator, image: Image) -> None:
    """Month and year in the corners."""
    height, width = (int(v) for v in image.shape[:2])
    for x_share, y_share in ((0.02, 0.03), (0.86, 0.03), (0.02, 0.8), (0.86, 0.8)):
        if rng.random() > 0.3:
            continue
        wide, deep = round(width * rng.uniform(0.07, 0.12)), round(height * rng.uniform(0.11, 0.17))
        x, y = round(width * x_share), round(height * y_share)
        paper = tuple(int(v) for v in rng.integers(30, 250, 3))
        cv2.rectangle(image, (x, y), (x + wide, y + deep), paper, -1)
        face = draw_typeface(rng)
        words = str(rng.choice(["JAN", "APR", "OCT", "SEP", "12", "05", "98", "2016", "20"]))
        ink = COLOURS["k"] if sum(paper) > 380 else COLOURS["w"]
        step = 0.9 * wide / len(words)
        for n, sign in enumerate(words):
            tall = max(round(deep * 0.7), 3)
            at = (round(x + 0.05 * wide + n * step), round(y + 0.15 * deep))
            stamp(image, face.ink(sign, max(round(step * 0.8), 2), tall), *at, ink)


def _write(
    rng: np.random.Generator, image: Image, printed: str, place: Box, ink: Colour
) -> tuple[float, float, float, float]:
    """The text itself; returns its extent in pixels."""
    left, top, right, bottom = place
    rows = printed.split("/")
    face = draw_typeface(rng)
    deep = (bottom - top) / len(rows)
    shares = [1.0] * len(rows)
    if len(rows) == 2 and rng.random() < 0.3:
        # Some plates have a smaller upper row.
        shares = [rng.uniform(0.55, 0.9), 1.0]
        shares = [2 * one / sum(shares) for one in shares]
    condensed, fill = rng.uniform(0.75, 1.15), rng.uniform(0.72, 0.98)
    if rng.random() < 0.12:
        condensed = rng.uniform(1.15, 1.7)
    low = rng.uniform(0.5, 0.85) if rng.random() < 0.08 else 1.0
    spread, y = rng.uniform(0.1, 0.3), float(top)
    extents = []
    for row, share in zip(rows, shares, strict=True):
        own = deep * share
        tall = own * fill
        cells = _cells(face, row, tall, condensed, spread, low)
        total = sum(one[1] for one in cells)
        room = right - left
        squeeze = min(1.0, room / total)
        if squeeze < 1 and squeeze < 0.6:
            tall *= max(squeeze / 0.6, 0.55)
        aside = rng.choice([0.5, rng.uniform(0.1, 0.9)], p=[0.85, 0.15])
        start = left + (room - total * squeeze) * aside
        at_y = y + (own - tall) * rng.uniform(0.3, 0.7)
        _row(rng, image, face, cells, (start, at_y, tall, squeeze), ink)
        if len(rows) == 2 and rng.random() < 0.08:
            face = draw_typeface(rng)
        extents.append((start, at_y, start + total * squeeze, at_y + tall))
        y += own
    table = np.array(extents)
    return (float(table[:, 0].min()), float(table[:, 1].min()), float(table[:, 2].max()),
            float(table[:, 3].max()))  # fmt: skip


Cell = tuple[str, float, float, float]
"""A sign or a stack of two short rows as `<AB^12`, its advance, its own width, all in px,
and its height as a share of the row's."""


def _cells(
    face: Typeface, row: str, tall: float, condensed: float, spread: float, low: float
) -> list[Cell]:
    """The cells of a row; letters are `low` times as high as digits."""
    gap = spread * 0.5 * tall
    if not any(sign.isdigit() for sign in row):
        low = 1.0
    cells: list[Cell] = []
    parts = row.replace("<", ">").split(">")
    for number, part in enumerate(parts):
        if number % 2:
            wide = max(
                sum(one[1] for one in _cells(face, half, 0.44 * tall, condensed, spread, 1.0))
                for half in part.split("^")
            )
            cells.append((f"<{part}", wide + gap, wide, 1.0))
            continue
        for sign in part:
            share = low if sign.isalpha() else 1.0
            if sign in READ:
                wide = float(np.clip(face.ratio(sign) * condensed, 0.1, 1.3)) * share * tall
            else:
                wide = {" ": 0.16, "-": 0.22, ".": 0.12, "@": 0.5, "|": 0.08}.get(sign, 0.1) * tall
            cells.append((sign, wide + gap, wide, share))
    return cells


def _row(
    rng: np.random.Generator, image: Image, face: Typeface, cells: list[Cell],
    place: tuple[float, float, float, float], ink: Colour,
) -> None:  # fmt: skip
    x, y, tall, squeeze = place
    seat = rng.choice([0.0, 0.5, 1.0])
    for sign, advance, wide, share in cells:
        own = max(round(wide * squeeze), 2)
        at = x + (advance - wide) * squeeze / 2
        if sign in READ:
            top = y + seat * (1 - share) * tall
            stamp(image, face.ink(sign, own, max(round(share * tall), 4)),
                  round(at), round(top), ink)  # fmt: skip
        elif sign in "-.":
            thick = max(round(0.05 * tall), 1)
            middle = round(y + tall * 0.5)
            end = round(at + own)
            cv2.rectangle(image, (round(at), middle - thick), (end, middle + thick), ink, -1)
        elif sign == "|":
            cv2.line(image, (round(at), round(y)), (round(at), round(y + tall)), ink, 2)
        elif sign == "@":
            _emblem(rng, image, (at, y, own, tall))
        elif sign[0] == "<":
            for half, down in zip(sign[1:].split("^"), (0.0, 0.56), strict=True):
                # A half that is narrower than the other is set in its middle.
                small = _cells(face, half, 0.44 * tall, wide / tall, 0.1, 1.0)
                total = sum(one[1] for one in small)
                tight = min(1.0, wide / total)
                start = at + (wide - total * tight) * squeeze / 2
                _row(rng, image, face, small,
                     (start, y + down * tall, 0.44 * tall, squeeze * tight), ink)  # fmt: skip
        x += advance * squeeze


def _emblem(
    rng: np.random.Generator, image: Image, place: tuple[float, float, float, float]
) -> None:
    """Seals, flags, maps of states, little pictures between the groups."""
    x, y, wide, tall = place
    for _ in range(int(rng.integers(1, 4))):
        colour = tuple(int(v) for v in rng.integers(20, 240, 3))
        at_x, at_y = x + wide * rng.uniform(0.35, 0.65), y + tall * rng.uniform(0.2, 0.8)
        centre = (round(at_x), round(at_y))
        radius = max(round(wide * rng.uniform(0.15, 0.5)), 2)
        if rng.random() < 0.6:
            cv2.circle(image, centre, radius, colour, int(rng.choice([-1, -1, 2])), cv2.LINE_AA)
        else:
            points = np.array(centre) + rng.normal(0, radius, (int(rng.integers(3, 8)), 2))
            cv2.fillPoly(image, [points.astype(np.int32)], colour, cv2.LINE_AA)


def _screws(rng: np.random.Generator, image: Image) -> None:
    height, width = (int(v) for v in image.shape[:2])
    y = round(height * rng.uniform(0.1, 0.5))
    shift = round(width * rng.uniform(0.03, 0.3))
    shade = int(rng.integers(30, 220))
    for x in (shift, width - shift):
        cv2.circle(image, (x, y), max(2, round(height * rng.uniform(0.02, 0.05))), (shade,) * 3, -1)


def _embossed(image: Image) -> Image:
    """Edges that catch the light, as pressed letters have them."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    relief: NDArray[np.float32] = np.asarray(
        cv2.filter2D(grey, -1, np.array([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], np.float32)),
        np.float32,
    )
    return np.asarray((image + 0.25 * relief[:, :, None]).clip(0, 255), np.uint8)
