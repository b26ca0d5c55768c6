"""Traffic before a gate's camera in all conditions: short films whose truth is known.

A film has a handful of vehicles that pass, stop, queue, creep or follow closely, by day or
night, dry or in rain, in one lane or two, with somebody walking before them; and a camera that
is slow, drops frames or stamps them unevenly. The same seed gives the same film.
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image
from models.training.canvas import Camera, Points, fill
from models.training.drive import draw_drive
from models.training.faces import build_vehicle
from models.training.gate import (
    CLEAR_LETTERS,
    GATE_LAYOUTS,
    LANE_M,
    LEGIBLE_PX,
    PULL_AWAY,
    STOP_M,
    gate_camera,
    light_at,
    unhidden,
)
from models.training.plates import bare, plate_text
from models.training.synthesis import RenderedPlate
from models.training.vehicles import Pose, Vehicle, draw_vehicle

Manoeuvre = Literal["through", "stop", "queue", "tailgate", "creep", "two lanes"]

FAR_M = 34.0
"""Ahead of the camera, where vehicles come from. They have gone when all of them is behind it."""

LANES_M = (-2.15, 0.35)
"""The middles of the lanes where there are two."""

LEGIBLE_S = 0.4
"""A plate that is legible for less in all need not be reported."""

WALKER_M, WALK_S = 6.2, 3.5
"""Where somebody walks across the drive, and for how long."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a film is about. `rate` is in frames per second; `dropped` the share of frames that
    get lost; `jitter_s` the deviation of their time stamps, in seconds."""

    name: str
    manoeuvre: Manoeuvre = "through"
    night: bool = False
    rain: bool = False
    walker: bool = False
    rate: float = 15.0
    dropped: float = 0.0
    jitter_s: float = 0.0


CONDITIONS: tuple[Condition, ...] = (
    Condition("driving through"),
    Condition("stopping at the barrier", "stop"),
    Condition("stopping by night", "stop", night=True),
    Condition("driving through by night", night=True),
    Condition("rain", "stop", rain=True),
    Condition("night and rain", "stop", night=True, rain=True),
    Condition("queue", "queue"),
    Condition("stop and go", "creep"),
    Condition("two lanes", "two lanes"),
    Condition("close behind one another", "tailgate"),
    Condition("somebody walks by", "stop", walker=True),
    Condition("5 frames a second", "stop", rate=5.0),
    Condition("30 frames a second", rate=30.0),
    Condition("a third of the frames lost", rate=20.0, dropped=0.33),
    Condition("uneven time stamps", rate=12.0, dropped=0.1, jitter_s=0.02),
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle: its plate (letters and digits), from when to when it is legible, and for how
    many seconds in all; `first_s` is None where it never is."""

    plate: str
    first_s: float | None
    last_s: float
    legible_s: float


@dataclass(frozen=True, slots=True)
class _Ride:
    vehicle: Vehicle
    text: str
    lane_m: float
    times: NDArray[np.float64]
    away_m: NDArray[np.float64]

    def pose(self, time_s: float) -> Pose | None:
        if not self.times[0] <= time_s <= self.times[-1]:
            return None
        return Pose(self.lane_m, float(np.interp(time_s, self.times, self.away_m)))


