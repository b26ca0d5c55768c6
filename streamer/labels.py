"""Short texts as small pictures with soft edges, made once and pasted often."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from models.base import Image

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FINER = 4
"""Shapes are drawn so many times larger and then reduced: Pillow's have hard edges."""
REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Run:
    """Some characters of one colour (BGR) and one size (pixels)."""

    text: str
    colour: Colour
    size: int
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Sprite:
    """What is pasted: colours times alpha, (H, W, 3), and alpha, (H, W, 1), both uint16 0..255."""

    colours: NDArray[np.uint16]
    alpha: NDArray[np.uint16]


@lru_cache(maxsize=REMEMBERED)
def sprite(
    runs: tuple[Run, ...],
    ground: Colour,
    opacity: float,
    bar: float | None = None,
    bar_colour: Colour = (255, 255, 255),
) -> Sprite:
    """The runs in one line on a rounded ground; below them a bar that fills to `bar` (0..1)."""
    tallest = max(run.size for run in runs)
    pad, under = round(tallest * 0.35), (max(2, tallest // 7) if bar is not None else 0)
    widths = [_font(run.size).getlength(run.text) + run.bold for run in runs]
    size = (round(sum(widths)) + 2 * pad, round(tallest * 1.35) + under)
    picture = _ground(size, ground, opacity, tallest // 4)
    draw = ImageDraw.Draw(picture)
    if bar is not None:
        high = size[1] - under - 1
        draw.rectangle((pad, high, size[0] - pad, high + under - 2), (*_rgb(ground), 255))
        filled = pad + round(bar * (size[0] - 2 * pad))
        draw.rectangle((pad, high, filled, high + under - 2), (*_rgb(bar_colour), 255))
    x, base = float(pad), round(tallest * 1.02)
    for run, width in zip(runs, widths, strict=True):
        stroke = max(0.4, run.size / 40) if run.bold else 0
        draw.text((x, base), run.text, _rgb(run.colour), _font(run.size), "ls", stroke_width=stroke)
        x += width
    return _sprite(picture)


def paste(canvas: Image, one: Sprite, at: tuple[int, int]) -> None:
    """Put a sprite's upper left corner at (x, y); what lies outside the picture is left out."""
    x, y = at
    left, top = max(0, -x), max(0, -y)
    height, width = one.alpha.shape[:2]
    part = canvas[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    rows, columns = part.shape[:2]
    if not rows or not columns:
        return
    inside = np.s_[top : top + rows, left : left + columns]
    part[:] = (part * (255 - one.alpha[inside]) // 255 + one.colours[inside]).astype(np.uint8)


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    """The font that Pillow carries, so that every box draws the same."""
    return ImageFont.load_default(size)


def _ground(size: tuple[int, int], colour: Colour, opacity: float, radius: int) -> Pictures.Image:
    mask = Pictures.new("L", (size[0] * FINER, size[1] * FINER), 0)
    edges = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(edges, radius * FINER, round(255 * opacity))
    picture = Pictures.new("RGBA", size, (*_rgb(colour), 0))
    picture.putalpha(mask.resize(size, Pictures.Resampling.BOX))
    return picture


def _sprite(picture: Pictures.Image) -> Sprite:
    pixels = np.asarray(picture, np.uint16)
    alpha = pixels[:, :, 3:]
    return Sprite(pixels[:, :, 2::-1] * alpha // 255, alpha)


def _rgb(colour: Colour) -> Colour:
    return colour[2], colour[1], colour[0]
