"""A gate as its camera sees it: vehicles turn in from the street, wait at the barrier, drive on.

What the daemon's synthetic source shows: the same seed gives the same film, and the truth
about every vehicle is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from models.base import Image
from models.training.canvas import Camera, Colour, Points, fill
from models.training.drive import draw_drive
from models.training.faces import build_vehicle
from models.training.plates import GATE_LAYOUTS, bare, gate_text
from models.training.synthesis import Rendered, RenderedPlate, hull, truth_of
from models.training.vehicles import Light, Pose, Vehicle, draw_vehicle

LANE_M = -1.1
"""Where the middle of the drive lies, right of the camera."""

STOP_M, BARRIER_M, STREET_M, TURN_M = 8.6, 7.6, 34.0, 8.0
"""Ahead of the camera: the stop line, the barrier, the street; and the bend's radius."""

APPROACH_S, PULL_AWAY = 6.0, 1.2
"""Seconds from out of the picture to the stop line; metres per second squared after it."""

GAP_S, ARM_S = 8.6, 1.0
"""Between two vehicles; for the arm to rise or to fall."""

LEGIBLE_PX = 80.0
"""From this width on a plate counts as legible."""

_PIVOT = np.array([LANE_M + 1.75, 1.0, BARRIER_M])
_ARM_M, _STRIPES = 3.4, 10
_STREET_START_M = 22.0
_BEND_M = TURN_M * math.pi / 2
_APPROACH_M = _STREET_START_M - TURN_M + _BEND_M + STREET_M - TURN_M - STOP_M


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle: its plate (letters and digits) and from when to when it is legible."""

    plate: str
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class _Visit:
    vehicle: Vehicle
    text: str
    start_s: float
    wait_s: float

    @property
    def opens_s(self) -> float:
        return self.start_s + APPROACH_S + self.wait_s - ARM_S

    @property
    def passed_s(self) -> float:
        """When its rear end has left the barrier behind."""
        way = STOP_M - BARRIER_M + self.vehicle.shape.length + 0.5
        return self.opens_s + ARM_S + math.sqrt(2 * way / PULL_AWAY)

    @property
    def end_s(self) -> float:
        """When all of it is behind the camera."""
        way = STOP_M + self.vehicle.shape.length
        return self.opens_s + ARM_S + math.sqrt(2 * way / PULL_AWAY)

    def pose(self, time_s: float) -> Pose:
        """Braking to the stop line, waiting there, pulling away."""
        since = time_s - self.start_s
        if since < APPROACH_S:
            left = 1 - since / APPROACH_S
            return _on_path(_APPROACH_M * left * left)
        gone = max(since - APPROACH_S - self.wait_s, 0.0)
        return Pose(LANE_M, STOP_M - PULL_AWAY * gone * gone / 2)


def _on_path(before_stop_m: float) -> Pose:
    """Along the street from the left, round the bend, down the drive."""
    straight = STREET_M - TURN_M - STOP_M
    if before_stop_m <= straight:
        return Pose(LANE_M, STOP_M + before_stop_m)
    angle = (before_stop_m - straight) / TURN_M
    if angle <= math.pi / 2:
        x = LANE_M - TURN_M * (1 - math.cos(angle))
        return Pose(x, STREET_M - TURN_M * (1 - math.sin(angle)), -angle)
    beyond = before_stop_m - straight - _BEND_M
    return Pose(LANE_M - TURN_M - beyond, STREET_M, -math.pi / 2)


class GateScene:
    """An endless (`vehicles` None) or finite film of a gate.

    `size` is (width, height) in pixels; below 640 wide plates get too small to read.
    `noise` is the standard deviation of the sensor's noise in grey levels, `blur` that of the
    lens in pixels. Nothing is drawn before the first frame is asked for.
    """

    def __init__(
        self,
        size: tuple[int, int] = (1280, 720),
        *,
        seed: int = 0,
        vehicles: int | None = 3,
        night: bool = False,
        noise: float = 2.0,
        blur: float = 0.0,
    ) -> None:
        self.size = size
        self.vehicles = vehicles
        self._seed = seed
        self._night = night
        self._noise = noise
        self._blur = blur
        self._visit = lru_cache(maxsize=8)(self._make_visit)

    @property
    def duration_s(self) -> float:
        """How long the film is: until the last vehicle has left."""
        if self.vehicles is None:
            return math.inf
        return self._visit(self.vehicles - 1).end_s + 0.5 if self.vehicles else GAP_S

    def passage(self, index: int) -> Passage:
        """The truth about one vehicle, counted from 0."""
        visit = self._visit(index)
        times = (float(t) for t in np.arange(visit.start_s, visit.end_s, 0.04))
        legible = [t for t in times if self._is_legible(bare(visit.text), t)]
        return Passage(bare(visit.text), legible[0], legible[-1])

    def passages(self, until_s: float = math.inf) -> tuple[Passage, ...]:
        """The truth about all vehicles that become legible before `until_s`, in order."""
        if self.vehicles is None and math.isinf(until_s):
            raise ValueError("an endless scene has no last vehicle; give until_s")
        found: list[Passage] = []
        while self.vehicles is None or len(found) < self.vehicles:
            passage = self.passage(len(found))
            if passage.first_s >= until_s:
                break
            found.append(passage)
        return tuple(found)

    def plates_at(self, time_s: float) -> tuple[RenderedPlate, ...]:
        """The plates that are wholly in the picture and hidden by nothing."""
        there = [(one.vehicle, one.pose(time_s), one.text) for one in self._present(time_s)]
        seen = unhidden(self.camera, there, self._arm_outline(time_s), BARRIER_M)
        return tuple(one for one, pose in seen if abs(pose.turn) <= math.radians(60))

    def render(self, time_s: float) -> Rendered:
        """The picture at a time of the film, and the plates in it."""
        image = self._backdrop.copy()
        arm_drawn = False
        for visit in self._present(time_s):
            pose = visit.pose(time_s)
            if pose.z < BARRIER_M and not arm_drawn:
                self._draw_arm(image, time_s)
                arm_drawn = True
            draw_vehicle(
                image, self.camera, visit.vehicle, pose, light_at(pose.z, night=self._night)
            )
        if not arm_drawn:
            self._draw_arm(image, time_s)
        return Rendered(self._exposed(image, time_s), self.plates_at(time_s))

    @cached_property
    def camera(self) -> Camera:
        """At the stop line a plate is a tenth of the picture's width, a little below its middle."""
        return gate_camera(self.size)

    @cached_property
    def _backdrop(self) -> Image:
        rng = np.random.default_rng([self._seed, 1_000_003])
        return draw_drive(rng, self.camera, night=self._night)

    @cached_property
    def _grain(self) -> tuple[Image, Image]:
        """Noise to add and to take away, larger than a frame so that it can be moved about."""
        width, height = self.size
        rng = np.random.default_rng(self._seed)
        strength = self._noise * (1.8 if self._night else 1.0)
        noise = rng.standard_normal((height + 64, width + 64, 3), dtype=np.float32) * strength
        return noise.clip(0, 255).astype(np.uint8), (-noise).clip(0, 255).astype(np.uint8)

    def _exposed(self, image: Image, time_s: float) -> Image:
        width, height = self.size
        if self._blur > 0:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), self._blur), np.uint8)
        if self._noise > 0:
            x, y = np.random.default_rng([self._seed, round(time_s * 1000)]).integers(0, 64, 2)
            more, less = (grain[y : y + height, x : x + width] for grain in self._grain)
            image = np.asarray(cv2.subtract(cv2.add(image, more), less), np.uint8)
        return image

    def _make_visit(self, index: int) -> _Visit:
        rng = np.random.default_rng([self._seed, index])
        layout = GATE_LAYOUTS[rng.integers(len(GATE_LAYOUTS))]
        text = gate_text(rng, layout)
        start_s = index * GAP_S + float(rng.uniform(0, 0.8))
        return _Visit(build_vehicle(rng, layout, text), text, start_s, float(rng.uniform(1.4, 1.9)))

    def _present(self, time_s: float) -> list[_Visit]:
        """The vehicles on their way at that time, farthest first."""
        last = int(time_s // GAP_S)
        if self.vehicles is not None:
            last = min(last, self.vehicles - 1)
        nearby = (self._visit(index) for index in range(last, max(last - 3, -1), -1))
        return [visit for visit in nearby if visit.start_s <= time_s < visit.end_s]

    def _is_legible(self, plate: str, time_s: float) -> bool:
        return any(
            seen.text == plate and seen.box[2] - seen.box[0] >= LEGIBLE_PX
            for seen in self.plates_at(time_s)
        )

    def _draw_arm(self, image: Image, time_s: float) -> None:
        """The barrier's arm, red and white, on its post at the right of the drive."""
        angle = self._arm_angle(time_s)
        gain = 0.75 if self._night else 1.0
        for stripe in range(_STRIPES):
            part = _arm(angle, stripe / _STRIPES, (stripe + 1) / _STRIPES)
            paint: Colour = (40, 30, 190) if stripe % 2 else (235, 238, 240)
            b, g, r = (int(c * gain) for c in paint)
            fill(image, self.camera.outline(part), (b, g, r))

    def _arm_outline(self, time_s: float) -> Points:
        return self.camera.outline(_arm(self._arm_angle(time_s), 0.0, 1.0))

    def _arm_angle(self, time_s: float) -> float:
        raised = 0.0
        for visit in self._present(time_s):
            up = _eased((time_s - visit.opens_s) / ARM_S)
            down = _eased((time_s - visit.passed_s) / ARM_S)
            raised = max(raised, up - down)
        return raised * math.radians(84)


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _arm(angle: float, start: float, end: float) -> Points:
    """A part of the barrier's arm between two shares of its length, (4, 3) metres."""
    along = np.array([-math.cos(angle), math.sin(angle), 0.0]) * _ARM_M
    across = np.array([math.sin(angle), math.cos(angle), 0.0]) * 0.05
    a, b = _PIVOT + start * along, _PIVOT + end * along
    return np.array([a + across, b + across, b - across, a - across])


def gate_camera(size: tuple[int, int]) -> Camera:
    """As `GateScene.camera` says, for pictures of `size` (width, height)."""
    width, height = size
    plate_px = max(0.0977 * width, min(125.0, 0.25 * width))
    focal = STOP_M * plate_px / 0.52
    pitch = math.atan2(1.0, STOP_M) - math.atan2(0.18 * height, focal)
    across = math.atan2(LANE_M, STOP_M) + math.atan2(0.035 * width, focal)
    return Camera(size, focal, 1.5, pitch, across)


def light_at(away_m: float, *, night: bool) -> Light:
    """What falls on a vehicle so far away: by night, the gate's lamp."""
    if not night:
        return Light()
    # in steps, for each light has its own picture of the face in store
    lit = round(float(np.interp(away_m, [STOP_M, 20.0], [0.62, 0.26])) * 20) / 20
    return Light((lit * 1.05, lit, lit * 0.95), plate=min(lit + 0.3, 0.92), lamps=True)


def unhidden(
    camera: Camera, vehicles: Sequence[tuple[Vehicle, Pose, str]], obstacle: Points, away_m: float
) -> list[tuple[RenderedPlate, Pose]]:
    """The plates that are wholly in the picture, and hidden neither by a nearer vehicle nor by an
    obstacle that stands `away_m` from the camera; `vehicles` with their texts, farthest first."""
    before, seen = [obstacle], []
    for vehicle, pose, text in reversed(vehicles):
        hiding = before if pose.z > away_m else before[1:]
        truth = truth_of(camera, vehicle, pose, text)
        if truth is not None and not any(_meet(truth, outline) for outline in hiding):
            seen.append((truth, pose))
        before.append(hull(camera, vehicle, pose))
    return seen


def _meet(plate: RenderedPlate, outline: Points) -> bool:
    if len(outline) < 3:
        return False
    hidden = cv2.convexHull(outline.astype(np.float32))
    return bool(cv2.intersectConvexConvex(np.array(plate.corners, np.float32), hidden)[0] > 0)
