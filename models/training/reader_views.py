"""What a camera and a detector make of a plate: views to learn reading from.

A view is the crop that the reader would be given: askew, cut a little too tight or too wide,
far away, in bad light, blurred and coded. Drawn plates are set into pieces of real pictures;
real crops are turned and worsened a little more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Image
from models.readers.plate_input import stretched, upright
from models.training.reader_plates import DrawnPlate

UPRIGHT = 0.8
"""Of the views, those that are prepared as the reader does it."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """(64, 160, 3) BGR and what is to be said of it.

    `text` is None where it should not be learnt: what is left of half a plate is no reading.
    """

    seen: Image
    text: str | None
    plate: bool = True
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a real picture with a plate in `box` (pixels of the piece)."""

    image: Image
    box: Box
    text: str
    source: str


def view_of_drawn(
    rng: np.random.Generator, plate: DrawnPlate, backdrops: Sequence[Image], *, half: bool = False
) -> View:
    """A drawn plate as it hangs on a vehicle."""
    aspect = plate.image.shape[1] / plate.image.shape[0] * float(np.exp(rng.normal(0, 0.06)))
    high = float(np.exp(rng.uniform(np.log(14), np.log(80))))
    quad = _askew(rng, aspect * high, high)
    quad -= quad.min(0)
    window = _window(rng, (0.0, 0.0, *quad.max(0)), 0.045)
    if half:
        window = _half(rng, window)
    left, top, right, bottom = window
    size = (max(round(right - left), 8), max(round(bottom - top), 6))
    canvas = _backdrop(rng, backdrops, size)
    _set_in(rng, canvas, plate.image, quad - [left, top])
    image = _worsened(rng, canvas, high)
    if half:
        return View(_shown(rng, image), None, whole=False)
    lost = _lost(plate, quad, window)
    return View(_shown(rng, image), None if lost else plate.text, whole=not lost)


def view_of_real(rng: np.random.Generator, snippet: Snippet, *, half: bool = False) -> View:
    """A real plate, turned and worsened a little more than it was."""
    _, y1, _, y2 = snippet.box
    window = _window(rng, snippet.box, 0.03)
    if half:
        window = _half(rng, window)
    left, top, right, bottom = window
    wide, high = right - left, bottom - top
    scale = 1.0
    if rng.random() < 0.3:
        wanted = np.exp(rng.uniform(np.log(13), np.log(60)))
        scale = float(min(1.0, wanted / max(y2 - y1, 1.0)))
    size = (max(round(wide * scale), 8), max(round(high * scale), 6))
    bend = rng.normal(0, 0.025, (4, 2)) * [wide, high]
    if rng.random() < 0.5:
        bend += _turn(rng, wide, high)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) + bend
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    image = snippet.image
    if scale < 0.6:
        how = cv2.INTER_AREA
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how))
        corners = corners * [image.shape[1] / snippet.image.shape[1],
                             image.shape[0] / snippet.image.shape[0]]  # fmt: skip
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    warped = cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    worse = _worsened(rng, np.asarray(warped, np.uint8), size[1], mild=True)
    return View(_shown(rng, worse), None if half else snippet.text, whole=not half)


def view_of_other(rng: np.random.Generator, image: Image, *, worse: bool = True) -> View:
    """Something that is no plate: nothing is to be read."""
    if worse:
        image = _worsened(rng, image, image.shape[0], mild=True)
    return View(_shown(rng, image), "", plate=False, whole=False)


def _shown(rng: np.random.Generator, image: Image) -> Image:
    """As the reader prepares a crop, and at times leaning as it does: its estimate may be off."""
    return upright(image) if rng.random() < UPRIGHT else stretched(image)


def window_of_backdrop(rng: np.random.Generator, backdrop: Image) -> Image:
    """A piece of a picture without plates, of a plate's shape."""
    height, width = backdrop.shape[:2]
    high = max(round(height * rng.uniform(0.12, 0.5)), 8)
    wide = min(round(high * rng.uniform(1.2, 5)), width)
    x, y = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
    return backdrop[y : y + high, x : x + wide]


