"""How long each vehicle was there, from the table that the sink `csv` writes.

python parking_times.py events.csv --entry gate-in --exit gate-out > times.csv

The daemon can do more of it by itself (docs/parking.md): misread characters, restarts, overstays.
"""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime


def stays(
    rows: Iterable[Mapping[str, str]], entry: str, exit: str
) -> Iterator[tuple[str, datetime, datetime]]:
    """Plate, when it came and when it left; rows in the order of their times."""
    inside: dict[str, datetime] = {}
    done: set[str] = set()
    for row in rows:
        if row["id"] in done:  # a row may be there twice after a power cut
            continue
        done.add(row["id"])
        plate, at = row["plate"], datetime.fromisoformat(row["read_at"])
        if row["camera"] == entry:
            inside[plate] = at
        elif row["camera"] == exit and plate in inside:
            yield plate, inside.pop(plate), at


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("--entry", required=True)
    parser.add_argument("--exit", required=True)
    options = parser.parse_args()
    out = csv.writer(sys.stdout)
    out.writerow(["plate", "entered", "left", "minutes"])
    with open(options.table, encoding="utf-8", newline="") as file:
        for plate, came, left in stays(csv.DictReader(file), options.entry, options.exit):
            minutes = (left - came).total_seconds() / 60
            out.writerow([plate, came.isoformat(), left.isoformat(), f"{minutes:.1f}"])


if __name__ == "__main__":
    main()
