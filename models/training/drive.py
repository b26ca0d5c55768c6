"""The place of the gate scene: a drive off a street, a house, trees, a hedge; by day or night."""

import cv2
import numpy as np

from models.base import Image
from models.training.backdrops import draw_sky, draw_tree
from models.training.canvas import (
    Camera,
    Colour,
    Points,
    darken,
    fill,
    glow,
    lettering,
    stamp,
)

LEFT, RIGHT = -2.95, 0.75
"""The edges of the drive in metres, right of the camera."""

HOUSE_M = 47.0
"""How far away the house stands."""

WINDOW_LIGHT: Colour = (120, 205, 255)


def draw_drive(rng: np.random.Generator, camera: Camera, *, night: bool) -> Image:
    """The empty scene, (height, width, 3)."""
    width, height = camera.size
    image: Image = np.zeros((height, width, 3), np.uint8)
    draw_sky(image, (212, 158, 98), (240, 226, 206), camera.horizon_px + 2)
    _clouds(rng, image, camera)
    _hills(rng, image, camera)
    _ground(image, camera)
    _trees(rng, image, camera, behind=True)
    _house(image, camera)
    _trees(rng, image, camera, behind=False)
    _street(image, camera)
    _drive(image, camera)
    _hedge(rng, image, camera)
    _grain(rng, image)
    _shade(image, camera)
    _post(image, camera)
    return _by_night(image, camera) if night else image


def _flat(camera: Camera, box: tuple[float, float, float, float], y: float = 0.0) -> Points:
    """A rectangle on the ground, given by left, near, right, far in metres."""
    left, near, right, far = box
    ends = [[left, y, far], [right, y, far], [right, y, near], [left, y, near]]
    return camera.outline(np.array(ends))


def _wall(camera: Camera, box: tuple[float, float, float, float], z: float) -> Points:
    """An upright rectangle facing the camera: left, foot, right, top in metres."""
    left, foot, right, top = box
    ends = [[left, top, z], [right, top, z], [right, foot, z], [left, foot, z]]
    return camera.outline(np.array(ends))


