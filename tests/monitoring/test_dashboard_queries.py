"""Every query of the dashboard against a real Prometheus that watches a real daemon."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from broker import free_port, wait_until
from processes import DaemonProcess
from prometheus_server import Prometheus

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WINDOW = "10s"
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, shared_broker):
    """It has seen a vehicle pass, and the event arrive at the broker."""
    folder = tmp_path_factory.mktemp("monitoring")
    (folder / "owners.csv").write_text("plate,name\nAB123CD,A. Nother\n")
    config = {
        "cameras": [{"name": "gate", "url": "synthetic:?vehicles=endless&fps=8&size=640x360"}],
        "watchlists": [{"name": "everybody", "kind": "notify", "entries": ["*"]}],
        "owner": {"name": "csv", "file": str(folder / "owners.csv")},
        "parking": {
            "entry": ["gate"],
            "exit": ["gate"],
            "directions": {"gate": {"approaching": "entry", "receding": "exit"}},
            "capacity": 40,
        },
        "sinks": {
            "mqtt": {
                "host": shared_broker.host,
                "port": shared_broker.port,
                "base_topic": "monitoring",
            }
        },
    }
    with DaemonProcess(folder, config) as daemon:
        daemon.wait_for("/metrics")
        target = re.findall(r"http://(\S+)/metrics", daemon.log)[-1]
        with Prometheus(folder, [target]) as server:
            wait_until(
                lambda: any(server.values("increase(anpr_event_latency_seconds_count[1h]) > 0")),
                PATIENCE_S,
                lambda: daemon.log,
            )
            yield server


def expanded(query):
    """A query as Grafana sends it when all boxes and cameras are shown."""
    for variable, value in (
        ("$__rate_interval", WINDOW),
        ("$instance", ".*"),
        ("$camera", ".*"),
    ):
        query = query.replace(variable, value)
    assert "$" not in query, query
    return query


def test_every_panel_shows_data(prometheus, dashboard, panels_made):
    may_be_empty = {panel.title for panel in panels_made if panel.may_be_empty}
    # Here are lists, owners and a car park.
    may_be_empty -= {"Matches per hour", "Entries of the lists", "Owners asked for per hour"}
    may_be_empty -= {"Vehicles inside"}
    empty = {
        (panel["title"], target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
        if panel["title"] not in may_be_empty
    }

    def all_have_shown_some():  # each at some time: in so short a window there may be no event
        shown = {one for one in empty if prometheus.values(expanded(one[1]))}
        empty.difference_update(shown)
        return not empty

    wait_until(all_have_shown_some, PATIENCE_S, lambda: f"no data: {empty}")


def test_who_has_no_grafana_can_ask_all_the_same(prometheus):
    script = [sys.executable, str(ROOT / "config/grafana/check.py")]
    done = subprocess.run(
        [*script, prometheus.url], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ +2  Vehicles inside$", done.stdout, re.MULTILINE), done.stdout
    nobody = subprocess.run(
        [*script, f"http://127.0.0.1:{free_port()}"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "cannot be asked" in nobody.stderr


def test_every_variable_has_values(prometheus, dashboard):
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    for name, label in (("instance", "instance"), ("camera", "camera")):
        asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variables[name]["query"])
        assert asked[2] == label
        values = prometheus.ask(f"label/{label}/values", **{"match[]": expanded(asked[1])})
        assert len(values) == 1, name


def test_a_wrong_query_does_not_pass(prometheus):
    with pytest.raises(AssertionError, match="parse error"):
        prometheus.values("sum(anpr_events_total")
    assert prometheus.values("anpr_evnts_total") == []


def test_the_rules_run_without_failing(prometheus):
    groups = prometheus.ask("rules")["groups"]
    found = [rule for group in groups for rule in group["rules"]]
    assert len(found) > 25
    assert {rule["health"] for rule in found} <= {"ok", "unknown"}, found


def test_a_healthy_daemon_fires_no_alert(prometheus):
    assert prometheus.values('ALERTS{alertstate="firing"}') == []


def test_box_and_prometheus_have_the_same_clock(prometheus):
    (skew,) = prometheus.values("anpr_clock_seconds - timestamp(anpr_clock_seconds)")
    assert abs(skew) < 20
