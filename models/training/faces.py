"""The face of a vehicle that carries the plate: lamps, grille or boot, bumper, lettering."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image
from models.training.canvas import Colour, lettering, stamp
from models.training.plates import Layout, draw_plate
from models.training.vehicles import (
    LAMP,
    MOTORCYCLE,
    PAINTS,
    PX_PER_M,
    REAR,
    SHAPES,
    VAN,
    Shape,
    Vehicle,
)

DARK: Colour = (26, 26, 28)
RED: Colour = (30, 20, 170)
CHROME: Colour = (205, 205, 205)

WORDS = ("GATEWAY", "TRANSIT", "SPORT", "TURBO", "AMBULANCE", "4X4", "SERVICE 24", "TAXI",
         "EXPRESS", "HYBRID", "HOTEL PARK", "RENT A CAR", "2.0 TDI", "CITY VAN")  # fmt: skip
"""Printed on vehicles and signs: letters that are no plate."""


def build_vehicle(
    rng: np.random.Generator,
    layout: Layout,
    text: str | None,
    *,
    rear: bool = False,
    shape: Shape | None = None,
) -> Vehicle:
    """A vehicle of random kind (or of that `shape`) and paint, seen from the front or the
    `rear`, with that plate (`text` None: without any)."""
    if "motorcycle" in layout.name:
        return build_motorcycle(rng, layout, text)
    if shape is None:
        shape = REAR if rear else SHAPES[rng.integers(len(SHAPES))]
    paint = PAINTS[rng.integers(len(PAINTS))]
    high = shape.nose - 0.18
    size = (layout.size_mm[0] / 1000, layout.size_mm[1] / 1000)
    raised = rng.uniform(0.42, 0.62) if rear else rng.uniform(0.2, 0.36)
    middle = 0.18 + max(high * raised, size[1] / 2 + 0.03)
    face, lamps = (_rear if rear else _front)(rng, shape, paint)
    if rng.random() < (0.5 if rear or shape is VAN else 0.2):
        _letter(rng, face, DARK if sum(paint) > 300 else CHROME)
    _recess(face, shape, size, middle, paint)
    return Vehicle(
        shape=shape,
        paint=paint,
        face=_rounded(face),
        alpha=_outline(face.shape[1], face.shape[0]),
        plate=None if text is None else draw_plate(rng, layout, text),
        plate_size=size,
        plate_at=(0.0, middle),
        lamps=lamps,
        lamp_colour=(40, 30, 200) if rear else LAMP,
    )


def build_motorcycle(rng: np.random.Generator, layout: Layout, text: str | None) -> Vehicle:
    """A motorcycle or scooter from behind: wheel, mudguard, lamp, and somebody riding it."""
    paint = PAINTS[rng.integers(len(PAINTS))]
    size = (layout.size_mm[0] / 1000, layout.size_mm[1] / 1000)
    height, width = round((MOTORCYCLE.nose - 0.18) * PX_PER_M), round(MOTORCYCLE.width * PX_PER_M)
    face, alpha = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    middle, plate = width // 2, rng.uniform(0.5, 0.68)
    tall = round(size[1] * PX_PER_M)
    y = round((MOTORCYCLE.nose - plate) * PX_PER_M)
    cloth = tuple(int(v) for v in rng.integers(10, 200, 3))
    parts: list[tuple[list[tuple[int, int]], Colour]] = [
        ([(middle - 26, height), (middle - 26, y), (middle + 26, y), (middle + 26, height)], DARK),
        ([(middle - 95, y), (middle - 70, 150), (middle + 70, 150), (middle + 95, y)], paint),
        ([(0, 235), (middle - 60, 200), (middle + 60, 200), (width, 235), (width, 205),
          (middle, 165), (0, 205)], DARK),
    ]  # fmt: skip
    if rng.random() < 0.7:
        torso = [(middle - 88, 170), (middle - 72, 0), (middle + 72, 0), (middle + 88, 170)]
        parts.append((torso, (cloth[0], cloth[1], cloth[2])))
    for corners, colour in parts:
        for sheet, value in ((face, colour), (alpha, 255)):
            cv2.fillPoly(sheet, [np.array(corners, np.int32)], value, cv2.LINE_AA)
    lamp = (middle, max(y - tall // 2 - 24, 20))
    cv2.ellipse(face, lamp, (46, 17), 0, 0, 360, RED, -1, cv2.LINE_AA)
    lamp_y = MOTORCYCLE.nose - lamp[1] / PX_PER_M
    drawn = None if text is None else draw_plate(rng, layout, text)
    return Vehicle(MOTORCYCLE, paint, face, alpha, drawn, size, (0.0, plate), ((0.0, lamp_y),),
                   (40, 30, 200))  # fmt: skip


def _blank(shape: Shape, paint: Colour) -> Image:
    height, width = round((shape.nose - 0.18) * PX_PER_M), round(shape.width * PX_PER_M)
    shade = np.interp(np.arange(height), [0, 0.25 * height, height], [1.08, 0.98, 0.72])
    rows = (shade[:, None, None] * np.array(paint)).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(rows, (height, width, 3)))


def _front(
    rng: np.random.Generator, shape: Shape, paint: Colour
) -> tuple[Image, tuple[tuple[float, float], ...]]:
    face = _blank(shape, paint)
    height, width = face.shape[:2]
    middle = width // 2
    grille = (round(width * rng.uniform(0.2, 0.3)), round(height * rng.uniform(0.3, 0.42)))
    _grille(rng, face, grille)
    reach, drop = round(width * rng.uniform(0.19, 0.25)), round(height * rng.uniform(0.2, 0.3))
    top = round(0.1 * height)
    for sign in (-1, 1):
        outer = middle + sign * (middle - 14)
        corners = [
            (outer, top),
            (outer, top + drop),
            (outer - sign * round(0.8 * reach), top + drop),
        ]
        corners.append((outer - sign * reach, top + round(0.45 * drop)))
        _polygon(face, corners, (70, 66, 62))
        _polygon(face, _smaller(corners, 0.84), (190, 186, 180))
        centre = (outer - sign * round(0.42 * reach), top + round(0.62 * drop))
        cv2.circle(face, centre, round(0.3 * drop), (120, 116, 110), -1, cv2.LINE_AA)
        cv2.circle(face, centre, round(0.24 * drop), (245, 245, 240), -1, cv2.LINE_AA)
    _bumper(rng, face)
    side = (middle - 14 - 0.42 * reach) / PX_PER_M
    lamp_y = shape.nose - (top + 0.62 * drop) / PX_PER_M
    return face, ((-side, lamp_y), (side, lamp_y))


def _grille(rng: np.random.Generator, face: Image, size: tuple[int, int]) -> None:
    height, width = face.shape[:2]
    middle, (half, tall), top = width // 2, size, round(0.1 * height)
    corners = [(middle - half, top), (middle + half, top)]
    corners += [
        (middle + round(0.85 * half), top + tall),
        (middle - round(0.85 * half), top + tall),
    ]
    _polygon(face, corners, CHROME if rng.random() < 0.5 else (60, 60, 60))
    _polygon(face, _smaller(corners, 0.93), DARK)
    if rng.random() < 0.7:
        for y in range(top + 12, top + tall - 6, int(rng.integers(10, 22))):
            edge = round(0.8 * half)
            cv2.line(face, (middle - edge, y), (middle + edge, y), (96, 96, 96), 3, cv2.LINE_AA)
    cv2.circle(face, (middle, top + tall // 3), 19, CHROME, -1, cv2.LINE_AA)
    cv2.circle(face, (middle, top + tall // 3), 14, (90, 80, 70), 3, cv2.LINE_AA)


def _bumper(rng: np.random.Generator, face: Image) -> None:
    height, width = face.shape[:2]
    line = round(0.52 * height)
    cv2.line(face, (0, line), (width, line), _dim(face, line, 0.7), 3, cv2.LINE_AA)
    cv2.rectangle(face, (round(0.22 * width), round(0.84 * height)),
                  (round(0.78 * width), round(0.96 * height)), DARK, -1)  # fmt: skip
    for share in (0.12, 0.88):
        centre = (round(share * width), round(0.8 * height))
        cv2.ellipse(face, centre, (40, 24), 0, 0, 360, DARK, -1, cv2.LINE_AA)
        if rng.random() < 0.7:
            cv2.circle(face, centre, 15, (200, 200, 196), -1, cv2.LINE_AA)
    face[round(0.95 * height) :] = DARK


def _rear(
    rng: np.random.Generator, shape: Shape, paint: Colour
) -> tuple[Image, tuple[tuple[float, float], ...]]:
    face = _blank(shape, paint)
    height, width = face.shape[:2]
    middle = width // 2
    top, drop = round(0.12 * height), round(height * rng.uniform(0.2, 0.3))
    reach = round(width * rng.uniform(0.12, 0.22))
    for sign in (-1, 1):
        outer = middle + sign * (middle - 12)
        corners = [(outer, top), (outer, top + drop), (outer - sign * reach, top + drop)]
        corners.append((outer - sign * round(reach * rng.uniform(0.6, 1.1)), top))
        _polygon(face, corners, RED)
        light = (outer - sign * reach // 3, top + drop // 3)
        cv2.circle(face, light, drop // 5, (170, 190, 230), -1, cv2.LINE_AA)
    line = round(0.66 * height)
    cv2.line(face, (0, line), (width, line), _dim(face, line, 0.6), 4, cv2.LINE_AA)
    cv2.circle(face, (middle, round(0.16 * height)), 17, CHROME, -1, cv2.LINE_AA)
    face[round(0.88 * height) :] = DARK
    side, lamp_y = (middle - 12 - reach / 2) / PX_PER_M, shape.nose - (top + drop / 2) / PX_PER_M
    return face, ((-side, lamp_y), (side, lamp_y))


def _letter(rng: np.random.Generator, face: Image, colour: Colour) -> None:
    height, width = face.shape[:2]
    word = str(rng.choice(WORDS))
    tall = round(height * rng.uniform(0.05, 0.12))
    ink = lettering(word, tall, round(0.62 * tall * len(word)))
    room = max(width - ink.shape[1], 1)
    stamp(face, ink, round(room * rng.uniform(0.1, 0.9)), round(0.55 * height), colour)


def _recess(
    face: Image, shape: Shape, size: tuple[float, float], middle: float, paint: Colour
) -> None:
    """What the plate is screwed on: a darker holder, a little larger than the plate."""
    half, tall = round((size[0] / 2 + 0.02) * PX_PER_M), round((size[1] / 2 + 0.02) * PX_PER_M)
    x, y = face.shape[1] // 2, round((shape.nose - middle) * PX_PER_M)
    b, g, r = (c // 3 for c in paint)
    cv2.rectangle(face, (x - half, y - tall), (x + half, y + tall), (b, g, r), -1)


def _rounded(face: Image) -> Image:
    """Darker to the sides, as if the face were curved."""
    width = face.shape[1]
    across = np.abs(np.linspace(-1, 1, width))
    shade = np.interp(across, [0, 0.75, 1], [1.0, 0.95, 0.6])[None, :, None]
    return (face * shade).astype(np.uint8)


def _outline(width: int, height: int) -> NDArray[np.uint8]:
    mask = np.zeros((height, width), np.uint8)
    radius = round(0.13 * height)
    mask[:, radius:-radius] = 255
    mask[radius:-radius] = 255
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    mask[0] = mask[-1] = 0
    return mask


def _polygon(face: Image, corners: list[tuple[int, int]], colour: Colour) -> None:
    cv2.fillPoly(face, [np.array(corners, np.int32)], colour, cv2.LINE_AA)


def _smaller(corners: list[tuple[int, int]], share: float) -> list[tuple[int, int]]:
    points = np.array(corners, float)
    middle = points.mean(0)
    return [(round(x), round(y)) for x, y in (points - middle) * share + middle]


def _dim(face: Image, row: int, share: float) -> Colour:
    b, g, r = (int(c * share) for c in face[row, face.shape[1] // 2])
    return b, g, r
