"""The dashboard as a file: it is what panels.py says, and what Grafana can show."""

import itertools
import subprocess
import sys

import pytest

UNITS = {"short", "s", "bytes", "percentunit", "suffix: /s", "suffix: cores"}


@pytest.fixture(scope="module")
def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def test_the_committed_file_is_what_panels_py_says(root):
    made = "import dashboard; print(dashboard.text(), end='')"
    done = subprocess.run(
        [sys.executable, "-c", made],
        cwd=root / "config/grafana",
        capture_output=True,
        text=True,
        check=True,
    )
    committed = (root / "config/grafana/dashboards/plate-streamer.json").read_text()
    assert done.stdout == committed, "run: python config/grafana/dashboard.py"


def test_ids_are_unique_and_nothing_is_null(dashboard, root):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert "null" not in (root / "config/grafana/dashboards/plate-streamer.json").read_text()


def test_no_two_panels_overlap(dashboard):
    for one, other in itertools.combinations(dashboard["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, f"{one['title']} and {other['title']}"
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in dashboard["panels"])


def test_every_panel_says_what_it_is(panels):
    for panel in panels:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters)), panel["title"]


def test_no_query_was_left_out(panels, panels_made):
    made = [list(panel.queries.values()) for panel in panels_made]
    assert [[target["expr"] for target in panel["targets"]] for panel in panels] == made


def test_every_metric_of_the_dashboard_exists(dashboard, metrics_in, samples):
    used = set()
    for panel in dashboard["panels"]:
        used |= metrics_in(" ".join(target["expr"] for target in panel.get("targets", ())))
    used |= metrics_in(str(dashboard["templating"]))
    assert len(used) > 20
    assert used <= samples, used - samples


def test_all_ask_the_data_source_of_the_page(panels):
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels)