def _turn(rng: np.random.Generator, wide: float, high: float) -> Matrix:
    """How the corners of a window move when it leans by a few degrees."""
    lean = np.tan(rng.normal(0, 0.11 if rng.random() < 0.2 else 0.05)) * wide / 2
    shear = rng.normal(0, 0.06) * high
    return np.array([[shear, -lean], [shear, lean], [-shear, lean], [-shear, -lean]]) / 1.0


def _askew(rng: np.random.Generator, wide: float, high: float) -> Matrix:
    """The corners of a plate seen from the side and from above, (4, 2)."""
    rect = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], float)
    angle = np.radians(rng.normal(0, 9 if rng.random() < 0.3 else 3.5))
    shear = rng.normal(0, 0.2 if rng.random() < 0.3 else 0.06)
    c, s = np.cos(angle), np.sin(angle)
    turned = rect @ np.array([[1, 0], [shear, 1]]) @ np.array([[c, s], [-s, c]])
    return np.asarray(turned + rng.normal(0, 0.018, (4, 2)) * [0.5 * wide, high])


def _window(rng: np.random.Generator, box: Sequence[float], spread: float) -> tuple[float, ...]:
    """A detector's box with its margin: somewhat beside the plate, more often too wide."""
    x1, y1, x2, y2 = box
    wide, high = x2 - x1, y2 - y1
    sides = np.array([rng.normal(0.022, spread / 1.5), rng.normal(0.03, spread)] * 2)
    if rng.random() < 0.2:
        sides += rng.uniform(0, 0.12)
    sides = sides.clip(-0.03, 0.3)
    return (x1 - sides[0] * wide, y1 - sides[1] * high, x2 + sides[2] * wide, y2 + sides[3] * high)


def _half(rng: np.random.Generator, window: tuple[float, ...]) -> tuple[float, ...]:
    """The window with a part of the plate cut away."""
    left, top, right, bottom = window
    lost = rng.uniform(0.18, 0.6)
    side = rng.random()
    if side < 0.4:
        return left + lost * (right - left), top, right, bottom
    if side < 0.8:
        return left, top, right - lost * (right - left), bottom
    lost = rng.uniform(0.4, 0.65)
    if side < 0.9:
        return left, top + lost * (bottom - top), right, bottom
    return left, top, right, bottom - lost * (bottom - top)


def _lost(plate: DrawnPlate, quad: Matrix, window: tuple[float, ...]) -> bool:
    """Whether the window cuts into the text."""
    x1, y1, x2, y2 = plate.extent
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
    text = cv2.perspectiveTransform(
        np.array([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float32), matrix
    )[0]
    left, top, right, bottom = window
    slack = 0.04 * (bottom - top)
    low, high = text.min(0), text.max(0)
    return bool(
        low[0] < left - slack or high[0] > right + slack
        or low[1] < top - 2 * slack or high[1] > bottom + 2 * slack
    )  # fmt: skip


def _backdrop(rng: np.random.Generator, backdrops: Sequence[Image], size: tuple[int, int]) -> Image:
    if backdrops and rng.random() < 0.75:
        piece = window_of_backdrop(rng, backdrops[int(rng.integers(len(backdrops)))])
        return np.array(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)
    shade = rng.integers(0, 255, 3) if rng.random() < 0.4 else np.full(3, rng.integers(0, 200))
    return np.full((size[1], size[0], 3), shade, np.uint8)


def _set_in(rng: np.random.Generator, canvas: Image, plate: Image, quad: Matrix) -> None:
    """Warp a plate into a picture, shrunk first so that the warp skips no pixels."""
    wide = float(np.hypot(*(quad[1] - quad[0])))
    share = min(1.0, 1.15 * wide / plate.shape[1])
    if share < 0.9:
        plate = np.asarray(
            cv2.resize(plate, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8
        )
    height, width = plate.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, quad.astype(np.float32))
    size = (canvas.shape[1], canvas.shape[0])
    lit = cv2.convertScaleAbs(plate, alpha=float(np.exp(rng.normal(-0.1, 0.25))))
    shown = cv2.warpPerspective(lit, matrix, size, flags=cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    share_of = (mask.astype(np.float32) / 255)[:, :, None]
    canvas[:] = (shown * share_of + canvas * (1 - share_of)).astype(np.uint8)


def _worsened(rng: np.random.Generator, image: Image, high: float, *, mild: bool = False) -> Image:
    """Dirt, shadow, glare, blur, noise, compression, colour; `mild` for what is real already."""
    odds = 0.35 if mild else 0.7
    image = np.array(image, np.uint8)
    if rng.random() < 0.25 * odds:
        _dirt(rng, image)
    if rng.random() < 0.3 * odds:
        image = _shaded(rng, image)
    if rng.random() < 0.12 * odds:
        image = _glaring(rng, image)
    if rng.random() < 0.5 * odds:
        image = _blurred(rng, image, high)
    image = _exposed(rng, image, mild)
    if rng.random() < 0.5 * odds:
        level = abs(rng.normal(0, 7))
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, (0, 0, 0), (level, level, level))
        image = np.asarray((image + noise).clip(0, 255), np.uint8)
    if rng.random() < 0.5 * odds:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(22, 90))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR))
    return image


