"""Makes docs/monitoring-*.png: data of the dashboard's panels, drawn without Grafana.

python docs/render_monitoring.py [--minutes 5]      (after `make install-test tools`)

Runs the daemon on a rendered gate, a real mosquitto and a real Prometheus for so long, asks
Prometheus for the panels' own queries, and draws the answers with matplotlib.
"""

import argparse
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.dates import DateFormatter, MinuteLocator
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "config/grafana"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from panel import Panel
from panels import ROWS

from broker import Mosquitto
from processes import DaemonProcess
from prometheus_server import Prometheus

ROOT = Path(__file__).parents[1]
SCENE = "synthetic:?vehicles=endless&size=640x360&fps=10&seed=3"
CAMERA = {"name": "gate", "url": SCENE, "realtime": True}
WINDOW, STEP_S = "30s", 5
PICTURES = {
    "box": ("Frames per second", "Duration of a step, 95 %", "Busy share of each stage", "Memory"),
    "reading": (
        "Plates followed",
        "Reads per hour, by outcome",
        "Confidence of events",
        "From capture to acknowledgement",
    ),
}
SCALES = {"bytes": (2**20, "MiB"), "percentunit": (0.01, "%"), "s": (1, "s"), "short": (1, "")}


def watched(minutes: float, panels: dict[str, Panel]) -> dict:
    """Title → legend → (times, values) of all panels, after the daemon ran for so long."""
    with tempfile.TemporaryDirectory() as name, Mosquitto() as broker:
        folder = Path(name)
        sinks = {"mqtt": {"host": broker.host, "port": broker.port}}
        with DaemonProcess(folder, {"cameras": [CAMERA], "sinks": sinks}) as daemon:
            daemon.wait_for("/metrics")
            target = re.findall(r"http://(\S+)/metrics", daemon.log)[-1]
            with Prometheus(folder, [target]) as prometheus:
                began = time.time() + 10  # Prometheus needs some seconds for its first look
                time.sleep(10 + 60 * minutes)
                return {title: lines(prometheus, panels[title], began) for title in panels}


def lines(prometheus: Prometheus, panel: Panel, began: float) -> dict:
    """Legend → (times, values) of one panel."""
    found = {}
    for legend, asked in panel.queries.items():
        query = re.sub(r"\$(instance|camera)", ".*", asked).replace("$__rate_interval", WINDOW)
        span = {"start": began, "end": time.time(), "step": STEP_S}
        for one in prometheus.ask("query_range", query=query, **span)["result"]:
            words = legend
            for label, value in one["metric"].items():
                words = words.replace(f"{{{{{label}}}}}", value)
            times = [datetime.fromtimestamp(at, UTC) for at, _ in one["values"]]
            found[words] = times, [float(value) for _, value in one["values"]]
    return found


def draw(path: Path, panels: dict[str, Panel], data: dict, titles: tuple[str, ...]) -> None:
    """Four panels as one PNG."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True)
    for axis, title in zip(axes.flat, titles, strict=True):
        panel = panels[title]
        factor, word = SCALES.get(panel.unit, (1, panel.unit.removeprefix("suffix: ")))
        for legend, (times, values) in data[title].items():
            axis.plot(times, [value / factor for value in values], label=legend, linewidth=1.2)
        low, high = (limit and limit / factor for limit in panel.limits)
        axis.set_ylim(low, high)
        axis.set_title(title, fontsize=10)
        axis.set_ylabel(word, fontsize=8)
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_locator(MinuteLocator())
        axis.xaxis.set_major_formatter(DateFormatter("%H:%M"))
        axis.tick_params(labelsize=8)
    figure.savefig(path, dpi=90)


def main() -> None:
    """Run, ask, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args()
    wanted = {title for titles in PICTURES.values() for title in titles}
    panels = {panel.title: panel for row in ROWS for panel in row.panels if panel.title in wanted}
    data = watched(options.minutes, panels)
    for name, titles in PICTURES.items():
        draw(ROOT / f"docs/monitoring-{name}.png", panels, data, titles)


if __name__ == "__main__":
    main()
