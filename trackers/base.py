"""What every tracker takes and gives."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""(N, 4) float64: x1, y1, x2, y2 in pixels."""


class Track(NamedTuple):
    """One object over time, as the tracker sees it after an update.

    `box` is the filtered x1, y1, x2, y2 in pixels; `velocity` the speed of its centre (x, y)
    in pixels per second; `age_s` the seconds since its first detection; `hits` how many
    detections it was given; `detection` the index, in the update's boxes, of the one it was
    given now, or None while it coasts. `id` is unique within its tracker.
    """

    id: int
    box: tuple[float, float, float, float]
    velocity: tuple[float, float]
    age_s: float
    hits: int
    detection: int | None


class Tracker(Protocol):
    """Follows objects through time. One instance serves one camera."""

    def update(self, boxes: Boxes, scores: NDArray[np.float64], time_s: float) -> list[Track]:
        """All living tracks at `time_s` (seconds, any origin), given (N, 4) boxes and (N,) scores.

        A track that is no longer in the list has ended. Steps may be of any length.
        """
        ...
