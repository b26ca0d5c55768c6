"""What stands behind the vehicles: sky, ground, houses, trees, walls, signs, plain clutter."""

import cv2
import numpy as np

from models.base import Image
from models.training.canvas import Camera, Colour, Points, darken, fill, lettering, stamp
from models.training.faces import WORDS

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((215, 170, 120), (245, 232, 215)), ((228, 222, 216), (238, 236, 234)),
    ((170, 164, 160), (205, 202, 200)), ((200, 150, 90), (190, 215, 245)),
)  # fmt: skip

GROUNDS: tuple[Colour, ...] = (
    (112, 112, 112), (90, 90, 92), (132, 134, 138), (140, 158, 170), (150, 170, 182),
    (86, 120, 110),
)  # fmt: skip

WALLS: tuple[Colour, ...] = (
    (190, 205, 214), (170, 196, 222), (110, 120, 160), (205, 208, 208), (84, 100, 150),
    (128, 130, 132), (150, 178, 176), (120, 150, 190),
)  # fmt: skip


def draw_backdrop(rng: np.random.Generator, camera: Camera) -> Image:
    """A random place for the camera to look at, without vehicles."""
    width, height = camera.size
    image: Image = np.zeros((height, width, 3), np.uint8)
    kind = rng.random()
    if kind < 0.12:
        _clutter(rng, image)
        return image
    _sky_and_ground(rng, image, camera)
    if kind < 0.45:
        _wall(rng, image, camera)
    else:
        _skyline(rng, image, camera)
    if rng.random() < 0.7:
        _lanes(rng, image, camera)
    for _ in range(int(rng.integers(0, 4))):
        _sign(rng, image)
    for _ in range(int(rng.integers(0, 3))):
        darken(image, _blob(rng, width, height, 0.4), rng.uniform(0.2, 0.5), rng.uniform(2, 12))
    _texture(rng, image)
    return image


def vary(rng: np.random.Generator, colour: Colour, by: int = 24) -> Colour:
    """A colour near this one."""
    b, g, r = (int(np.clip(c + rng.integers(-by, by + 1), 0, 255)) for c in colour)
    return b, g, r


def draw_sky(image: Image, top: Colour, bottom: Colour, horizon: float) -> None:
    """Fill the rows above the horizon."""
    rows = int(np.clip(horizon, 0, image.shape[0]))
    if rows > 0:
        share = np.linspace(0, 1, rows)[:, None, None]
        image[:rows] = (np.array(top) * (1 - share) + np.array(bottom) * share).astype(np.uint8)


def draw_tree(rng: np.random.Generator, image: Image, foot: Points, tall: float) -> None:
    """A tree of that many pixels, standing at a point of the picture."""
    trunk = 0.06 * tall
    corners = [[-trunk / 2, 0], [trunk / 2, 0], [trunk / 4, -0.5 * tall], [-trunk / 4, -0.5 * tall]]
    fill(image, foot + np.array(corners), (40, 62, 84))
    green = vary(rng, (52, 110, 78), 20)
    for _ in range(26):
        away = rng.normal(0, 1, 2) * np.array([0.15, 0.13]) * tall
        centre = foot + away - np.array([0, 0.64 * tall])
        light = float(np.clip(0.85 - away[1] / (0.4 * tall) + rng.uniform(-0.15, 0.15), 0.5, 1.35))
        shade: Colour = tuple(int(min(c * light, 255)) for c in green)  # type: ignore[assignment]
        radius = max(round(tall * rng.uniform(0.07, 0.14)), 1)
        cv2.circle(image, (round(centre[0]), round(centre[1])), radius, shade, -1, cv2.LINE_AA)


def _sky_and_ground(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    height = image.shape[0]
    horizon = camera.horizon_px
    top, bottom = SKIES[rng.integers(len(SKIES))]
    draw_sky(image, vary(rng, top, 12), vary(rng, bottom, 12), horizon)
    start = int(np.clip(horizon, 0, height))
    if start < height:
        near = np.array(vary(rng, GROUNDS[rng.integers(len(GROUNDS))], 10), float)
        share = np.linspace(rng.uniform(0.8, 1.25), 1, height - start)[:, None, None]
        image[start:] = (near * share).clip(0, 255).astype(np.uint8)


def _skyline(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    height, width = image.shape[:2]
    horizon = camera.horizon_px
    x = rng.uniform(-0.2, 0) * width
    while x < width:
        wide = rng.uniform(0.08, 0.35) * width
        tall = rng.uniform(0.08, 0.45) * height
        foot = horizon + rng.uniform(0, 0.06) * height
        if rng.random() < 0.5:
            _house(rng, image, (x, foot - tall, x + wide, foot))
        elif rng.random() < 0.7:
            draw_tree(rng, image, np.array([x + wide / 2, foot]), tall * 1.3)
        x += wide * rng.uniform(0.5, 1.4)


def _house(rng: np.random.Generator, image: Image, box: tuple[float, float, float, float]) -> None:
    x1, y1, x2, y2 = box
    wall = vary(rng, WALLS[rng.integers(len(WALLS))])
    fill(image, np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]), wall)
    if rng.random() < 0.6:
        ridge = (y2 - y1) * rng.uniform(0.15, 0.4)
        roof = [[x1 - 4, y1], [x2 + 4, y1], [x2 - 0.2 * (x2 - x1), y1 - ridge]]
        roof.append([x1 + 0.2 * (x2 - x1), y1 - ridge])
        fill(image, np.array(roof), vary(rng, (60, 70, 130), 40))
    columns, rows = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    step_x, step_y = (x2 - x1) / columns, (y2 - y1) / rows
    glass, frame = vary(rng, (110, 96, 84), 40), vary(rng, (225, 225, 225), 30)
    for column in range(columns):
        for row in range(rows):
            left, top = x1 + (column + 0.28) * step_x, y1 + (row + 0.2) * step_y
            corner, step = np.array([left, top]), np.array([step_x, step_y])
            pane = corner + np.array([[0, 0], [0.44, 0], [0.44, 0.5], [0, 0.5]]) * step
            fill(image, (pane - pane.mean(0)) * 1.12 + pane.mean(0), frame)
            fill(image, pane, glass)


