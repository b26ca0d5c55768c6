"""Prometheus' configuration and rules, held by its own promtool."""

import re
import subprocess

import pytest
import yaml

from tools import require_tool

SEVERITIES = {"critical", "warning", "info"}


@pytest.fixture(scope="module")
def alerts(rules):
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


@pytest.fixture(scope="module")
def cases(root):
    """Alert → its cases, each the samples of ALERTS that are expected."""
    found = {}
    for path in sorted((root / "tests/monitoring/alerts").glob("*.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            (asked,) = test["promql_expr_test"]
            alert = re.fullmatch(r'ALERTS\{alertname="(\w+)", alertstate="firing"\}', asked["expr"])
            assert test["name"].startswith(f"{alert[1]} "), test["name"]
            found.setdefault(alert[1], []).append(asked["exp_samples"])
    return found


def promtool(*words):
    command = [require_tool("promtool"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_is_good(root):
    assert "1 rule files found" in promtool(
        "check", "config", root / "config/prometheus/prometheus.yml"
    )


@pytest.mark.slow
def test_every_alert_fires_and_keeps_silent_as_its_cases_say(root):
    files = sorted((root / "tests/monitoring/alerts").glob("*.yml"))
    promtool("test", "rules", *files)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_not(alerts, cases):
    assert cases.keys() == alerts.keys()
    for alert, expected in cases.items():
        assert any(expected), f"{alert} never fires"
        assert not all(expected), f"{alert} never keeps silent"


def test_what_an_alert_says_names_only_labels_that_it_has(alerts, cases):
    for alert, rule in alerts.items():
        texts = " ".join(rule["annotations"].values())
        used = set(re.findall(r"\$labels\.(\w+)", texts))
        fired = next(samples for samples in cases[alert] if samples)
        has = set(re.findall(r'(\w+)="', fired[0]["labels"]))
        assert used <= has, f"{alert}: {used - has}"


def test_every_alert_says_how_bad_it_is_and_what_to_do(alerts, manual):
    headings = {line.removeprefix("### ").lower() for line in manual.splitlines()}
    for alert, rule in alerts.items():
        assert rule["labels"]["severity"] in SEVERITIES, alert
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}, alert
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor) == ("docs/monitoring.md", alert.lower())
        assert anchor in headings, f"docs/monitoring.md has no heading {alert}"


def test_the_manual_describes_no_alert_that_is_gone(alerts, manual):
    described = re.findall(r"^### ([A-Z][a-z]+[A-Z]\w+)$", manual, re.MULTILINE)
    assert sorted(described) == sorted(alerts)


def test_every_metric_of_the_rules_exists(rules, metrics_in, samples):
    used = metrics_in(" ".join(rule["expr"] for rule in rules))
    assert len(used) > 15
    assert used <= samples, used - samples


def test_what_is_recorded_is_used_and_what_is_used_is_recorded(rules, dashboard):
    recorded = {rule["record"] for rule in rules if "record" in rule}
    queries = " ".join(rule["expr"] for rule in rules) + str(dashboard)
    assert set(re.findall(r"\bcamera:[\w:]+", queries)) == recorded