@dataclass(slots=True)
class Traffic:
    """One film. `size` is (width, height) in pixels."""

    condition: Condition
    seed: int
    vehicles: int = 4
    size: tuple[int, int] = (1280, 720)
    _rides: list[_Ride] = field(init=False)
    _camera: Camera = field(init=False)
    _backdrop: Image = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, zlib.crc32(self.condition.name.encode())])
        self._rides = _draw_rides(rng, self.condition, self.vehicles)
        self._camera = gate_camera(self.size)
        self._backdrop = draw_drive(rng, self._camera, night=self.condition.night)

    @property
    def duration_s(self) -> float:
        """Until the last vehicle has left, and a little longer."""
        return max(float(one.times[-1]) for one in self._rides) + 0.5

    def passages(self) -> list[Passage]:
        """The truth about all vehicles, in the order in which they come."""
        step_s = 0.05
        legible: dict[str, list[float]] = {bare(one.text): [] for one in self._rides}
        for time_s in np.arange(0, self.duration_s, step_s):
            for seen in self.plates_at(float(time_s)):
                if seen.box[2] - seen.box[0] >= LEGIBLE_PX:
                    legible[seen.text].append(float(time_s))
        return [
            Passage(text, times[0] if times else None, times[-1] if times else 0.0,
                    len(times) * step_s)
            for text, times in legible.items()
        ]  # fmt: skip

    def plates_at(self, time_s: float) -> list[RenderedPlate]:
        """The plates that are wholly in the picture and hidden by nothing."""
        there = [(ride.vehicle, pose, ride.text) for ride, pose in self._present(time_s)]
        seen = unhidden(self._camera, there, self._walker_outline(time_s), WALKER_M)
        return [one for one, _ in seen]

    def frames(self) -> Iterator[tuple[float, Image]]:
        """Pictures with their time stamps in seconds, as the camera of the condition gives them."""
        condition = self.condition
        rng = np.random.default_rng([self.seed, 77])
        for number in range(int(self.duration_s * condition.rate)):
            time_s = number / condition.rate
            if rng.random() < condition.dropped:
                continue
            stamp_s = time_s + rng.normal(0, condition.jitter_s) if condition.jitter_s else time_s
            yield max(float(stamp_s), 0.0), self.render(time_s)

    def render(self, time_s: float) -> Image:
        """The picture at a time of the film, (height, width, 3)."""
        image = self._backdrop.copy()
        walked = False
        for ride, pose in self._present(time_s):
            if pose.z < WALKER_M and not walked:
                self._draw_walker(image, time_s)
                walked = True
            light = light_at(pose.z, night=self.condition.night)
            draw_vehicle(image, self._camera, ride.vehicle, pose, light)
        if not walked:
            self._draw_walker(image, time_s)
        return self._weathered(image, time_s)

    def _present(self, time_s: float) -> list[tuple[_Ride, Pose]]:
        """The vehicles that are there, the farthest first."""
        poses = [(one, one.pose(time_s)) for one in self._rides]
        there = [(ride, pose) for ride, pose in poses if pose is not None]
        return sorted(there, key=lambda one: -one[1].z)

    def _walker_outline(self, time_s: float) -> Points:
        start_s = self._walker_s
        if start_s is None or not 0 <= time_s - start_s <= WALK_S:
            return np.zeros((0, 2))
        x = -4.5 + 8.0 * (time_s - start_s) / WALK_S
        corners = [[x - 0.25, 1.75, WALKER_M], [x + 0.25, 1.75, WALKER_M],
                   [x + 0.3, 0.0, WALKER_M], [x - 0.3, 0.0, WALKER_M]]  # fmt: skip
        return self._camera.outline(np.array(corners))

    @property
    def _walker_s(self) -> float | None:
        """When somebody sets out: so as to be before the first vehicle while it waits."""
        if not self.condition.walker:
            return None
        ride = self._rides[0]
        return float(ride.times[np.argmax(ride.away_m <= STOP_M + 1.0)]) - 1.0

    def _draw_walker(self, image: Image, time_s: float) -> None:
        outline = self._walker_outline(time_s)
        if len(outline) >= 3:
            fill(image, outline, (52, 44, 60))

    def _weathered(self, image: Image, time_s: float) -> Image:
        rng = np.random.default_rng([self.seed, round(time_s * 1000)])
        height, width = image.shape[:2]
        if self.condition.rain:
            image = np.asarray(cv2.addWeighted(image, 0.85, np.full_like(image, 150), 0.1, 0))
            for x, y in zip(rng.integers(0, width, 220), rng.integers(0, height, 220), strict=True):
                long = int(rng.integers(8, 26))
                shade = int(rng.integers(150, 230))
                cv2.line(image, (int(x), int(y)), (int(x) + long // 5, int(y) + long),
                         (shade,) * 3, 1, cv2.LINE_AA)  # fmt: skip
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7))
        strength = 4.5 if self.condition.night else 2.0
        cv2.setRNGSeed(int(rng.integers(2**31)))
        noise = np.empty(image.shape, np.int16)
        cv2.randn(noise, (0, 0, 0), (strength,) * 3)
        return np.asarray((image + noise).clip(0, 255), np.uint8)


