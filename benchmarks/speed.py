"""Do events say how fast it was, how right is that, and is its stated error honest?

    python benchmarks/speed.py --passages 96 --seed 10000 --record looks.jsonl
    python benchmarks/speed.py --recorded looks.jsonl

Vehicles pass a camera at 10 to 60 km/h, by day and night, at 10 to 25 frames a second, with frames
dropped and stamps uneven; a third of them brake or accelerate by up to 1.5 m/s². A third camera
is the rendered gate's, where they brake to a stop behind a barrier. All of the daemon's stages
from detector to vote see them; the speed is the event's. It is calibrated as people would: places
clicked with a deviation of a pixel, metres measured with one of 1 %. The truth is the mean speed
between the lines; at the gate, where all brake hard, while the plate is seen between them.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from speed_films import BARRIER, HIGH, SIZE, VIEWS, Gate, Passing, View

from models.training.drive import LEFT, RIGHT
from models.training.rides import Condition
from streamer.app import default_config
from streamer.config import make
from streamer.data import Looked, Speed
from streamer.evaluation.passages import Unheard
from streamer.evaluation.recorded import START, frame_at, from_plain, to_plain
from streamer.evaluation.revoted import asked_for
from streamer.one_camera import formats_of, models_of, stages_of
from streamer.pipeline import in_turn
from streamer.places import Places
from streamer.settled import Settled
from streamer.speed.settings import SpeedConfig
from streamer.speed.speedometer import RoadSpeeds
from streamer.stages.vote import utc_now

RATES, DROPPED, JITTER_S = (10.0, 15.0, 25.0), (0.0, 0.2), (0.0, 0.005, 0.015)


@dataclass(frozen=True)
class Way:
    """A way of measuring: by what, and what else is known."""

    name: str
    kind: str
    height: bool = True
    plate: dict[str, float] = field(default_factory=dict)


WAYS = (
    Way("lines", "lines"),
    Way("homography", "homography"),
    Way(
        "lines, plates known to be 0.3 to 0.5 m high",
        "lines",
        plate={"plate_height_m": 0.4, "plate_height_error_m": 0.1},
    ),
    Way("lines, height of the camera not given", "lines", height=False),
)
REASONS = ("not_passed", "too_few", "poor_fit", "stood", "no event")


@dataclass(frozen=True)
class Told:
    """What the daemon said of a passage: its speed (None: no event), how many further events,
    and how many seconds the event came after the plate was last seen."""

    speed: Speed | None
    repeated: int = 0
    late_s: float = 0.0


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=72)
    parser.add_argument("--seed", type=int, default=0, help="of the first passage")
    parser.add_argument("--view", choices=list(VIEWS), action="append")
    parser.add_argument("--record", type=Path, help="keep what was seen")
    parser.add_argument("--recorded", type=Path, help="measure on what --record kept")
    parser.add_argument("--each", action="store_true", help="print what was said of each, too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        if options.recorded:
            lines = options.recorded.read_text().splitlines()
            seen = [one for one in map(json.loads, lines) if one["view"] in (options.view or VIEWS)]
        else:
            seeds = range(options.seed, options.seed + options.passages)
            jobs = [(view, seed) for view in options.view or VIEWS for seed in seeds]
            seen = []
            for number, one in enumerate(pool.map(passage, jobs), start=1):
                seen.append(one)
                if options.record:
                    with options.record.open("a") as file:
                        file.write(json.dumps(one) + "\n")
                print(f"{number} of {len(jobs)}", flush=True)
        for one, told in zip(seen, pool.map(tell, seen, chunksize=4), strict=True):
            one["told"] = told
    if options.each:
        for one in seen:
            print(one["view"], one["seed"], f"{one['true_kmh']:.1f} km/h", one["told"]["lines"])
    print("\n".join([*shares(seen), "", *table(seen)]))


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any]:
    cv2.setNumThreads(1)
    config = default_config("synthetic:")
    return config, models_of(config)


def passage(job: tuple[str, int]) -> dict[str, Any]:
    """What is seen of one passage, all looks at it, and the truth about it."""
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
    film = (Gate if name == BARRIER else Passing)(condition, seed, view.camera)
    config, models = _models()
    *sight, _ = stages_of(config, models, Unheard(), live=False)
    frames = (frame_at(time_s, image) for time_s, image in film.frames())
    return {
        "view": name,
        "seed": seed,
        "condition": asdict(condition),
        "true_kmh": film.true_kmh(view.near_m, view.far_m),
        "film": to_plain("through", f"{name}, {seed}", [], SIZE, in_turn(sight, frames)),
    }


def calibrated(way: Way, view: View, rng: np.random.Generator) -> RoadSpeeds:
    """A speedometer set up as people would."""
    known = {"camera_height_m": view.camera.height_m} if way.height else {}
    known |= way.plate
    off = 1 + rng.normal(0, 0.01)
    middle = (view.near_m + view.far_m) / 2
    lines = way.kind == "lines"
    ways = (view.far_m, view.near_m) if lines else (view.far_m, middle, view.near_m)
    metres = [(x, z) for z in ways for x in (LEFT + 0.3, RIGHT - 0.3)]
    at = view.camera.project(np.array([(x, 0.0, z) for x, z in metres]))
    places = ((at + rng.normal(0, 1, at.shape)) / np.array(SIZE)).clip(0, 1).tolist()
    if lines:
        ends = (places[:2], places[2:])
        config = SpeedConfig(lines=ends, distance_m=(view.far_m - view.near_m) * off, **known)
    else:
        flat = [(x * off, z * off) for x, z in metres]
        config = SpeedConfig(points=places, metres=flat, **known)
    return RoadSpeeds(config.road())


def tell(one: dict[str, Any]) -> dict[str, Told]:
    """What the daemon says of a passage, by the way of measuring."""
    film = from_plain(one["film"], one["view"])
    config = default_config("synthetic:")
    found = {}
    for way in WAYS[:2] if one["view"] == BARRIER else WAYS:
        rng = np.random.default_rng([one["seed"], 11])
        speeds = calibrated(way, VIEWS[one["view"]], rng)
        settled = Settled()
        given = (formats_of(config), lambda _: None, utc_now, None, Places(speeds=speeds))
        vote = make(config.parts["vote"], settled, *given)
        found[way.name] = _told(vote, asked_for(film, settled, config))
    return found


def _told(vote: Any, film: Iterator[Looked]) -> Told:
    events, now_s, late_s = [], 0.0, 0.0
    for looked in film:
        now_s = looked.frame.time_s if looked.frame is not None else now_s
        decided = [one.event for one in vote.step(looked)]
        late_s = max(
            [late_s, *((START - one.last_seen) / timedelta(seconds=1) + now_s for one in decided)]
        )
        events += decided
    events += [one.event for one in vote.finish()]
    speeds = [one.speed for one in events]
    measured = [one for one in speeds if one is not None and one.kmh is not None]
    return Told(next(iter(measured or speeds), None), max(len(events) - 1, 0), late_s)


def shares(seen: list[dict[str, Any]]) -> Iterator[str]:
    """A row for each camera and way of measuring: how many have a speed, and why not."""
    yield (
        f"| camera, method | passages | with a speed | {' | '.join(REASONS)} | events too many"
        " | event after the plate was last seen, s, at most |"
    )
    yield "|" + "---|" * (5 + len(REASONS))
    for view in VIEWS:
        mine = [one["told"] for one in seen if one["view"] == view]
        for way in [way.name for way in WAYS[:2]] if mine else ():
            told = [one[way] for one in mine]
            why = Counter(_reason(one) for one in told)
            counts = " | ".join(str(why[reason]) for reason in REASONS)
            share = why[None] / len(told)
            yield (
                f"| {view}, {way} | {len(told)} | {why[None]} ({share:.0%}) | {counts}"
                f" | {sum(one.repeated for one in told)} | {max(one.late_s for one in told):.1f} |"
            )


def _reason(told: Told) -> str | None:
    return "no event" if told.speed is None else told.speed.reason


def table(seen: list[dict[str, Any]]) -> Iterator[str]:
    """A row for each camera and way of measuring, then for parts of the passages."""
    yield (
        "| camera, method | passages | measured | mean error, km/h | mean of the absolute error"
        " | 95 % of errors below | mean stated error | within the stated error |"
    )
    yield "|" + "---|" * 8
    for view in VIEWS:
        mine = [one for one in seen if one["view"] == view]
        for way in mine[0]["told"] if mine else ():
            yield row(f"{view}, {way}", mine, way)
    high = [one for one in seen if one["view"] == HIGH]
    parts = {
        "by day": lambda c: not c["night"],
        "by night": lambda c: c["night"],
        **{f"{rate:g} frames/s": lambda c, r=rate: c["rate"] == r for rate in RATES},
        "a fifth of the frames dropped": lambda c: c["dropped"] > 0,
        "stamps off by 15 ms": lambda c: c["jitter_s"] > 0.01,
    }
    for name, of in parts.items():
        yield row(f"{HIGH}, lines, {name}", [x for x in high if of(x["condition"])])
    for low, top in ((10, 30), (30, 45), (45, 80)):
        of_speed = [one for one in high if low <= one["true_kmh"] < top]
        yield row(f"{HIGH}, lines, {low} to {top} km/h", of_speed)


def row(name: str, seen: list[dict[str, Any]], way: str = "lines") -> str:
    """One line of the table."""
    found = [(one["told"][way].speed, one["true_kmh"]) for one in seen]
    known = [(speed, truth) for speed, truth in found if speed is not None and speed.kmh]
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
