"""Rendered pictures for training the detector: vehicles with plates, and the truth about them.

Everything is invented and drawn; nothing is copied from a photograph.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.base import Box, Corners, Image
from models.training.backdrops import draw_backdrop
from models.training.canvas import Camera, Points
from models.training.faces import build_vehicle
from models.training.plates import LAYOUTS, bare, plate_text
from models.training.vehicles import Light, Pose, Vehicle, draw_vehicle, plate_quad
from models.training.weather import spoil

PLATE_PX = (28.0, 250.0)
"""The width of a plate in the picture, from far to near."""

BALD_SHARE = 0.06
"""Of the vehicles, those that carry no plate."""


@dataclass(frozen=True, slots=True)
class RenderedPlate:
    """The truth of one plate: its text (letters and digits only) and where it is, in pixels."""

    text: str
    box: Box
    corners: Corners


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture, (height, width, 3) BGR, and all plates in it."""

    image: Image
    plates: tuple[RenderedPlate, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    vehicle: Vehicle
    pose: Pose
    truth: RenderedPlate | None
    hull: Box


def render_scene(
    rng: np.random.Generator,
    size: tuple[int, int] = (1280, 720),
    *,
    night: bool | None = None,
    bald: float = BALD_SHARE,
) -> Rendered:
    """A random scene of one to three vehicles; `size` is (width, height).

    `night` None leaves the time of day to chance; `bald` is the share of vehicles without a
    plate. The same state of `rng` gives the same picture.
    """
    dark = bool(rng.random() < 0.25) if night is None else night
    camera = _random_camera(rng, size)
    image = draw_backdrop(rng, camera)
    light = _random_light(rng, dark)
    image = (image * np.array(light.ambient)).clip(0, 255).astype(np.uint8)
    placed = _place_vehicles(rng, camera, bald)
    for one in sorted(placed, key=lambda one: -one.pose.z):
        draw_vehicle(image, camera, one.vehicle, one.pose, light)
    plates = tuple(one.truth for one in placed if one.truth is not None)
    image = spoil(rng, image, [np.array(plate.corners) for plate in plates])
    image = degrade(rng, image, dark=dark)
    return Rendered(image, plates)


def truth_of(camera: Camera, vehicle: Vehicle, pose: Pose, text: str) -> RenderedPlate | None:
    """Where a vehicle's plate appears; None unless the whole of it is in the picture."""
    quad = plate_quad(vehicle, pose)
    if (camera.to_lens(quad)[:, 2] <= 1.0).any():
        return None
    points = camera.project(quad)
    width, height = camera.size
    if (points < 0).any() or (points > (width, height)).any():
        return None
    return RenderedPlate(bare(text), _box(points), _corners(points))


def degrade(rng: np.random.Generator, image: Image, *, dark: bool) -> Image:
    """What lens, sensor and coding do to a picture: blur, noise, JPEG's blocks."""
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.4))
    if rng.random() < 0.2:
        image = _motion(rng, image)
    noise = rng.uniform(2, 14) if dark else rng.uniform(0, 7)
    if noise > 0.5:
        image = cv2.add(image, _noise(rng, image.shape, noise), dtype=cv2.CV_8U)
    if rng.random() < 0.3:
        gain, lift = rng.uniform(0.7, 1.3), rng.uniform(-30, 30)
        image = np.clip(image * gain + lift, 0, 255).astype(np.uint8)
    if rng.random() < 0.08:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(28, 96))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR))


def _random_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """A camera tipped so that a plate of random size falls into the lower part of the picture."""
    width, height = size
    focal, above = width * rng.uniform(0.7, 2.0), rng.uniform(0.8, 3.5)
    down = np.arctan2(above - 0.5, 0.5 * focal / _random_width(rng, size))
    below_middle = np.arctan2(rng.uniform(-0.05, 0.42) * height, focal)
    pitch = float(np.clip(down - below_middle, -0.1, 0.8))
    return Camera(size, focal, above, pitch, roll=rng.normal(0, 0.04))


