"""Writes the table of metrics in docs/monitoring.md, from streamer/metrics.py.

python docs/metrics_table.py
"""

from pathlib import Path

from streamer.metrics import Metrics

FILE = Path(__file__).with_name("monitoring.md")
BEGIN, END = "<!-- written by docs/metrics_table.py -->\n", "<!-- end -->"


def every_metric() -> Metrics:
    """Those, too, that are there only where the configuration asks for them."""
    metrics = Metrics()
    metrics.declare_parking()
    return metrics


def table() -> str:
    """A line per metric, in the order of their declaration."""
    lines = ["| metric | type | labels | says |", "|---|---|---|---|"]
    for metric in every_metric().declared:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.text} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The manual with its table written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    FILE.write_text(with_table(FILE.read_text()))
