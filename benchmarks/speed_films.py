"""Cameras that measure speed, and vehicles of known speed before them, rendered."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.base import Image
from models.training.canvas import Camera
from models.training.courses import FAR_M
from models.training.drive import draw_drive
from models.training.faces import build_vehicle
from models.training.gate import (
    APPROACH_S,
    LANE_M,
    GateScene,
    gate_camera,
)
from models.training.plates import GATE_LAYOUTS, gate_text
from models.training.rides import Condition, Ride
from models.training.traffic import Traffic

SIZE = (1280, 720)


@dataclass(frozen=True)
class View:
    """A camera and the stretch before it, in metres ahead."""

    camera: Camera
    near_m: float
    far_m: float


HIGH, LOW, BARRIER = "4 m high", "1.5 m high", "1.5 m high, braking to a barrier"
VIEWS = {
    HIGH: View(Camera(SIZE, 2000.0, 4.0, 0.244, -0.0785), 11.0, 21.0),
    LOW: View(gate_camera(SIZE), 7.0, 13.0),
    BARRIER: View(gate_camera(SIZE), 14.0, 20.0),
}


class Passing(Traffic):
    """A film of one vehicle with a course of its own, before another camera."""

    def __init__(self, condition: Condition, seed: int, camera: Camera) -> None:
        super().__init__(condition, seed, 1, SIZE)
        rng = np.random.default_rng([seed, 5])
        layout = GATE_LAYOUTS[rng.integers(len(GATE_LAYOUTS))]
        text = gate_text(rng, layout)
        vehicle = build_vehicle(rng, layout, text)
        speed, change = rng.uniform(10, 60) / 3.6, 0.0
        if rng.random() < 1 / 3:  # not so much that it comes to a stand
            change = float(np.clip(rng.uniform(-1.5, 1.5), -(speed**2) / 80, 1.5))
        times = np.linspace(0, 20, 2001)
        away_m = FAR_M - speed * times - change * times**2 / 2
        there = np.cumsum(away_m <= 0) == 0  # until it has passed; who brakes would come back
        self._rides = [Ride(vehicle, text, LANE_M, times[there] + 0.2, away_m[there])]
        self._camera = camera
        self._backdrop = draw_drive(rng, camera, night=condition.night)

    def plate_m(self) -> float:
        """How high its plate is."""
        return float(self._rides[0].vehicle.plate_at[1])

    def true_kmh(self, near_m: float, far_m: float) -> float:
        """Its mean speed from one place to the other."""
        ride = self._rides[0]
        far_s, near_s = np.interp([-far_m, -near_m], -ride.away_m, ride.times)
        return float((far_m - near_m) / (near_s - far_s) * 3.6)


class Gate:
    """The rendered gate with one vehicle, and the condition's camera."""

    def __init__(self, condition: Condition, seed: int, camera: Camera) -> None:
        self._condition, self._seed = condition, seed
        self._scene = GateScene(SIZE, vehicles=1, seed=seed, night=condition.night)
        self._visit = self._scene._visit(0)

    def frames(self) -> Iterator[tuple[float, Image]]:
        """Pictures with their time stamps in seconds."""
        rng = np.random.default_rng([self._seed, 77])
        for number in range(int(self._scene.duration_s * self._condition.rate)):
            time_s = number / self._condition.rate
            if rng.random() >= self._condition.dropped:
                stamp_s = time_s + float(rng.normal(0, self._condition.jitter_s))
                yield max(stamp_s, 0.0), self._scene.render(time_s).image

    def plate_m(self) -> float:
        """How high its plate is."""
        return float(self._visit.vehicle.plate_at[1])

    def true_kmh(self, near_m: float, far_m: float) -> float:
        """Its mean speed while its plate is seen between the lines: low cameras see it nearer."""
        seen = 1 - self.plate_m() / self._scene.camera.height_m
        near_m, far_m = seen * near_m, seen * far_m
        times = np.arange(self._visit.start_s, self._visit.start_s + APPROACH_S, 0.01)
        away_m = np.array([self._visit.pose(float(time_s)).z for time_s in times])
        far_s, near_s = (times[np.argmax(away_m <= at_m)] for at_m in (far_m, near_m))
        return float((far_m - near_m) / (near_s - far_s) * 3.6)
