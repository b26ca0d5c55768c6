"""What the car park tells the metrics."""

from collections.abc import Callable
from typing import get_args

from streamer.enrich.parking_pairing import Outcome
from streamer.enrich.parking_ports import Ignored
from streamer.metrics import Metrics


class ParkingMetrics:
    """The metrics' side of a car park (the `Observer` of `Parking`)."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def show(self, occupancy: Callable[[], int], capacity: int | None) -> None:
        """There is a car park: declare its metrics, all labels at 0."""
        self._metrics.declare_parking()
        self._metrics.parking_occupancy.set_function(occupancy)
        self._metrics.parking_capacity.set(capacity or 0)
        for outcome in get_args(Outcome):
            self._metrics.parking_sessions.labels(outcome)
        for reason in get_args(Ignored):
            self._metrics.parking_ignored.labels(reason)

    def entered(self) -> None:
        """A vehicle came."""
        self._metrics.parking_entries.inc()

    def ended(self, outcome: Outcome, stay_s: float | None) -> None:
        """A session ended."""
        self._metrics.parking_sessions.labels(outcome).inc()
        if stay_s is not None:
            self._metrics.parking_stay.observe(stay_s)

    def overstayed(self) -> None:
        """Somebody has been inside for too long."""
        self._metrics.parking_overstays.inc()

    def ignored(self, reason: Ignored) -> None:
        """An event changed nothing."""
        self._metrics.parking_ignored.labels(reason).inc()
