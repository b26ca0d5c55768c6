"""How vehicles drive up to a camera: where they are, and when.

A course is two arrays: seconds since a vehicle's start, and how many metres its face is ahead of
the camera then.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.training.gate import PULL_AWAY, STOP_M
from models.training.vehicles import Shape

Manoeuvre = Literal["through", "stop", "queue", "tailgate", "creep", "two lanes"]

FAR_M = 34.0
"""Ahead of the camera, where vehicles come from. They have gone when all of them is behind it."""

Course = tuple[NDArray[np.float64], NDArray[np.float64]]
Ahead = tuple[NDArray[np.float64], NDArray[np.float64], Shape]
"""The course of the one ahead, by the film's clock, and what it is."""


def course(
    rng: np.random.Generator, manoeuvre: Manoeuvre, number: int, ahead: Ahead | None, shape: Shape
) -> Course:
    """How the vehicle of that number (from 0) drives, behind the one `ahead`."""
    gone_m = -shape.length
    if manoeuvre == "creep":
        return _creeping(rng, gone_m)
    if manoeuvre == "tailgate" and number % 2 and ahead is not None:
        return _close_behind(rng, ahead, gone_m)
    if manoeuvre == "queue" and ahead is not None:
        return _queueing(rng, ahead, gone_m)
    if manoeuvre in ("stop", "two lanes", "queue"):
        return _stopping(rng, gone_m)
    speed = rng.uniform(3, 4.5) if manoeuvre == "tailgate" else rng.uniform(3, 9)
    return np.array([0.0, (FAR_M - gone_m) / speed]), np.array([FAR_M, gone_m])


def parking(place_m: float) -> Course:
    """Braking to a place `place_m` ahead, for good."""
    braking = np.linspace(0, 1, 40)
    return braking * 6.0, place_m + (FAR_M - place_m) * (1 - braking) ** 2


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


def _close_behind(rng: np.random.Generator, ahead: Ahead, gone_m: float) -> Course:
    """As the one ahead, a few metres behind its other end."""
    ahead_s, ahead_m, shape = ahead
    gap_m = shape.length + rng.uniform(4.0, 9.0)
    times = ahead_s - ahead_s[0]
    behind = ahead_m + gap_m
    speed = (behind[0] - behind[-1]) / times[-1]
    more_s = (behind[-1] - gone_m) / speed
    return np.append(times, times[-1] + more_s), np.append(behind, gone_m)


def _queueing(rng: np.random.Generator, ahead: Ahead, gone_m: float) -> Course:
    """Behind the one ahead, up to the stop line when that has gone, waiting, pulling away."""
    ahead_s, ahead_m, shape = ahead
    gap_m = shape.length + rng.uniform(1.2, 2.5)
    times = ahead_s - ahead_s[0]
    behind = np.maximum(ahead_m + gap_m, STOP_M)
    stopped_s = times[-1] + (behind[-1] - STOP_M) / 2.0 + 0.1
    since_s, away_m = _leaving(gone_m)
    wait_s = rng.uniform(0.3, 1.5)
    return (np.concatenate([times, stopped_s + wait_s + since_s]),
            np.concatenate([behind, away_m]))  # fmt: skip