def _wall(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    """A wall, a garage door or a fence close behind the vehicles."""
    height, width = image.shape[:2]
    foot = camera.horizon_px + rng.uniform(0.05, 0.35) * height
    top = rng.uniform(-0.2, 0.3) * height
    wall, line = vary(rng, WALLS[rng.integers(len(WALLS))]), rng.uniform(0.6, 1.2)
    fill(image, np.array([[0, top], [width, top], [width, foot], [0, foot]], float), wall,
         vary(rng, wall))  # fmt: skip
    joint: Colour = tuple(int(min(c * line, 255)) for c in wall)  # type: ignore[assignment]
    step = int(rng.integers(10, 60))
    if rng.random() < 0.5:
        for y in range(int(top), int(foot), step):
            cv2.line(image, (0, y), (width, y), joint, int(rng.integers(1, 3)))
    if rng.random() < 0.6:
        for x in range(0, width, step * int(rng.integers(1, 4))):
            cv2.line(image, (x, int(top)), (x, int(foot)), joint, int(rng.integers(1, 4)))


def _lanes(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    white = vary(rng, (215, 218, 220), 30)
    for x in rng.uniform(-6, 6, int(rng.integers(1, 4))):
        dash, gap = (60.0, 0.0) if rng.random() < 0.4 else (3.0, rng.uniform(2, 6))
        z = 1.5
        while z < 60:
            ends = [[x, 0, z], [x + 0.13, 0, z], [x + 0.13, 0, z + dash], [x, 0, z + dash]]
            outline = camera.outline(np.array(ends))
            if len(outline):
                fill(image, outline, white)
            z += dash + gap


def _sign(rng: np.random.Generator, image: Image) -> None:
    """A board, lettered or not: as light and as square as a plate, and none."""
    height, width = image.shape[:2]
    wide = max(round(width * rng.uniform(0.03, 0.2)), 8)
    tall = max(round(wide * rng.uniform(0.15, 1.2)), 6)
    left, top = int(rng.integers(-wide // 2, width)), int(rng.integers(0, max(height // 2, 1)))
    paper = ((225, 228, 230), (40, 40, 180), (160, 80, 20), (40, 190, 240), (50, 50, 50))
    colour = paper[rng.integers(len(paper))]
    cv2.rectangle(image, (left, top), (left + wide, top + tall), colour, -1)
    if rng.random() < 0.7:
        word = str(rng.choice(WORDS))
        ink = lettering(word, max(round(min(tall * 0.5, wide / len(word) * 1.6)), 1), wide * 4 // 5)
        dark: Colour = (240, 240, 240) if sum(colour) < 300 else (30, 30, 30)
        stamp(image, ink, left + wide // 10, top + tall // 4, dark)


def _clutter(rng: np.random.Generator, image: Image) -> None:
    height, width = image.shape[:2]
    image[:] = vary(rng, (128, 128, 128), 90)
    for _ in range(int(rng.integers(8, 40))):
        colour, below = vary(rng, (128, 128, 128), 120), vary(rng, (128, 128, 128), 120)
        fill(image, _blob(rng, width, height, rng.uniform(0.02, 0.3)), colour, below)
    _texture(rng, image)


def _blob(rng: np.random.Generator, width: int, height: int, share: float) -> Points:
    centre = rng.uniform(0, 1, 2) * (width, height)
    corners = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
    away = np.stack([np.cos(corners), np.sin(corners)], axis=1)
    away *= rng.uniform(0.3, 1, (len(corners), 1))
    return centre + away * share * max(width, height)


def _texture(rng: np.random.Generator, image: Image) -> None:
    """Unevenness of several sizes, as asphalt, plaster and leaves have it."""
    height, width = image.shape[:2]
    for cells, strength in ((24, rng.uniform(1, 6)), (160, rng.uniform(1, 6))):
        coarse = rng.normal(0, strength, (max(height * cells // width, 2), cells))
        bumps = cv2.resize(
            coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        grey = cv2.merge([bumps] * 3)
        image[:] = cv2.add(image, grey, dtype=cv2.CV_8U)
