"""What a panel of the dashboard is, and the words that its queries share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CAMERA = 'instance=~"$instance", camera=~"$camera"'
BOX = 'job="plate-streamer", instance=~"$instance"'
STEP = "$__rate_interval"

Style = Literal["lines", "bars", "states", "number", "text"]
GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture.

    `queries` maps legends to PromQL. `unit` is one of Grafana's. `steps` are the values from
    which on another colour holds, `states` the words and colours for values. `width` counts
    24ths of the page; `least_step` is Prometheus' step at least. `may_be_empty` says why, where
    a healthy daemon shows nothing.
    """

    title: str
    text: str
    queries: Mapping[str, str]
    unit: str = "short"
    style: Style = "lines"
    width: int = 8
    stacked: bool = False
    steps: tuple[tuple[float, str], ...] = ()
    states: Mapping[int, tuple[str, str]] | None = None
    limits: tuple[float | None, float | None] = (0, None)
    least_step: str | None = None
    may_be_empty: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


def quantile(share: float, metric: str, by: str, window: str) -> str:
    """The PromQL of a quantile of one of our histograms."""
    buckets = f"sum by (le{by and ', ' + by}) (rate({metric}_bucket{{{CAMERA}}}[{window}]))"
    return f"histogram_quantile({share}, {buckets})"
