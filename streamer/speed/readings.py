"""What a radar said, joined by time with what the camera saw."""

import threading
from collections import deque
from datetime import datetime
from typing import Self

from models.base import Box
from streamer.data import Speed

KEPT = 500
LONGEST_S = 10.0
"""No event waits longer for a radar."""


class Readings:
    """The last readings of one radar, each of which is given away once. Any thread may call.

    A reading belongs to a vehicle if it came while its plate was in view, or not more than
    `within_s` before or after that. `error_kmh`: what the maker says that it may be wrong.
    """

    def __init__(self, within_s: float = 2.0, error_kmh: float | None = None) -> None:
        self.within_s = within_s
        self.error_kmh = error_kmh
        self._lock = threading.Lock()
        self._said: deque[tuple[datetime, float]] = deque(maxlen=KEPT)

    def add(self, at: datetime, kmh: float) -> None:
        """The radar measured so much at that UTC time."""
        with self._lock:
            self._said.append((at, kmh))

    def begin(self) -> "RadarSpeedometer":
        """For one more vehicle."""
        return RadarSpeedometer(self)

    def any_between(self, first: datetime, last: datetime) -> bool:
        """Whether there is one from then to then."""
        with self._lock:
            return any(first <= at <= last for at, _ in self._said)

    def take(self, first: datetime, last: datetime) -> float | None:
        """The one nearest to the time from `first` to `last`, of several the latest, in km/h.

        All up to it, and those of the time itself, are no other vehicle's.
        """
        with self._lock:
            near = [
                (_outside_s(at, first, last), -at.timestamp(), at, kmh) for at, kmh in self._said
            ]
            near = [one for one in near if one[0] <= self.within_s]
            if not near:
                return None
            *_, taken_at, kmh = min(near)
            used_to = max(taken_at, last)
            self._said = deque((one for one in self._said if one[0] > used_to), KEPT)
            return kmh


class RadarSpeedometer:
    """One vehicle's reading. Whoever is out of sight waits for none: the next could be taken for
    its own."""

    waits_s = 0.0

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._first_s = 0.0

    def seen(self, at: datetime, time_s: float, box: Box, size: tuple[int, int]) -> None:
        """Its plate was in view then."""
        if self._first is None:
            self._first, self._first_s = at, time_s
        self._last = at

    def ready(self, time_s: float) -> bool:
        """Whether a reading came while it was in view, or takes too long."""
        if self._first is None or self._last is None:
            return True
        if time_s - self._first_s >= LONGEST_S:
            return True
        return self._readings.any_between(self._first, self._last)

    def speed(self) -> Speed:
        """The reading that is nearest to when it was in view."""
        kmh = None
        if self._first is not None and self._last is not None:
            kmh = self._readings.take(self._first, self._last)
        if kmh is None:
            return Speed(None, None, "radar", "silent")
        return Speed(round(kmh, 1), self._readings.error_kmh, "radar")

    def joined(self, earlier: Self) -> Self:
        """In view since `earlier` was."""
        both = type(self)(self._readings)
        both._first, both._first_s = earlier._first, earlier._first_s
        both._last = self._last or earlier._last
        if both._first is None:
            both._first, both._first_s = self._first, self._first_s
        return both


def _outside_s(at: datetime, first: datetime, last: datetime) -> float:
    return max((first - at).total_seconds(), (at - last).total_seconds(), 0.0)
