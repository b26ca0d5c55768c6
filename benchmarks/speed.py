"""How right is the speed, and is its stated error honest? Rendered passages of known speed.

    python benchmarks/speed.py --passages 72 --record sights.jsonl
    python benchmarks/speed.py --recorded sights.jsonl

Vehicles pass a camera at 10 to 60 km/h, by day and night, at 10 to 25 frames a second, with frames
dropped and stamps uneven; a third of them brake or accelerate by up to 1.5 m/s². The daemon's
detector and tracker see them; the speedometer gets what the tracker says. It is calibrated as
people would: places clicked with a deviation of a pixel, metres measured with one of 1 %. The
truth is the mean speed between the lines, or in the area's middle.
"""

import argparse
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from models.training.canvas import Camera
from models.training.courses import FAR_M
from models.training.drive import LEFT, RIGHT, draw_drive
from models.training.faces import build_vehicle
from models.training.gate import CLEAR_LETTERS, GATE_LAYOUTS, LANE_M, gate_camera
from models.training.plates import plate_text
from models.training.rides import Condition, Ride
from models.training.traffic import Traffic
from streamer.app import default_config
from streamer.evaluate_passages import Unheard
from streamer.one_camera import models_of, stages_of
from streamer.pipeline import in_turn
from streamer.recorded import frame_at
from streamer.speed.settings import SpeedConfig
from streamer.speed.speedometer import RoadSpeeds
from streamer.stages.ballot import sight

SIZE = (1280, 720)
RATES, DROPPED, JITTER_S = (10.0, 15.0, 25.0), (0.0, 0.2), (0.0, 0.005, 0.015)
KINDS = ("lines", "homography")


@dataclass(frozen=True)
class View:
    """A camera and the stretch before it, in metres ahead."""

    camera: Camera
    near_m: float
    far_m: float


VIEWS = {
    "4 m high": View(Camera(SIZE, 2000.0, 4.0, 0.244, -0.0785), 11.0, 21.0),
    "1.5 m high": View(gate_camera(SIZE), 7.0, 13.0),
}


