"""Who drives before the camera in a film, with what plate, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.training.courses import Manoeuvre, course, parking
from models.training.faces import build_vehicle
from models.training.gate import LANE_M
from models.training.plates import GATE_LAYOUTS, LAYOUTS, Layout, gate_text
from models.training.vehicles import BUS, LORRY, TRAILER, Pose, Shape, Vehicle

PARKED_M, PARKED_LANE_M = 10.5, -3.75
"""Where a vehicle is parked: so far ahead, and beside the lane in which the others pass."""

LANES_M = (-2.15, 0.35)
"""The middles of the lanes where there are two."""

MOTORCYCLES = tuple(one for one in LAYOUTS if one.name.startswith("motorcycle"))

Kinds = Literal["cars", "heavy", "rear"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a film is about. `rate` is in frames per second; `dropped` the share of frames that
    get lost; `jitter_s` the deviation of their time stamps, in seconds.

    `leaving`: vehicles drive away from the camera. `kinds`: cars and vans; lorries and buses as
    well; or whatever has a plate at its rear, motorcycles and trailers too. `parked`: the first
    vehicle parks in sight of the camera, and stays; between the others the camera is silent for
    an hour. `series`: plates of a fleet, each one digit away from the last.
    """

    name: str
    manoeuvre: Manoeuvre = "through"
    night: bool = False
    rain: bool = False
    walker: bool = False
    rate: float = 15.0
    dropped: float = 0.0
    jitter_s: float = 0.0
    leaving: bool = False
    kinds: Kinds = "cars"
    parked: bool = False
    series: bool = False


@dataclass(frozen=True, slots=True)
class Ride:
    """One vehicle, its plate as it is written, and its course by the film's clock."""

    vehicle: Vehicle
    text: str
    lane_m: float
    times: NDArray[np.float64]
    away_m: NDArray[np.float64]
    parked: bool = False

    def pose(self, time_s: float) -> Pose | None:
        """Where it is; None before it comes and after it has gone."""
        if not self.times[0] <= time_s <= self.times[-1]:
            return None
        return Pose(self.lane_m, float(np.interp(time_s, self.times, self.away_m)))


def draw_rides(rng: np.random.Generator, condition: Condition, count: int) -> list[Ride]:
    """`count` vehicles with plates of their own."""
    rides: list[Ride] = []
    free_s = dict.fromkeys(LANES_M, 0.0)  # when the next one may come, by lane
    start_s = 0.3
    for number in range(count):
        layout, shape = _kind(rng, condition)
        text = _text(rng, condition, layout, rides)
        vehicle = build_vehicle(rng, layout, text, rear=condition.leaving, shape=shape)
        lane_m = LANE_M
        if condition.manoeuvre == "two lanes":
            lane_m = LANES_M[number % 2]
            start_s = free_s[lane_m] + float(rng.uniform(0.3, 1.5))
        if condition.parked and number == 0:
            times, away_m = parking(PARKED_M)
            rides.append(Ride(vehicle, text, PARKED_LANE_M, times + start_s, away_m, parked=True))
            start_s = float(rides[0].times[-1])
            continue
        ahead = (rides[-1].times, rides[-1].away_m, rides[-1].vehicle.shape) if rides else None
        times, away_m = course(rng, condition.manoeuvre, number, ahead, vehicle.shape)
        if condition.leaving:
            away_m = away_m[::-1]
            times = times[-1] - times[::-1]
        rides.append(Ride(vehicle, text, lane_m, times + start_s, away_m))
        free_s[lane_m] = rides[-1].times[-1]
        alone = condition.manoeuvre in ("through", "stop", "creep")
        if alone or (condition.manoeuvre == "tailgate" and number % 2):
            start_s = float(rides[-1].times[-1]) + float(rng.uniform(0.2, 0.8))
    return _staying(rides)


def _staying(rides: list[Ride]) -> list[Ride]:
    """A parked vehicle stays until all others have left."""
    last_s = max(float(one.times[-1]) for one in rides) + 1.0
    return [
        replace(one, times=np.append(one.times, last_s), away_m=np.append(one.away_m, PARKED_M))
        if one.parked
        else one
        for one in rides
    ]


def _kind(rng: np.random.Generator, condition: Condition) -> tuple[Layout, Shape | None]:
    """What kind of plate, and on what (None: a car or van by chance)."""
    if condition.kinds == "rear" and rng.random() < 0.5:
        return MOTORCYCLES[rng.integers(len(MOTORCYCLES))], None
    layout = GATE_LAYOUTS[rng.integers(len(GATE_LAYOUTS))]
    if condition.kinds == "heavy":
        return layout, (LORRY, BUS)[rng.integers(2)]
    if condition.kinds == "rear" and rng.random() < 0.5:
        return layout, TRAILER
    return layout, None


def _text(
    rng: np.random.Generator, condition: Condition, layout: Layout, before: Sequence[Ride]
) -> str:
    """A plate that none before has."""
    known = {one.text for one in before}
    if condition.series and before:
        last = before[-1].text
        places = [place for place, sign in enumerate(last) if sign.isdigit()]
        place = places[rng.integers(len(places))]
        signs = "0123456789" if place else "123456789"  # see `gate_text`
        others = [sign for sign in signs if last[:place] + sign + last[place + 1 :] not in known]
        return last[:place] + others[rng.integers(len(others))] + last[place + 1 :]
    text = ""
    while not text or text in known:
        text = gate_text(rng, layout)
    return text
