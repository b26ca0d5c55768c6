"""Pictures of what is no number plate, in the shape of one: a reader must not believe them.

Shop signs, badges, stickers, screens, grilles, bare plates, bodywork, and plates of which a
part is missing. None shows a whole plate. Each kind is drawn at random and seen as a camera
would see it: askew, small, blurred, in bad light.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from models.base import Image
from models.training.canvas import Colour, stamp
from models.training.plates import LAYOUTS, bare, draw_plate, plate_text
from models.training.typefaces import installed
from models.training.words import SHOP, STATES, STICKER, VEHICLE, draw_number, draw_word

HIGH = 72
"""Pixels in which a kind is drawn before it is seen."""

LETTER_PX = 44

LEAST_HALF = 0.25
"""Of a plate's width, so much is left of half a plate at least."""

Draw = Callable[[np.random.Generator], Image]


def draw_non_plate(rng: np.random.Generator, kind: str | None = None) -> Image:
    """(height, width, 3) of 12 to 110 rows, some 1 to 5 times as wide as high.

    `kind` is one of `KINDS`, any if None. The same state of `rng` and the same fonts
    give the same picture.
    """
    names = list(KINDS)
    draw = KINDS[kind if kind is not None else names[rng.integers(len(names))]]
    return seen(rng, draw(rng))


def seen(rng: np.random.Generator, drawn: Image) -> Image:
    """The same as a camera shows it: askew, scaled, blurred, in its light, with noise, coded."""
    high = int(np.exp(rng.uniform(np.log(12), np.log(110))))
    wide = max(8, round(high * drawn.shape[1] / drawn.shape[0] * rng.uniform(0.8, 1.25)))
    small = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
        moved = corners + rng.uniform(-0.12, 0.12, (4, 2)).astype(np.float32) * high
        matrix = cv2.getPerspectiveTransform(corners, moved)
        small = cv2.warpPerspective(small, matrix, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.6:
        small = cv2.GaussianBlur(small, (0, 0), 0.3 + 0.03 * high * rng.random())
    light = rng.uniform(0.35, 1.15) * (1 + rng.uniform(-0.3, 0.3) * np.linspace(-1, 1, wide))
    noise = rng.standard_normal(small.shape, np.float32) * np.float32(rng.uniform(0, 9))
    lit = small * light.astype(np.float32)[None, :, None] + noise + np.float32(rng.uniform(-10, 30))
    worn = lit.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        worn = cv2.imdecode(cv2.imencode(".jpg", worn, quality)[1], cv2.IMREAD_COLOR)
    return np.asarray(worn, np.uint8)


def write(rng: np.random.Generator, image: Image, text: str, place: tuple[float, ...], ink: Colour,
          *, shade: bool = False) -> None:  # fmt: skip
    """Letter `text` into a place (left, top, right, bottom in shares), in any typeface.

    It fills the height of the place unless it would be wider than it; `shade` throws a shadow.
    """
    height, width = image.shape[:2]
    left, right = place[0] * width, place[2] * width
    top, room = place[1] * height, max(4.0, (place[3] - place[1]) * height)
    drawn = _letters(str(_font_of(rng)), text)
    wide = room * drawn.shape[1] / drawn.shape[0] * rng.uniform(0.8, 1.3)
    scale = min(1.0, (right - left) / wide)
    size = (max(2, round(wide * scale)), max(3, round(room * max(scale, 0.45))))
    letters = np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)
    at = round(left + (right - left - size[0]) * rng.random()), round(top + (room - size[1]) / 2)
    if shade:
        stamp(image, letters, at[0] + 1, at[1] + 2, (20, 20, 20))
    stamp(image, letters, *at, ink)


def _font_of(rng: np.random.Generator) -> Path:
    files = installed()
    return files[rng.integers(len(files))]


@lru_cache(maxsize=128)
def _font(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, LETTER_PX)


def _letters(file: str, text: str) -> NDArray[np.uint8]:
    face = _font(file)
    left, top, right, bottom = face.getbbox(text)
    sheet = Pil.new("L", (max(int(right - left), 1) + 2, max(int(bottom - top), 1) + 2))
    ImageDraw.Draw(sheet).text((1 - left, 1 - top), text, font=face, fill=255)
    return np.asarray(sheet, dtype=np.uint8)


def _colour(rng: np.random.Generator) -> Colour:
    """White, black, grey or a colour; strong ones are as frequent as pale ones."""
    kind = rng.random()
    if kind < 0.3:
        level = int(rng.choice([15, 235])) + int(rng.integers(-15, 20))
        return level, level, level
    if kind < 0.4:
        level = int(rng.integers(60, 200))
        return level, level, level
    blue, green, red = (int(one) for one in rng.integers(0, 256, 3))
    return blue, green, red


