"""Figures out of the daemon's own metrics, for people who have no Prometheus.

Each metric is read once per answer, by its object: asking the registry for one sample at a time
would collect all of them every time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric

Labels = tuple[str, ...]


def values(metric: Counter | Gauge) -> dict[Labels, float]:
    """Every sample of a metric: the values of its labels, in their order → the figure."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@dataclass(slots=True)
class Timing:
    """What a histogram has seen: `buckets` are upper bounds → how many were not above."""

    count: float = 0.0
    total: float = 0.0
    buckets: dict[float, float] = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        """None while nothing was seen."""
        return self.total / self.count if self.count else None

    def add(self, other: "Timing") -> None:
        """See what `other` has seen, too; its buckets are the same."""
        self.count += other.count
        self.total += other.total
        for bound, count in other.buckets.items():
            self.buckets[bound] = self.buckets.get(bound, 0.0) + count

    def quantile(self, share: float) -> float | None:
        """An estimate of the value that this share (0..1) does not exceed; None while unknown.

        As PromQL's `histogram_quantile` estimates it
        (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile):
        what is in a bucket is taken to lie evenly between its bounds, the lowest bucket to begin
        at 0, and of what is above the highest bound only that bound is known.
        """
        if not self.count:
            return None
        rank, below, low = share * self.count, 0.0, 0.0
        for bound, count in sorted(self.buckets.items()):
            if count >= rank and count > below:
                if bound == float("inf"):
                    return low
                return low + (bound - low) * (rank - below) / (count - below)
            below, low = count, bound
        return None


def timings(metric: Histogram) -> dict[Labels, Timing]:
    """Every histogram of a metric: the values of its labels, in their order → what it has seen."""
    found: dict[Labels, Timing] = {}
    for name, labels, value in _samples(metric.collect()):
        kept = dict(labels)
        bound = kept.pop("le", None)
        timing = found.setdefault(tuple(kept.values()), Timing())
        if bound is not None:
            timing.buckets[float(bound)] = value
        elif name.endswith("_count"):
            timing.count = value
        elif name.endswith("_sum"):
            timing.total = value
    return found


def _samples(families: Any) -> Iterator[tuple[str, Mapping[str, str], float]]:
    family: Metric
    for family in families:
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def of(found: Mapping[Labels, float], *labels: str) -> float:
    """One figure; 0 where nothing was counted."""
    return found.get(labels, 0.0)


def by_last(found: Mapping[Labels, float], first: str) -> dict[str, int]:
    """Of metrics with two labels: the second → the figure, for one value of the first."""
    return {labels[1]: round(value) for labels, value in found.items() if labels[0] == first}
