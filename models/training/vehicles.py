"""Vehicles as a few shaded faces in space, with the one that carries the plate in detail."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image
from models.training.canvas import (
    Camera,
    Colour,
    Points,
    darken,
    fill,
    glow,
    paste,
)

PX_PER_M = 400
"""The resolution of the drawn face."""

PAINTS: tuple[Colour, ...] = (
    (235, 235, 232), (205, 205, 208), (150, 150, 152), (92, 92, 96), (40, 40, 42), (28, 24, 22),
    (36, 34, 150), (30, 30, 190), (140, 84, 30), (170, 110, 60), (90, 40, 26), (60, 110, 60),
    (50, 74, 40), (90, 130, 160), (40, 120, 210), (70, 170, 220),
)  # fmt: skip

GLASS: Colour = (58, 48, 42)
RUBBER: Colour = (30, 30, 30)
LAMP: Colour = (225, 250, 255)


@dataclass(frozen=True, slots=True)
class Shape:
    """The side view of a kind of vehicle: metres behind the face and above the ground."""

    width: float
    nose: float
    base: tuple[float, float]
    roof: tuple[float, float]
    roof_end: tuple[float, float]
    tail: tuple[float, float]
    inset: float = 0.16
    wheels: tuple[float, float] = (0.85, 3.45)

    @property
    def length(self) -> float:
        """From the face to the other end, in metres."""
        return self.tail[0]


CAR = Shape(1.8, 0.80, (1.05, 0.98), (1.75, 1.42), (3.2, 1.40), (4.3, 0.95))
HATCH = Shape(1.72, 0.84, (0.8, 1.02), (1.55, 1.50), (3.4, 1.46), (3.9, 0.9), wheels=(0.8, 3.1))
SUV = Shape(1.9, 1.05, (1.1, 1.15), (1.7, 1.72), (4.1, 1.68), (4.6, 1.0), 0.12, (0.9, 3.7))
VAN = Shape(1.95, 1.15, (0.55, 1.25), (1.25, 2.1), (5.1, 2.15), (5.2, 1.1), 0.07, (0.9, 4.2))
REAR = Shape(1.8, 0.95, (0.6, 1.0), (1.2, 1.40), (2.7, 1.42), (4.3, 0.80), wheels=(0.85, 3.45))
MOTORCYCLE = Shape(0.75, 1.35, (0.3, 1.0), (0.5, 1.05), (1.2, 1.0), (1.9, 0.8), 0.6, (0.3, 1.6))
LORRY = Shape(2.4, 1.35, (0.1, 1.45), (0.35, 3.2), (8.4, 3.5), (8.5, 1.0), 0.03, (1.3, 6.6))
BUS = Shape(2.45, 1.15, (0.08, 1.2), (0.3, 3.0), (10.9, 3.05), (11.0, 1.0), 0.03, (2.4, 8.4))
TRAILER = Shape(1.7, 1.15, (0.02, 1.2), (0.05, 1.9), (2.9, 1.9), (3.0, 0.6), 0.02, (1.4, 1.4))
"""From behind, as whoever it is hitched to leaves."""
SHAPES = (CAR, CAR, HATCH, SUV, VAN)


@dataclass(frozen=True, slots=True)
class Light:
    """What falls on a vehicle: colours are multiplied by `ambient`; `lamps` are lit."""

    ambient: tuple[float, float, float] = (1.0, 1.0, 1.0)
    plate: float = 1.0
    lamps: bool = False

    def on(self, colour: Colour, share: float = 1.0) -> Colour:
        """A paint as it looks in this light."""
        b, g, r = (int(min(c * a * share, 255)) for c, a in zip(colour, self.ambient, strict=True))
        return b, g, r


DAY = Light()


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle: its shape, paint, drawn face and plate (None: it carries none)."""

    shape: Shape
    paint: Colour
    face: Image
    alpha: NDArray[np.uint8]
    plate: Image | None
    plate_size: tuple[float, float]
    plate_at: tuple[float, float]
    lamps: tuple[tuple[float, float], ...]
    lamp_colour: Colour = LAMP
    dark_face: dict[Light, Image] = field(default_factory=dict)

    def face_in(self, light: Light) -> Image:
        """The face as it looks in this light; drawn once for each."""
        if light not in self.dark_face:
            dimmed = (self.face * np.array(light.ambient)).clip(0, 255).astype(np.uint8)
            self.dark_face[light] = dimmed
        return self.dark_face[light]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the middle of the face stands (metres), and how far it is turned (radians)."""

    x: float
    z: float
    turn: float = 0.0

    def place(self, points: Points) -> Points:
        """(N, 3) from the vehicle's own axes (right, up, behind its face) to the ground's."""
        x, y, z = np.asarray(points, float).T
        c, s = np.cos(self.turn), np.sin(self.turn)
        return np.stack([self.x + c * x + s * z, y, self.z - s * x + c * z], axis=1)


def plate_quad(vehicle: Vehicle, pose: Pose) -> Points:
    """The plate's corners on the ground's axes, (4, 3): top left first, clockwise."""
    width, height = vehicle.plate_size
    x, y = vehicle.plate_at
    return pose.place(_upright(x - width / 2, y + height / 2, x + width / 2, y - height / 2, -0.02))


def draw_vehicle(
    image: Image, camera: Camera, vehicle: Vehicle, pose: Pose, light: Light = DAY
) -> None:
    """Paint a vehicle into the picture, from what is farthest to what is nearest."""
    _shadow(image, camera, vehicle.shape, pose)
    # A motorcycle is its face: it has no body of flat sides.
    body = () if vehicle.shape is MOTORCYCLE else _body(camera, vehicle, pose)
    for polygon, colour, below in body:
        outline = camera.outline(pose.place(polygon))
        lower = None if below is None else light.on(below)
        fill(image, outline, light.on(colour), lower)
    half, nose = vehicle.shape.width / 2, vehicle.shape.nose
    face = pose.place(_upright(-half, nose, half, 0.18, 0.0))
    if _ahead(camera, face):
        paste(image, vehicle.face_in(light), camera.project(face), vehicle.alpha)
    plate = plate_quad(vehicle, pose)
    if vehicle.plate is not None and _ahead(camera, plate):
        shown = cv2.convertScaleAbs(vehicle.plate, alpha=light.plate)
        paste(image, shown, camera.project(plate), None)
    if light.lamps:
        _shine(image, camera, vehicle, pose)


def _body(
    camera: Camera, vehicle: Vehicle, pose: Pose
) -> Iterator[tuple[Points, Colour, Colour | None]]:
    """Polygons with their colour at the top and at the bottom, in the order of painting."""
    shape, paint = vehicle.shape, vehicle.paint
    half = shape.width / 2
    for x in (-half + 0.12, half - 0.34):
        yield _upright(x, 0.35, x + 0.22, 0.0, 0.25), (18, 18, 18), None
    outer = pose.place(np.array([[half, 1.0, 0.0], [-half, 1.0, 0.0]]))
    to_lens = camera.to_lens(outer)
    side = pose.place(np.array([[1.0, 0, 0]])) - pose.place(np.array([[0.0, 0, 0]]))
    for sign, corner in ((1.0, outer[0]), (-1.0, outer[1])):
        if float(side[0, [0, 2]] @ corner[[0, 2]]) * sign < 0 and to_lens[:, 2].max() > 0:
            yield from _side(shape, paint, sign)
    top = half * (1 - shape.inset)
    yield _lying(top, shape.roof, top, shape.roof_end), _tint(paint, 1.12), _tint(paint, 0.95)
    yield _lying(half, shape.base, top, shape.roof), _tint(paint, 0.8), None
    inner = _along(shape.base, shape.roof, 0.06), _along(shape.base, shape.roof, 0.9)
    yield _lying(half * 0.88, inner[0], top * 0.9, inner[1]), (150, 132, 112), GLASS
    for x in (-0.42, 0.42):
        seat = _along(shape.base, shape.roof, 0.22), _along(shape.base, shape.roof, 0.6)
        yield _lying(0.12, seat[0], 0.1, seat[1], x), (48, 40, 36), None
    yield _lying(half * 0.99, (0, shape.nose), half, shape.base), _tint(paint, 1.15), paint
    for x in (-half - 0.08, half + 0.08):
        mirror = _upright(
            x - 0.08, shape.base[1] + 0.12, x + 0.08, shape.base[1], shape.base[0] + 0.2
        )
        yield mirror, _tint(paint, 0.75), None


def _side(
    shape: Shape, paint: Colour, sign: float
) -> Iterator[tuple[Points, Colour, Colour | None]]:
    x, roof_x = sign * shape.width / 2, sign * shape.width / 2 * (1 - shape.inset)
    lower = [(0.0, 0.25), (0.0, shape.nose), shape.base, shape.tail, (shape.tail[0], 0.3)]
    yield np.array([(x, y, z) for z, y in lower]), _tint(paint, 0.85), _tint(paint, 0.5)
    cabin = (shape.base, shape.roof, shape.roof_end, shape.tail)
    edges = np.array(
        [(roof_x if y > shape.base[1] + 0.1 else x, y, z) for z, y in cabin], dtype=float
    )
    yield edges, _tint(paint, 0.8), None
    middle = edges.mean(0)
    panes = middle + (edges - middle) * np.array([1, 0.74, 0.82])
    panes[:, 1] += 0.02
    yield panes, (120, 104, 88), GLASS
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    for z in shape.wheels:
        for radius, colour in ((0.34, RUBBER), (0.2, (150, 150, 150)), (0.07, (70, 70, 70))):
            rim = [np.full(24, x), 0.33 + radius * np.sin(turn), z + radius * np.cos(turn)]
            yield np.stack(rim, axis=1), colour, None


def _shadow(image: Image, camera: Camera, shape: Shape, pose: Pose) -> None:
    half, length = shape.width / 2 + 0.12, shape.length
    ground = np.array([[-half, 0, -0.25], [half, 0, -0.25], [half, 0, length], [-half, 0, length]])
    outline = camera.outline(pose.place(ground))
    if len(outline):
        darken(image, outline, 0.6, soft_px=0.12 * camera.focal_px / max(pose.z, 1.0))


def _shine(image: Image, camera: Camera, vehicle: Vehicle, pose: Pose) -> None:
    points = pose.place(np.array([(x, y, -0.02) for x, y in vehicle.lamps]))
    if not _ahead(camera, points):
        return
    reach = camera.focal_px / float(camera.to_lens(points)[:, 2].mean())
    for centre in camera.project(points):
        glow(image, centre, 0.55 * reach, vehicle.lamp_colour, 0.5)
        glow(image, centre, 0.16 * reach, vehicle.lamp_colour, 1.6)


def _ahead(camera: Camera, points: Points) -> bool:
    return bool((camera.to_lens(points)[:, 2] > 1.0).all())


def _upright(left: float, top: float, right: float, bottom: float, z: float) -> Points:
    return np.array([[left, top, z], [right, top, z], [right, bottom, z], [left, bottom, z]])


def _lying(
    near_half: float,
    near: tuple[float, float],
    far_half: float,
    far: tuple[float, float],
    x: float = 0.0,
) -> Points:
    """A face between two cross lines, each given by its half width and (behind, above)."""
    return np.array(
        [
            [x - far_half, far[1], far[0]],
            [x + far_half, far[1], far[0]],
            [x + near_half, near[1], near[0]],
            [x - near_half, near[1], near[0]],
        ]
    )


def _along(
    start: tuple[float, float], end: tuple[float, float], share: float
) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _tint(colour: Colour, share: float) -> Colour:
    b, g, r = (int(min(c * share, 255)) for c in colour)
    return b, g, r
