"""The table of metrics in the manual is the code's, and the code's is what is served."""

import re


def test_the_manual_lists_every_metric_as_it_is(manual, metrics_script):
    written = metrics_script["with_table"](manual)
    assert written == manual, "run: python docs/metrics_table.py"
    assert manual.count(metrics_script["table"]()) == 1


def test_what_is_listed_is_what_is_served(metrics):
    served = {
        (family.name + "_total" * (family.type == "counter"), family.type, family.documentation)
        for family in metrics.registry.collect()
        if family.name.startswith("anpr_")
    }
    assert {(one.name, one.kind, one.text) for one in metrics.declared} == served


CLOSED = {
    *("camera", "stage", "sink", "list"),  # as the configuration has them
    *("reason", "outcome", "command", "how", "version", "operation"),
    "method",
    "status",
}


def test_labels_are_of_closed_sets(metrics):
    """A new label is added here by whoever has made sure that its values are few and known."""
    used = {label for metric in metrics.declared for label in metric.labels}
    assert used <= CLOSED


def test_names_carry_base_units(metrics):
    for metric in metrics.declared:
        words = metric.name.split("_")
        assert not {"ms", "millis", "minutes", "percent", "mb"} & set(words), metric.name
        assert (words[-1] == "total") == (metric.kind == "counter"), metric.name
        assert metric.text.endswith("."), metric.name


def test_every_metric_that_the_manual_names_exists(manual, metrics_in, metrics, samples):
    assert metrics_in(manual) <= samples | {one.name for one in metrics.declared}


def test_a_metric_is_declared_where_the_table_sees_it(root):
    calls = re.findall(r"def (declare_\w+)", (root / "streamer/metrics.py").read_text())
    table = (root / "docs/metrics_table.py").read_text()
    assert all(f"metrics.{name}()" in table for name in calls)