def _dirt(rng: np.random.Generator, image: Image) -> None:
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 7))):
        shade = tuple(int(v) for v in rng.integers(0, 255, 1).repeat(3))
        at = (int(rng.integers(width)), int(rng.integers(height)))
        reach = max(1, round(height * rng.uniform(0.01, 0.06)))
        if rng.random() < 0.8:
            cv2.circle(image, at, reach, shade, -1, cv2.LINE_AA)
        else:
            end = (int(rng.integers(width)), int(rng.integers(height)))
            cv2.line(image, at, end, shade, max(1, reach // 3), cv2.LINE_AA)


def _shaded(rng: np.random.Generator, image: Image) -> Image:
    """A shadow with a straight edge, soft or hard."""
    height, width = image.shape[:2]
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4)
    x, y = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)
    side = np.cos(angle) * x[None] + np.sin(angle) * y[:, None] - offset
    soft = rng.choice([60.0, 8.0, 2.5])
    share = 1 / (1 + np.exp(-soft * side)) * rng.uniform(0.25, 0.75)
    return np.asarray(image * (1 - share)[:, :, None], np.uint8)


def _glaring(rng: np.random.Generator, image: Image) -> Image:
    height, width = image.shape[:2]
    x, y = np.linspace(0, width / height, width), np.linspace(0, 1, height)
    cx, cy, reach = rng.uniform(0, width / height), rng.uniform(0, 1), rng.uniform(0.2, 0.8)
    light = np.exp(-((x[None] - cx) ** 2 + (y[:, None] - cy) ** 2) / reach**2)
    return np.asarray((image + light[:, :, None] * rng.uniform(40, 170)).clip(0, 255), np.uint8)


def _blurred(rng: np.random.Generator, image: Image, high: float) -> Image:
    if rng.random() < 0.6:
        wide = max(high * rng.uniform(0.008, 0.05), 0.2)
        return np.asarray(cv2.GaussianBlur(image, (0, 0), wide))
    length = max(2, round(high * rng.uniform(0.03, 0.14)))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.normal(0, 0.5)
    reach = (length - 1) / 2
    ends = [(round(reach + s * reach * np.cos(angle)), round(reach + s * reach * np.sin(angle)))
            for s in (-1, 1)]  # fmt: skip
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def _exposed(rng: np.random.Generator, image: Image, mild: bool) -> Image:
    """Light, colour and contrast; at times in grey, in one colour, or as a negative."""
    spread = 0.4 if mild else 0.8
    gain, lift = np.exp(rng.normal(0, 0.33 * spread)), rng.normal(0, 25 * spread)
    tint = np.exp(rng.normal(0, 0.1 * spread, 3))
    gamma = np.exp(rng.normal(0, 0.25 * spread))
    levels = (np.arange(256) / 255) ** gamma * 255
    if rng.random() < 0.2 * spread:  # haze, night: little contrast
        gain *= rng.uniform(0.2, 0.6)
        lift += rng.uniform(0, 90)
    table = (levels[:, None] * gain * tint + lift).clip(0, 255)
    if rng.random() < (0.02 if mild else 0.05):
        table = 255 - table
    image = cv2.LUT(image, table.astype(np.uint8)[:, None, :])
    if rng.random() < 0.15:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.04:
        image = image[:, :, rng.permutation(3)]
    return np.ascontiguousarray(image, np.uint8)