def _random_width(rng: np.random.Generator, size: tuple[int, int]) -> float:
    """How many pixels wide a plate is: each doubling equally likely."""
    low, high = PLATE_PX[0], min(PLATE_PX[1], 0.35 * size[0])
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _random_light(rng: np.random.Generator, dark: bool) -> Light:
    if not dark:
        level = rng.uniform(0.7, 1.3)
        b, g, r = (float(level * rng.uniform(0.9, 1.1)) for _ in range(3))
        return Light((b, g, r), plate=level * rng.uniform(0.8, 1.1), lamps=rng.random() < 0.15)
    level = rng.uniform(0.1, 0.35)
    ambient = (level * rng.uniform(0.9, 1.4), level, level * rng.uniform(0.8, 1.3))
    # plates throw lamp light back: at night they outshine the vehicle
    return Light(ambient, plate=rng.uniform(max(level, 0.3), 0.95), lamps=rng.random() < 0.8)


def _place_vehicles(rng: np.random.Generator, camera: Camera, bald: float) -> list[_Placed]:
    placed: list[_Placed] = []
    wanted = int(rng.integers(1, 4))
    for _ in range(8 * wanted):
        one = _try_vehicle(rng, camera, bald)
        if one is not None and all(_apart(one, other) for other in placed):
            placed.append(one)
            if len(placed) == wanted:
                break
    return placed


def _try_vehicle(rng: np.random.Generator, camera: Camera, share: float) -> _Placed | None:
    """A vehicle whose plate lies in the picture; None if these dice put it outside."""
    layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    text = plate_text(rng, str(rng.choice(layout.patterns)))
    bald = rng.random() < share
    rear = bool(rng.random() < 0.4)
    away = camera.focal_px * layout.size_mm[0] / 1000 / _random_width(rng, camera.size)
    across = (rng.uniform(0.06, 0.94) - 0.5) * camera.size[0] / camera.focal_px * away
    pose = Pose(float(across), max(away, 1.5), float(np.clip(rng.normal(0, 0.3), -0.8, 0.8)))
    vehicle = build_vehicle(rng, layout, None if bald else text, rear=rear)
    truth = truth_of(camera, vehicle, pose, text)
    if truth is None:
        return None
    return _Placed(vehicle, pose, None if bald else truth, _box(hull(camera, vehicle, pose)))


def hull(camera: Camera, vehicle: Vehicle, pose: Pose) -> Points:
    """The corners, in pixels, of the block that a vehicle fits into, as far as before the lens."""
    half, high, long = vehicle.shape.width / 2, vehicle.shape.roof[1], vehicle.shape.length
    ends = [[x, y, z] for x in (-half, half) for y in (0.0, high) for z in (0.0, long)]
    points = pose.place(np.array(ends))
    return camera.project(points[camera.to_lens(points)[:, 2] > 0.5])


def _apart(one: _Placed, other: _Placed) -> bool:
    """Neither may hide the other's plate, for a hidden plate has no true box."""
    near, far = sorted((one, other), key=lambda placed: placed.pose.z)
    if far.truth is None:
        return not _overlap(near.hull, far.hull)
    x1, y1, x2, y2 = far.truth.box
    margin = 0.25 * (x2 - x1)
    clear = not _overlap(near.hull, (x1 - margin, y1 - margin, x2 + margin, y2 + margin))
    return clear and far.pose.z - near.pose.z > -1


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _box(points: Points) -> Box:
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    return float(x1), float(y1), float(x2), float(y2)


def _corners(points: Points) -> Corners:
    a, b, c, d = ((float(x), float(y)) for x, y in points)
    return a, b, c, d


def _motion(rng: np.random.Generator, image: Image) -> Image:
    length = int(rng.integers(2, 8))
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.5:
        kernel[length // 2] = 1 / length
    else:
        kernel[:, length // 2] = 1 / length
    return np.asarray(cv2.filter2D(image, -1, kernel))


def _noise(rng: np.random.Generator, shape: tuple[int, ...], strength: float) -> Points:
    return np.asarray(rng.standard_normal(shape, dtype=np.float32) * strength)
