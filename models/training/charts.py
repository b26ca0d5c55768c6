"""Charts as numbers that a page draws as SVG: no image, so they follow light and dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT = 320.0, 120.0
"""Of the bars, in the units of the drawing; words stand below and above."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram: its place in the drawing, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`marks` are (x, text) below the bars; `most` is the count of the highest bar."""

    title: str
    bars: tuple[Bar, ...]
    marks: tuple[tuple[float, str], ...]
    most: int


def histogram(title: str, values: Sequence[float], most_bars: int = 30) -> Chart:
    """How often which value: bars of equal, round width; the last one also holds all beyond it.

    It ends where 98 % of the values do, so that one outlier does not press the rest together.
    """
    if not len(values):
        return Chart(title, (), (), 0)
    low, high = float(np.min(values)), float(np.quantile(values, 0.98))
    step = _round_step((high - low) / most_bars)
    start = math.floor(low / step) * step
    count = math.floor((high - start) / step) + 1
    places = ((np.asarray(values) - start) / step).astype(int).clip(0, count - 1)
    counts = np.bincount(places, minlength=count)
    most, wide = int(counts.max()), WIDTH / count
    bars = []
    for index, number in enumerate(counts):
        tall = HEIGHT * float(number) / most
        beyond = " and more" if index == count - 1 else f" to {start + (index + 1) * step:g}"
        text = f"{start + index * step:g}{beyond}: {number}"
        bars.append(Bar(index * wide, HEIGHT - tall, wide * 0.9, tall, text))
    every = max(1, round(count / 5))
    marks = tuple((index * wide, f"{start + index * step:g}") for index in range(0, count, every))
    return Chart(title, tuple(bars), marks, most)


def _round_step(least: float) -> float:
    """The least of 1, 2 and 5, times a power of ten, that is as large."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(float(f"{by * power:.3g}") for by in (1, 2, 5, 10) if by * power >= least)