def _against(rng: np.random.Generator, ground: Colour) -> Colour:
    """A colour that can be read on a ground."""
    dark = 0.114 * ground[0] + 0.587 * ground[1] + 0.299 * ground[2] < 128
    low, high = (170, 256) if dark else (0, 70)
    if rng.random() < 0.5:
        level = int(rng.integers(low, high))
        return level, level, level
    blue, green, red = (int(one) for one in rng.integers(low, high, 3))
    return blue, green, red


def _sheet(rng: np.random.Generator, ground: Colour, shapes: tuple[float, float]) -> Image:
    """A ground that shades from one side to the other, `shapes` times as wide as high."""
    wide = round(HIGH * rng.uniform(*shapes))
    tilt = np.float32(rng.uniform(-0.25, 0.25))
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :] * tilt
    down = np.linspace(-1, 1, HIGH, dtype=np.float32)[:, None] * np.float32(rng.uniform(-0.3, 0.3))
    shaded = np.array(ground, np.float32) * (1 + across + down)[..., None]
    return np.asarray(shaded.clip(0, 255), np.uint8)


def _sign(rng: np.random.Generator) -> Image:
    """A shop's or a street's sign: one to three rows of words, sometimes framed."""
    ground = _colour(rng)
    image = _sheet(rng, ground, (1.2, 5.5))
    ink = _against(rng, ground)
    if rng.random() < 0.35:
        inset = int(rng.integers(1, 6))
        bounds = (image.shape[1] - 1 - inset, HIGH - 1 - inset)
        cv2.rectangle(image, (inset, inset), bounds, ink, int(rng.integers(1, 4)))
    rows = int(rng.choice([1, 1, 1, 2, 2, 3]))
    edges = np.linspace(rng.uniform(0.02, 0.2), rng.uniform(0.8, 0.98), rows + 1)
    for top, bottom in pairwise(edges):
        word = draw_number(rng) if rng.random() < 0.15 else draw_word(rng, SHOP)
        gap = 0.08 * (bottom - top)
        write(rng, image, word, (0.04, top + gap, 0.96, bottom - gap), ink)
    return image


def _badge(rng: np.random.Generator) -> Image:
    """Chrome or dark letters on paint: a make, a model, an engine."""
    image = _sheet(rng, _colour(rng), (1.2, 5.0))
    level = int(rng.choice([40, 190, 225]))
    top = rng.uniform(0.05, 0.4)
    place = (0.03, top, 0.97, top + rng.uniform(0.25, 0.55))
    word = draw_word(rng, VEHICLE)
    write(rng, image, word, place, (level, level, level), shade=bool(rng.random() < 0.6))
    if rng.random() < 0.3:
        at = int(rng.uniform(0.1, 0.9) * image.shape[1]), HIGH // 2
        cv2.circle(image, at, int(rng.integers(8, 30)), (200, 200, 205), 3, cv2.LINE_AA)
    return image


