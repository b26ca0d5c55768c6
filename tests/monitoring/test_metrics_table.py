"""The table of metrics in the manual is the code's, and the code's is what is served."""

import runpy

import pytest

from streamer.metrics import Metrics


@pytest.fixture(scope="module")
def script(root):
    return runpy.run_path(str(root / "docs/metrics_table.py"))


def test_the_manual_lists_every_metric_as_it_is(manual, script):
    assert script["with_table"](manual) == manual, "run: python docs/metrics_table.py"
    assert manual.count(script["table"]()) == 1


def test_what_is_listed_is_what_is_served():
    metrics = Metrics()
    served = {
        (family.name + "_total" * (family.type == "counter"), family.type, family.documentation)
        for family in metrics.registry.collect()
        if family.name.startswith("anpr_")
    }
    assert {(one.name, one.kind, one.text) for one in metrics.declared} == served


def test_labels_are_of_closed_sets():
    used = {label for metric in Metrics().declared for label in metric.labels}
    assert used <= {"camera", "stage", "sink", "reason", "outcome", "version"}


def test_names_carry_base_units():
    for metric in Metrics().declared:
        words = metric.name.split("_")
        assert not {"ms", "millis", "minutes", "percent", "mb"} & set(words), metric.name
        assert (words[-1] == "total") == (metric.kind == "counter"), metric.name
        assert metric.text.endswith("."), metric.name


def test_every_metric_that_the_manual_names_exists(manual, metrics_in, samples):
    assert metrics_in(manual) <= samples | {one.name for one in Metrics().declared}