def _clouds(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    height, width = image.shape[:2]
    veil = np.zeros((height // 4, width // 4), np.uint8)
    for _ in range(6):
        x, y = rng.uniform(0, width / 4), rng.uniform(-0.2, 0.9) * camera.horizon_px / 4
        for _ in range(7):
            at = (round(x + rng.normal(0, width / 60)), round(y + rng.normal(0, height / 160)))
            axes = (max(round(width / 70), 1), max(round(height / 110), 1))
            cv2.ellipse(veil, at, axes, 0, 0, 360, 150, -1)
    veil = cv2.resize(cv2.GaussianBlur(veil, (0, 0), max(width / 240, 0.5)), (width, height))
    rows = int(np.clip(camera.horizon_px, 0, height))
    if rows:
        share = (veil[:rows] / 255)[:, :, None]
        image[:rows] = (image[:rows] * (1 - share) + 250 * share).astype(np.uint8)


def _hills(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    width = image.shape[1]
    x = np.linspace(0, width, 40)
    for rise, colour in ((0.09, (176, 166, 140)), (0.05, (128, 140, 110))):
        phases = rng.uniform(0, 6.3, 3)
        waves = sum(
            np.sin(x / width * k * 2.2 + p) / k for k, p in zip((2, 3, 7), phases, strict=True)
        )
        top = camera.horizon_px - rise * image.shape[0] * (0.8 + 0.5 * waves)
        edge = np.stack([x, top], axis=1)
        foot = np.array([[width, camera.horizon_px + 6], [0, camera.horizon_px + 6]])
        fill(image, np.concatenate([edge, foot]), colour)


def _ground(image: Image, camera: Camera) -> None:
    height, width = image.shape[:2]
    start = int(np.clip(camera.horizon_px, 0, height))
    lawn = np.array([[0, start], [width, start], [width, height], [0, height]], float)
    fill(image, lawn, (112, 158, 128), (62, 124, 88))


def _trees(rng: np.random.Generator, image: Image, camera: Camera, *, behind: bool) -> None:
    places = (
        ((-16, 60), (-11, 66), (3.5, 64), (9, 58), (15, 62)) if behind else ((6.6, 43), (-13.5, 44))
    )
    for x, z in places:
        foot = camera.project(np.array([[float(x), 0.0, float(z)]]))[0]
        draw_tree(rng, image, foot, camera.focal_px / z * rng.uniform(6, 8.5))


def _house(image: Image, camera: Camera) -> None:
    """Plastered walls, a tiled roof, a door, windows."""
    left, right, z = -11.5, 0.5, HOUSE_M
    fill(image, _wall(camera, (left, 0, right, 4.6), z), (214, 230, 238), (190, 206, 216))
    fill(image, _wall(camera, (left, 0, right, 0.45), z), (150, 158, 166))
    roof = [[left - 0.5, 4.5, z], [right + 0.5, 4.5, z], [right - 1.8, 7.4, z + 3]]
    roof.append([left + 1.8, 7.4, z + 3])
    fill(image, camera.outline(np.array(roof)), (74, 84, 160), (58, 68, 138))
    fill(image, _wall(camera, (-3.2, 6.6, -2.4, 8.2), z + 1.5), (96, 104, 140))
    fill(image, _wall(camera, (-5.6, 0, -4.3, 2.3), z), (70, 80, 70))
    fill(image, _wall(camera, (-5.45, 0.1, -4.45, 2.15), z), (46, 76, 52))
    for x in (-10.4, -8.2, -3.2, -1.3):
        for y in (1.0, 3.0):
            _window(image, camera, x, y, lit=False)


def _window(image: Image, camera: Camera, x: float, y: float, *, lit: bool) -> None:
    if lit:
        fill(image, _wall(camera, (x, y, x + 1.1, y + 1.2), HOUSE_M), WINDOW_LIGHT)
        return
    fill(image, _wall(camera, (x - 0.12, y - 0.12, x + 1.22, y + 1.32), HOUSE_M), (244, 246, 246))
    for pane in (x, x + 0.58):
        box = (pane, y, pane + 0.52, y + 1.2)
        fill(image, _wall(camera, box, HOUSE_M), (178, 160, 136), (112, 96, 80))


def _street(image: Image, camera: Camera) -> None:
    fill(image, _flat(camera, (-40, 30, 40, 39)), (138, 138, 136), (122, 122, 122))
    fill(image, _flat(camera, (-40, 39, 40, 41)), (178, 182, 184))
    fill(image, _flat(camera, (-40, 29.2, 40, 30)), (186, 190, 192))
    for x in range(-20, 20, 4):
        fill(image, _flat(camera, (x, 34.4, x + 2, 34.6)), (228, 230, 230))


def _drive(image: Image, camera: Camera) -> None:
    fill(image, _flat(camera, (LEFT - 0.15, 0.5, RIGHT + 0.15, 30)), (176, 184, 188))
    fill(image, _flat(camera, (LEFT, 0.5, RIGHT, 30.2)), (142, 148, 152), (158, 166, 172))
    joints = 0.0
    for z in np.arange(2.0, 29, 0.8):
        joints = max(0.02, 0.003 * z)
        fill(image, _flat(camera, (LEFT, z, RIGHT, z + joints)), (134, 140, 144))
    for x in np.linspace(LEFT, RIGHT, 7)[1:-1]:
        fill(image, _flat(camera, (x, 0.5, x + 0.015, 29)), (134, 140, 144))
    fill(image, _flat(camera, (LEFT + 0.2, 8.1, RIGHT - 0.3, 8.35)), (236, 238, 240))


def _hedge(rng: np.random.Generator, image: Image, camera: Camera) -> None:
    for left, right in ((-14.0, LEFT - 0.5), (RIGHT + 0.5, 12.0)):
        outline = _wall(camera, (left, 0, right, 0.5), 13.0)
        fallen = outline + np.array([0, camera.focal_px * 0.012])
        darken(image, fallen, 0.35, camera.focal_px * 0.006)
        fill(image, outline, (66, 122, 84), (34, 70, 46))
        for _ in range(900):
            x, y = rng.uniform(left, right), rng.uniform(0.05, 0.54)
            at = camera.project(np.array([[x, y, 13.0]]))[0]
            light = 0.55 + y + rng.uniform(-0.15, 0.15)
            b, g, r = (int(c * light) for c in (60, 116, 80))
            radius = max(round(camera.focal_px / 13 * rng.uniform(0.02, 0.06)), 1)
            cv2.circle(image, (round(at[0]), round(at[1])), radius, (b, g, r), -1, cv2.LINE_AA)


def _grain(rng: np.random.Generator, image: Image) -> None:
    """Grass and paving are not smooth."""
    height, width = image.shape[:2]
    for cells, strength in ((90, 2.0), (width // 2, 3.0)):
        coarse = rng.normal(0, strength, (max(height * cells // width, 2), cells))
        bumps = cv2.resize(
            coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        image[:] = cv2.add(image, cv2.merge([bumps] * 3), dtype=cv2.CV_8U)


def _shade(image: Image, camera: Camera) -> None:
    """The shadow of a tree that stands beside the camera."""
    turn = np.linspace(0, 2 * np.pi, 30)[:-1]
    reach = 1 + 0.25 * np.sin(5 * turn) + 0.15 * np.cos(9 * turn)
    for x, z, size in ((-5.2, 10.0, 1.5), (2.6, 7.0, 0.8), (-6.5, 19.0, 2.2)):
        blob = [x + size * reach * np.cos(turn), np.zeros(29), z + size * reach * np.sin(turn)]
        darken(image, camera.outline(np.stack(blob, axis=1)), 0.3, camera.focal_px * 0.004)


def _post(image: Image, camera: Camera) -> None:
    """The box the arm turns on, with its shadow and a sign."""
    z, left, right = 7.7, 0.54, 0.76
    darken(image, _flat(camera, (left - 0.1, z - 0.3, right + 0.5, z + 0.2)), 0.5, 6)
    fill(image, _wall(camera, (left, 0, right, 1.14), z), (60, 160, 235), (40, 124, 200))
    fill(image, _wall(camera, (left, 1.14, right, 1.2), z), (70, 70, 74))
    board = _wall(camera, (left + 0.05, 0.55, right - 0.05, 0.8), z)
    fill(image, board, (240, 240, 240))
    x, y = board.min(0) * 0.9 + board.max(0) * 0.1
    wide, tall = (board.max(0) - board.min(0)) * 0.8
    ink = lettering("GATE", max(round(tall * 0.6), 1), max(round(wide), 1))
    stamp(image, ink, round(x), round(y + tall * 0.2), (70, 60, 40))


def _by_night(image: Image, camera: Camera) -> Image:
    """Little light from the sky, a floodlight on the drive, lit windows, a street lamp."""
    width, height = camera.size
    spot = camera.project(np.array([[-1.1, 0.3, 8.0]]))[0]
    across = ((np.arange(width) - spot[0]) / (0.42 * width))[None] ** 2
    down = ((np.arange(height) - spot[1]) / (0.42 * height))[:, None] ** 2
    flood = np.exp(-(across + down))[:, :, None]
    # the sky and the houses lie outside the floodlight's beam, however near in the picture
    beam = np.clip((np.arange(height) - camera.horizon_px) / (0.22 * height), 0, 1)[:, None, None]
    light = np.array([0.2, 0.15, 0.13]) + flood * beam * np.array([0.42, 0.46, 0.5])
    dark: Image = (image * light).clip(0, 255).astype(np.uint8)
    _lit_windows(dark, camera)
    lamp = camera.project(np.array([[3.2, 4.6, 30.0]]))[0]
    foot = camera.project(np.array([[3.2, 0.0, 30.0]]))[0]
    aside = np.array([1.5, 0.0])
    fill(dark, np.array([foot - aside, foot + aside, lamp + aside, lamp - aside]), (30, 30, 30))
    glow(dark, lamp, 0.2 * width, (70, 130, 170), 0.7)
    glow(dark, lamp, 0.018 * width, (200, 240, 255), 2.0)
    return dark


def _lit_windows(image: Image, camera: Camera) -> None:
    for x, y in ((-8.2, 1.0), (-3.2, 3.0), (-10.4, 3.0)):
        middle = camera.project(np.array([[x + 0.55, y + 0.6, HOUSE_M]]))[0]
        glow(image, middle, camera.focal_px * 0.05, (40, 90, 130), 0.5)
        _window(image, camera, x, y, lit=True)