def _sticker(rng: np.random.Generator) -> Image:
    """An oval or a rectangle with a word, stuck on paint or glass."""
    image = _sheet(rng, _colour(rng), (1.0, 4.5))
    ground = _colour(rng)
    wide, middle = image.shape[1], (image.shape[1] // 2, HIGH // 2)
    reach = round(wide * rng.uniform(0.3, 0.5)), round(HIGH * rng.uniform(0.3, 0.48))
    if rng.random() < 0.4:
        cv2.ellipse(image, (middle, (2 * reach[0], 2 * reach[1]), 0.0), ground, -1, cv2.LINE_AA)
    else:
        low = (middle[0] - reach[0], middle[1] - reach[1])
        cv2.rectangle(image, low, (middle[0] + reach[0], middle[1] + reach[1]), ground, -1)
    x, y = 0.75 * reach[0] / wide, 0.55 * reach[1] / HIGH
    place = (0.5 - x, 0.5 - y, 0.5 + x, 0.5 + y)
    write(rng, image, draw_word(rng, STICKER), place, _against(rng, ground))
    return image


def _screen(rng: np.random.Generator) -> Image:
    """Numbers that are no plate: the time a camera writes into its picture, prices, telephones."""
    dark = rng.random() < 0.6
    ground = (20, 20, 20) if dark else _colour(rng)
    image = _sheet(rng, ground, (1.5, 6.0))
    if rng.random() < 0.5:
        image = cv2.add(image, _cloud(rng, image.shape[1]))
    top = rng.uniform(0.05, 0.35)
    place = (0.03, top, 0.97, top + rng.uniform(0.35, 0.6))
    write(
        rng, image, draw_number(rng), place, _against(rng, ground), shade=bool(rng.random() < 0.4)
    )
    return image


def _grille(rng: np.random.Generator) -> Image:
    """Bars across, upright or both, as in front of a radiator; sometimes a badge on them."""
    image = _sheet(rng, (30, 30, 30), (1.0, 5.0))
    wide = image.shape[1]
    level, step = int(rng.integers(60, 230)), float(rng.uniform(6, 20))
    bar = (level, level, level)
    thick, lean = max(1, round(step * rng.uniform(0.2, 0.7))), float(rng.uniform(-6, 6))
    kind = rng.random()
    if kind < 0.7:
        for y in np.arange(rng.uniform(0, step), HIGH, step):
            cv2.line(image, (0, round(y)), (wide, round(y + lean)), bar, thick, cv2.LINE_AA)
    if kind > 0.5:
        for x in np.arange(rng.uniform(0, step), wide, step * rng.uniform(1, 2.5)):
            cv2.line(image, (round(x), 0), (round(x + lean), HIGH), bar, thick, cv2.LINE_AA)
    if rng.random() < 0.3:
        write(rng, image, draw_word(rng, VEHICLE), (0.2, 0.3, 0.8, 0.7), (210, 210, 210))
    return image


def _bodywork(rng: np.random.Generator) -> Image:
    """Paint, glass, lamps, road, leaves: shapes and clouds without any writing."""
    image = _sheet(rng, _colour(rng), (1.0, 5.0))
    wide = image.shape[1]
    for _ in range(rng.integers(0, 6)):
        points = rng.uniform((-0.2 * wide, -20), (1.2 * wide, HIGH + 20), (4, 2)).astype(np.int32)
        cv2.fillConvexPoly(image, cv2.convexHull(points), _colour(rng), cv2.LINE_AA)
    for _ in range(rng.integers(0, 3)):
        at = int(rng.integers(0, wide)), int(rng.integers(0, HIGH))
        size = int(rng.integers(6, 60)), int(rng.integers(6, 40))
        cv2.ellipse(image, (at, size, float(rng.uniform(0, 180))), _colour(rng), -1, cv2.LINE_AA)
    return cv2.add(image, _cloud(rng, wide)) if rng.random() < 0.6 else image


def _cloud(rng: np.random.Generator, wide: int) -> Image:
    """Noise of one coarseness: leaves, gravel, reflections."""
    cell = int(rng.integers(2, 16))
    coarse = rng.integers(0, int(rng.integers(20, 130)), (HIGH // cell + 2, wide // cell + 2, 3))
    cloud = cv2.resize(coarse.astype(np.uint8), (wide, HIGH), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cloud, np.uint8)


def _bare_plate(rng: np.random.Generator) -> Image:
    """A frame or a plate that carries only small words: a dealer's name, a state, a slogan."""
    ground = _colour(rng) if rng.random() < 0.4 else (235, 238, 238)
    image = _sheet(rng, ground, (1.5, 5.0))
    ink = _against(rng, ground)
    cv2.rectangle(image, (2, 2), (image.shape[1] - 3, HIGH - 3), ink, int(rng.integers(1, 4)))
    if rng.random() < 0.4:
        image[4:-4, 4 : 4 + round(0.35 * HIGH)] = (150, 60, 10)
    words = STATES if rng.random() < 0.5 else STICKER
    if rng.random() < 0.6:
        write(rng, image, draw_word(rng, words), (0.1, 0.04, 0.9, 0.26), ink)
    if rng.random() < 0.6:
        write(rng, image, draw_word(rng, words), (0.1, 0.76, 0.9, 0.97), ink)
    return image


def _half_plate(rng: np.random.Generator) -> Image:
    """A drawn plate with a part gone."""
    layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    text = plate_text(rng, layout.patterns[rng.integers(len(layout.patterns))])
    lines = text.split("/")
    signs = max(len(bare(line)) for line in lines)
    width, height = layout.size_mm
    # Short texts stand in the middle of a long plate: roughly as wide as they are drawn.
    filled = min(0.85, signs * 0.41 * height / len(lines) / width)
    return half_of(rng, draw_plate(rng, layout, text), 0.5 + filled * (0.5 - 1.2 / signs))


def half_of(rng: np.random.Generator, plate: Image, most: float) -> Image:
    """A part of a plate's picture (height, width, 3): the rest is outside, or covered.

    Cut at the left or right, with `most` of its width left (choose it so that one character at
    least is gone), or above or below.
    """
    height, width = plate.shape[:2]
    side = rng.random()
    if side < 0.8:
        kept = round(width * rng.uniform(LEAST_HALF, max(most, LEAST_HALF)))
        start = 0 if side < 0.4 else width - kept
        part = plate[:, start : start + kept]
    else:
        kept = round(height * rng.uniform(0.25, 0.45))
        start = 0 if side < 0.9 else height - kept
        part = plate[start : start + kept]
    if side >= 0.8 or rng.random() < 0.5:
        return np.ascontiguousarray(part)
    covered = np.empty_like(plate)
    covered[:] = _colour(rng)
    covered[:, start : start + kept] = part
    return covered


KINDS: dict[str, Draw] = {
    "sign": _sign,
    "badge": _badge,
    "sticker": _sticker,
    "screen": _screen,
    "grille": _grille,
    "bodywork": _bodywork,
    "bare plate": _bare_plate,
    "half plate": _half_plate,
}
"""What is drawn, by name."""