class Passing(Traffic):
    """A film of one vehicle with a course of its own, before another camera."""

    def __init__(self, condition: Condition, seed: int, camera: Camera) -> None:
        super().__init__(condition, seed, 1, SIZE)
        rng = np.random.default_rng([seed, 5])
        layout = GATE_LAYOUTS[rng.integers(len(GATE_LAYOUTS))]
        text = plate_text(rng, str(rng.choice(layout.patterns)), CLEAR_LETTERS)
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


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=72)
    parser.add_argument("--view", choices=list(VIEWS), action="append")
    parser.add_argument("--record", type=Path, help="keep what was seen")
    parser.add_argument("--recorded", type=Path, help="measure on what --record kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.recorded:
        seen = [json.loads(line) for line in options.recorded.read_text().splitlines()]
    else:
        jobs = [(v, n) for v in options.view or VIEWS for n in range(options.passages)]
        seen = []
        with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
            for number, one in enumerate(pool.map(passage, jobs), start=1):
                seen.append(one)
                if options.record:
                    with options.record.open("a") as file:
                        file.write(json.dumps(one) + "\n")
                print(f"{number} of {len(jobs)}", flush=True)
    print("\n".join(table(seen)))


@lru_cache(maxsize=1)
def _models():
    cv2.setNumThreads(1)
    config = default_config("synthetic:")
    return config, models_of(config)


def passage(job: tuple[str, int]) -> dict:
    """What detector and tracker see of one passage, and the truth about it."""
    name, seed = job
    view = VIEWS[name]
    rng = np.random.default_rng([seed, 9])
    condition = Condition(
        "through",
        night=bool(seed % 2),
        rain=seed % 6 == 5,
        rate=RATES[seed // 2 % 3],
        dropped=float(rng.choice(DROPPED)),
        jitter_s=float(rng.choice(JITTER_S)),
    )
    film = Passing(condition, seed, view.camera)
    config, models = _models()
    detect, follow, *_ = stages_of(config, models, Unheard(), live=False)
    frames = (frame_at(time_s, image) for time_s, image in film.frames())
    sights = [
        (tracked.frame.time_s, track.id, track.box, tracked.detections[track.detection].box)
        for tracked in in_turn([detect, follow], frames)
        if tracked.frame is not None
        for track in tracked.tracks
        if track.detection is not None and sight(tracked.frame, track.box).whole
    ]
    return {
        "view": name,
        "seed": seed,
        "condition": asdict(condition),
        "plate_m": film.plate_m(),
        "true_kmh": film.true_kmh(view.near_m, view.far_m),
        "sights": sights,
    }


def calibrated(kind: str, view: View, rng: np.random.Generator, **heights: float) -> RoadSpeeds:
    """A speedometer set up as people would."""
    off = 1 + rng.normal(0, 0.01)
    middle = (view.near_m + view.far_m) / 2
    ways = (view.far_m, view.near_m) if kind == "lines" else (view.far_m, middle, view.near_m)
    metres = [(x, z) for z in ways for x in (LEFT + 0.3, RIGHT - 0.3)]
    at = view.camera.project(np.array([(x, 0.0, z) for x, z in metres]))
    places = ((at + rng.normal(0, 1, at.shape)) / np.array(SIZE)).clip(0, 1).tolist()
    if kind == "lines":
        ends = (places[:2], places[2:])
        config = SpeedConfig(lines=ends, distance_m=(view.far_m - view.near_m) * off, **heights)
    else:
        flat = [(x * off, z * off) for x, z in metres]
        config = SpeedConfig(points=places, metres=flat, **heights)
    return RoadSpeeds(config.road())


def measured(kind: str, one: dict, *, height: bool = True, **plate: float):
    """The speed of the track that was seen most."""
    rng = np.random.default_rng([one["seed"], 11])
    view = VIEWS[one["view"]]
    known = {"camera_height_m": view.camera.height_m} if height else {}
    speedometer = calibrated(kind, view, rng, **known, **plate).begin()
    ids = [s[1] for s in one["sights"]]
    chosen = max(set(ids), key=ids.count, default=None)
    for sighted in one["sights"]:
        if sighted[1] == chosen:
            speedometer.seen(datetime.now(UTC), sighted[0], tuple(sighted[2]), SIZE)
    return speedometer.speed()


def table(seen: list[dict]) -> Iterator[str]:
    """A row for each camera and way of measuring, then for parts of the passages."""
    yield (
        "| camera, method | passages | measured | mean error, km/h | mean of the absolute error"
        " | 95 % of errors below | mean stated error | within the stated error |"
    )
    yield "|" + "---|" * 8
    for view in VIEWS:
        mine = [one for one in seen if one["view"] == view]
        for kind in KINDS if mine else ():
            yield row(f"{view}, {kind}", mine, kind)
        if mine:
            plate = {"plate_height_m": 0.4, "plate_height_error_m": 0.1}
            yield row(
                f"{view}, lines, plates known to be 0.3 to 0.5 m high", mine, "lines", **plate
            )
            yield row(f"{view}, lines, height of the camera not given", mine, "lines", height=False)
    high = [one for one in seen if one["view"] == "4 m high"]
    parts = {
        "by day": lambda c: not c["night"],
        "by night": lambda c: c["night"],
        **{f"{rate:g} frames/s": lambda c, r=rate: c["rate"] == r for rate in RATES},
        "a fifth of the frames dropped": lambda c: c["dropped"] > 0,
        "stamps off by 15 ms": lambda c: c["jitter_s"] > 0.01,
    }
    for name, of in parts.items():
        yield row(f"4 m high, lines, {name}", [x for x in high if of(x["condition"])], "lines")
    for low, top in ((10, 30), (30, 45), (45, 80)):
        of_speed = [one for one in high if low <= one["true_kmh"] < top]
        yield row(f"4 m high, lines, {low} to {top} km/h", of_speed, "lines")


def row(name: str, seen: list[dict], kind: str, *, height: bool = True, **plate: float) -> str:
    """One line of the table."""
    found = [(measured(kind, one, height=height, **plate), one["true_kmh"]) for one in seen]
    known = [(speed, truth) for speed, truth in found if speed.kmh is not None]
    if not known:
        return f"| {name} | {len(seen)} | 0 | | | | | |"
    off = np.array([speed.kmh - truth for speed, truth in known])
    stated = np.array([speed.error_kmh for speed, _ in known])
    return (
        f"| {name} | {len(seen)} | {len(known)} | {off.mean():+.2f} | {abs(off).mean():.2f}"
        f" | {np.quantile(abs(off), 0.95):.2f} | {stated.mean():.2f}"
        f" | {(abs(off) <= stated).mean():.0%} |"
    )


if __name__ == "__main__":
    main()
