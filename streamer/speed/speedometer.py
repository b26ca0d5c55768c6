"""One vehicle's speed by where its plate was seen: what a track's sights add up to."""

from datetime import datetime
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.base import Box
from streamer.data import Speed
from streamer.speed.fit import LEAST, Fitted, fit
from streamer.speed.geometry import Matrix, Point, Road

KMH = 3.6
STANDS_S, STANDS_M = 3.0, 0.3
"""So long within so many metres, a vehicle stands; somebody may be waiting at a barrier."""
LONGEST_S = 30.0
"""No event waits longer for a speed."""
MARGIN = 0.25
"""Of the stretch, before and behind it: what is seen there counts, too."""
LINGERS, LINGERS_S = 0.3, 0.2
"""But only so long before and after it was on the stretch itself, as a share of that time, or in
seconds: whoever stops behind it was not as slow on it."""
COVERED = 0.6
"""Of the stretch between the lines, seen. In an area it is `LEAST_M`."""
LEAST_M = 2.0
SLOWEST_KMH = 2.0
MISFIT, UNSURE = 0.1, 0.3
"""Of the way; of the speed. Beyond these a fit is no measurement."""
SHAKE_M = 0.03
"""What a position is off beside what its pixels say: the camera's clock, the road's bumps."""
KEPT = 2000
_Sighted = tuple[datetime, float, Box, tuple[int, int]]


class Speedometer(Protocol):
    """What finds the speed of one vehicle.

    `waits_s`: for so many seconds after its plate was last seen, another track of the vehicle may
    bring what is missing.
    """

    waits_s: float

    def seen(self, at: datetime, time_s: float, box: Box, size: tuple[int, int]) -> None:
        """Its plate was in `box` of a picture of `size` (width, height), and not cut."""
        ...

    def ready(self, time_s: float) -> bool:
        """Whether at this time of the scene waiting brings no more."""
        ...

    def speed(self) -> Speed:
        """What is known now."""
        ...

    def joined(self, earlier: Self) -> Self:
        """One that has seen what both have: `earlier` a track that broke off, this its sequel."""
        ...


class Speeds(Protocol):
    """What measures the vehicles of one camera."""

    def begin(self) -> Speedometer:
        """For one more vehicle."""
        ...


class RoadSpeeds:
    """Measures by the camera's own picture."""

    def __init__(self, road: Road) -> None:
        self._road = road

    def begin(self) -> "RoadSpeedometer":
        """For one more vehicle."""
        return RoadSpeedometer(self._road)


class RoadSpeedometer:
    """By a stretch of road."""

    waits_s = STANDS_S

    def __init__(self, road: Road) -> None:
        self._road = road
        self._sights: list[_Sighted] = []
        self._times_s: list[float] = []
        self._metres: list[Matrix] = []
        self._spread_m: list[float] = []
        self._counts: list[bool] = []
        self._first_s: float | None = None
        self._moved_s = 0.0
        self._moved_from: Matrix | None = None
        self._inside = self._passed = False

    def seen(self, at: datetime, time_s: float, box: Box, size: tuple[int, int]) -> None:
        """Its plate was there."""
        if len(self._sights) < KEPT:
            self._sights.append((at, time_s, box, size))
        width, height = size
        x, y = (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height
        here, below = self._road.metres(np.array([[x, y], [x, y + 1 / height]]))
        if self._first_s is None:
            self._first_s = self._moved_s = time_s
        if not np.isfinite(here).all() or not np.isfinite(below).all():
            return
        if self._road.length_m is not None:
            here, below = here[1:], below[1:]
        self._notice(here, time_s, (x, y))
        if len(self._times_s) < KEPT:
            self._times_s.append(time_s)
            self._metres.append(here)
            pixel_m = float(np.sqrt(((below - here) ** 2).sum()))
            self._spread_m.append(float(np.hypot(pixel_m, SHAKE_M)))
            self._counts.append(self._within(here, (x, y), MARGIN))

    def _notice(self, here: Matrix, time_s: float, place: Point) -> None:
        if self._moved_from is None or np.abs(here - self._moved_from).max() > STANDS_M:
            self._moved_from, self._moved_s = here, time_s
        now = self._within(here, place, 0.0)
        self._passed |= self._inside and not now
        self._inside |= now
        if self._road.length_m is not None and self._metres:
            self._passed |= bool((self._metres[0][0] < 0) != (here[0] < 0)) and not now

    def _within(self, here: Matrix, place: Point, margin: float) -> bool:
        length_m = self._road.length_m
        if length_m is None:
            return self._road.covers(place)
        return bool(-margin * length_m <= here[0] <= (1 + margin) * length_m)

    def ready(self, time_s: float) -> bool:
        """Whether it has passed the stretch, or stands, or takes too long."""
        if self._passed or self._first_s is None:
            return True
        return time_s - self._moved_s >= STANDS_S or time_s - self._first_s >= LONGEST_S

    def speed(self) -> Speed:
        """By all sights on the stretch; see `streamer.speed.fit`."""
        counts = self._counting()
        method = self._road.method
        if not counts.any():
            return Speed(None, None, method, "not_passed")
        if counts.sum() < LEAST:
            return Speed(None, None, method, "too_few")
        metres = np.array(self._metres)[counts]
        times_s = np.array(self._times_s)[counts]
        covered_m = float(np.sqrt((np.ptp(metres, axis=0) ** 2).sum()))
        if covered_m < STANDS_M:
            return Speed(None, None, method, "stood")
        if covered_m < self._wanted_m:
            return Speed(None, None, method, "not_passed")
        found = fit(times_s, metres, np.array(self._spread_m)[counts])
        return self._judged(found)

    def _counting(self) -> NDArray[np.bool_]:
        """Which of the sights: those on the stretch, and those shortly before and after."""
        counts = np.array(self._counts, bool)
        length_m = self._road.length_m
        if length_m is None or not counts.any():
            return counts
        times_s, along_m = np.array(self._times_s), np.array(self._metres)[:, 0]
        on_it = times_s[(along_m >= 0) & (along_m <= length_m)]
        if not len(on_it):
            return counts
        more_s = max(LINGERS * float(np.ptp(on_it)), LINGERS_S)
        counts &= (times_s >= on_it.min() - more_s) & (times_s <= on_it.max() + more_s)
        return counts

    def joined(self, earlier: Self) -> Self:
        """One that has seen what both have, as if the track had never broken."""
        both = type(self)(self._road)
        # A track that has lost its plate may yet be given other things for a moment.
        since_s = min((time_s for _, time_s, *_ in self._sights), default=np.inf)
        before = [one for one in earlier._sights if one[1] < since_s]
        for sighted in (*before, *self._sights):
            both.seen(*sighted)
        return both

    @property
    def _wanted_m(self) -> float:
        length_m = self._road.length_m
        return LEAST_M if length_m is None else COVERED * length_m

    def _judged(self, found: Fitted | None) -> Speed:
        method = self._road.method
        if found is None:
            return Speed(None, None, method, "too_few")
        kmh = KMH * self._road.factor * found.speed
        fitted = KMH * self._road.factor * found.error
        if found.misfit > MISFIT or fitted > UNSURE * max(kmh, SLOWEST_KMH):
            return Speed(None, None, method, "poor_fit")
        if kmh < SLOWEST_KMH:
            return Speed(None, None, method, "stood")
        # The plate's height is no chance that evens out: one make's plates are all as low.
        chance = float(np.hypot(fitted, self._road.distance_error * kmh))
        error = chance + self._road.height_error * kmh
        return Speed(round(kmh, 1), round(error, 1), method)
