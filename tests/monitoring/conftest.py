"""What the tests of the monitoring share."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "config/grafana"))

from panels import ROWS  # noqa: E402  (is no package)

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def metrics_script():
    """What docs/metrics_table.py defines."""
    return runpy.run_path(str(ROOT / "docs/metrics_table.py"))


@pytest.fixture(scope="session")
def metrics(metrics_script):
    """All metrics that the daemon can have."""
    return metrics_script["every_metric"]()


@pytest.fixture(scope="session")
def samples(metrics):
    """The names of all samples that the daemon has, of its own and of its process."""
    names = set()
    for family in metrics.registry.collect():
        names |= {family.name + suffix for suffix in SUFFIXES.get(family.type, ("",))}
    return names


@pytest.fixture(scope="session")
def rules():
    """All recording and alert rules."""
    text = (ROOT / "config/prometheus/rules/plate-streamer.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.fixture(scope="session")
def dashboard():
    """The dashboard that we ship."""
    return json.loads((ROOT / "config/grafana/dashboards/plate-streamer.json").read_text())


@pytest.fixture(scope="session")
def panels_made():
    """The panels that the dashboard is made of (config/grafana/panels.py)."""
    return [panel for row in ROWS for panel in row.panels]


@pytest.fixture(scope="session")
def manual():
    """docs/monitoring.md."""
    return (ROOT / "docs/monitoring.md").read_text()


@pytest.fixture(scope="session")
def metrics_in():
    """`metrics_in(text)`: what of a text, PromQL say, are names of metrics of ours."""

    def found(text):
        return set(re.findall(r"(?<![:\w])(?:anpr|process)_[a-z0-9_]+", text))

    return found