def _draw_rides(rng: np.random.Generator, condition: Condition, count: int) -> list[_Ride]:
    rides: list[_Ride] = []
    texts: set[str] = set()
    free_s = dict.fromkeys(LANES_M, 0.0)  # when the next one may come, by lane
    start_s = 0.3
    for number in range(count):
        layout = GATE_LAYOUTS[rng.integers(len(GATE_LAYOUTS))]
        text = ""
        while not text or text in texts:
            text = plate_text(rng, str(rng.choice(layout.patterns)), CLEAR_LETTERS)
        texts.add(text)
        vehicle = build_vehicle(rng, layout, text)
        lane_m = LANE_M
        if condition.manoeuvre == "two lanes":
            lane_m = LANES_M[number % 2]
            start_s = free_s[lane_m] + float(rng.uniform(0.3, 1.5))
        times, away_m = _drive(rng, condition.manoeuvre, number, rides, vehicle)
        rides.append(_Ride(vehicle, text, lane_m, times + start_s, away_m))
        free_s[lane_m] = rides[-1].times[-1]
        alone = condition.manoeuvre in ("through", "stop", "creep")
        if alone or (condition.manoeuvre == "tailgate" and number % 2):
            start_s = float(rides[-1].times[-1]) + float(rng.uniform(0.2, 0.8))
    return rides


Course = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Seconds since a vehicle's start, and how far it is from the camera then."""


def _drive(
    rng: np.random.Generator, manoeuvre: Manoeuvre, number: int, before: Sequence[_Ride],
    vehicle: Vehicle,
) -> Course:  # fmt: skip
    gone_m = -vehicle.shape.length
    if manoeuvre == "creep":
        return _creeping(rng, gone_m)
    if manoeuvre == "tailgate" and number % 2:
        return _close_behind(rng, before[-1], gone_m)
    if manoeuvre == "queue" and number:
        return _queueing(rng, before[-1], gone_m)
    if manoeuvre in ("stop", "two lanes", "queue"):
        return _stopping(rng, gone_m)
    speed = rng.uniform(3, 4.5) if manoeuvre == "tailgate" else rng.uniform(3, 9)
    return np.array([0.0, (FAR_M - gone_m) / speed]), np.array([FAR_M, gone_m])


def _stopping(rng: np.random.Generator, gone_m: float) -> Course:
    """Braking to the stop line, waiting, pulling away."""
    approach_s, wait_s = rng.uniform(4, 6), rng.uniform(0.8, 2.5)
    braking = np.linspace(0, 1, 40)
    since_s, away_m = _leaving(gone_m)
    braked = STOP_M + (FAR_M - STOP_M) * (1 - braking) ** 2
    return (np.concatenate([braking * approach_s, approach_s + wait_s + since_s]),
            np.concatenate([braked, away_m]))  # fmt: skip


def _leaving(gone_m: float) -> Course:
    since_s = np.linspace(0, math.sqrt(2 * (STOP_M - gone_m) / PULL_AWAY), 30)
    return since_s, STOP_M - PULL_AWAY * since_s**2 / 2


def _creeping(rng: np.random.Generator, gone_m: float) -> Course:
    """A few metres at a time."""
    times, away_m = [0.0], [FAR_M * 0.6]
    while away_m[-1] > gone_m:
        way_m = rng.uniform(1.5, 4.0)
        times += [times[-1] + way_m / rng.uniform(1.2, 2.5)]
        away_m += [away_m[-1] - way_m]
        times += [times[-1] + rng.uniform(0.4, 2.0)]
        away_m += [away_m[-1]]
    return np.array(times), np.array(away_m)


def _close_behind(rng: np.random.Generator, ahead: _Ride, gone_m: float) -> Course:
    """As the one ahead, a few metres behind its other end."""
    gap_m = ahead.vehicle.shape.length + rng.uniform(4.0, 9.0)
    times = ahead.times - ahead.times[0]
    behind = ahead.away_m + gap_m
    speed = (behind[0] - behind[-1]) / times[-1]
    more_s = (behind[-1] - gone_m) / speed
    return np.append(times, times[-1] + more_s), np.append(behind, gone_m)


def _queueing(rng: np.random.Generator, ahead: _Ride, gone_m: float) -> Course:
    """Behind the one ahead, up to the stop line when that has gone, waiting, pulling away."""
    gap_m = ahead.vehicle.shape.length + rng.uniform(1.2, 2.5)
    times = ahead.times - ahead.times[0]
    behind = np.maximum(ahead.away_m + gap_m, STOP_M)
    stopped_s = times[-1] + (behind[-1] - STOP_M) / 2.0 + 0.1
    since_s, away_m = _leaving(gone_m)
    wait_s = rng.uniform(0.3, 1.5)
    return (np.concatenate([times, stopped_s + wait_s + since_s]),
            np.concatenate([behind, away_m]))  # fmt: skip
