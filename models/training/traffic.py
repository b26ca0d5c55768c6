"""Traffic before a gate's camera in all conditions: short films whose truth is known.

A film has a handful of vehicles that pass, stop, queue, creep or follow closely, by day or
night, dry or in rain, in one lane or two, with somebody walking before them; and a camera that
is slow, drops frames or stamps them unevenly. The same seed gives the same film.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.base import Image
from models.training.canvas import Camera, Points, fill
from models.training.drive import draw_drive
from models.training.gate import (
    LEGIBLE_PX,
    STOP_M,
    gate_camera,
    light_at,
    unhidden,
)
from models.training.plates import bare
from models.training.rides import PARKED_M, Condition, Ride, draw_rides
from models.training.synthesis import RenderedPlate
from models.training.vehicles import (
    Light,
    Pose,
    draw_vehicle,
)

SILENCE_S = 3600.0
"""For so long nothing is to be seen of a parked vehicle, again and again."""

LEGIBLE_ROW_PX = LEGIBLE_PX * 110 / 520
"""The height of a row of signs that is as legible as a long plate of `LEGIBLE_PX`."""

LEGIBLE_S = 0.4
"""A plate that is legible for less in all need not be reported."""

WALKER_M, WALK_S = 6.2, 3.5
"""Where somebody walks across the drive, and for how long."""


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
    Condition("lorries and buses", "stop", kinds="heavy"),
    Condition("leaving, with motorcycles and trailers", leaving=True, kinds="rear"),
    Condition("a fleet close behind one another", "tailgate", series=True),
    Condition("parked for hours", "stop", walker=True, parked=True),
    Condition("parked for hours by night", night=True, parked=True),
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle: its plate (letters and digits), from when to when it is legible, and for how
    many seconds in all; `first_s` is None where it never is."""

    plate: str
    first_s: float | None
    last_s: float
    legible_s: float


@dataclass(slots=True)
class Traffic:
    """One film. `size` is (width, height) in pixels."""

    condition: Condition
    seed: int
    vehicles: int = 4
    size: tuple[int, int] = (1280, 720)
    _rides: list[Ride] = field(init=False)
    _camera: Camera = field(init=False)
    _backdrop: Image = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, zlib.crc32(self.condition.name.encode())])
        self._rides = draw_rides(rng, self.condition, self.vehicles)
        self._camera = gate_camera(self.size)
        self._backdrop = draw_drive(rng, self._camera, night=self.condition.night)

    @property
    def duration_s(self) -> float:
        """Until the last vehicle has left, and a little longer."""
        return max(float(one.times[-1]) for one in self._rides) + 0.5

    def passages(self) -> list[Passage]:
        """The truth about all vehicles, in the order in which they come."""
        step_s = 0.05
        rows = {bare(one.text): one.text.count("/") + 1 for one in self._rides}
        legible: dict[str, list[float]] = {text: [] for text in rows}
        for time_s in np.arange(0, self.duration_s, step_s):
            for seen in self.plates_at(float(time_s)):
                if _is_legible(seen, rows[seen.text]):
                    legible[seen.text].append(self._stamp_s(float(time_s)))
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
            stamp_s = self._stamp_s(time_s)
            if condition.jitter_s:
                stamp_s += float(rng.normal(0, condition.jitter_s))
            yield max(stamp_s, 0.0), self.render(time_s)

    def _stamp_s(self, time_s: float) -> float:
        """What the camera's clock says: of a parked vehicle, hours are left out of the film."""
        if not self.condition.parked:
            return time_s
        return time_s + SILENCE_S * sum(time_s >= float(one.times[0]) for one in self._rides[1:])

    def render(self, time_s: float) -> Image:
        """The picture at a time of the film, (height, width, 3)."""
        image = self._backdrop.copy()
        walked = False
        for ride, pose in self._present(time_s):
            if pose.z < WALKER_M and not walked:
                self._draw_walker(image, time_s)
                walked = True
            light = light_at(pose.z, night=self.condition.night)
            if self.condition.night and ride.parked:
                light = self._in_headlights(light, time_s)
            draw_vehicle(image, self._camera, ride.vehicle, pose, light)
        if not walked:
            self._draw_walker(image, time_s)
        return self._weathered(image, time_s)

    def _in_headlights(self, light: Light, time_s: float) -> Light:
        """Light on a parked vehicle: more, while another drives up to it."""
        others = (one.pose(time_s) for one in self._rides if not one.parked)
        if not any(pose is not None and 0 < pose.z - PARKED_M < 14 for pose in others):
            return light
        return Light((0.95, 0.97, 1.0), plate=1.0, lamps=light.lamps)

    def _present(self, time_s: float) -> list[tuple[Ride, Pose]]:
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
        ride = self._rides[1 if self.condition.parked else 0]
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


def _is_legible(seen: RenderedPlate, rows: int) -> bool:
    x1, y1, x2, y2 = seen.box
    return x2 - x1 >= LEGIBLE_PX if rows == 1 else (y2 - y1) / rows >= LEGIBLE_ROW_PX
