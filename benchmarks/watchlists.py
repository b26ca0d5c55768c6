"""Watchlists: how often near matches hit strangers, and how fast look-ups are.

    python benchmarks/watchlists.py [--residents 1000] [--strangers 50000] [--entries 100000]

Residents and strangers have plates drawn from the formats of a country (models/formats.csv), in the
proportions of that table; in the last rows all of them share the letters of their district, as the
vehicles of one German town do. A look-up is timed as a list does it (exact, patterns, near) and
against a scan of all entries.
"""

import argparse
import csv
import random
import time
from importlib.resources import files

from models.readers.patterns import shapes_of
from streamer.enrich.entry import Entry
from streamer.enrich.index import Index
from streamer.near import tenths

PLACES = {
    "DE": ("DE", None),
    "NL": ("NL", None),
    "GB": ("GB", None),
    "FR": ("FR", None),
    "PL": ("PL", None),
    "BR": ("BR", None),
    "DE, one town (M)": (None, "M[A-Z]{1,2}[1-9][0-9]{1,3}"),
    "DE, one town (STA)": (None, "STA[A-Z]{1,2}[1-9][0-9]{0,3}"),
}
REACHES = (0.3, 0.6, 1.0)
"""For allow, for deny and notify, and for one misread character of any kind."""


class Draw:
    """Plates of a country, or of a pattern."""

    def __init__(self, country, pattern, seed):
        self._random = random.Random(seed)
        with files("models").joinpath("formats.csv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        chosen = [(float(r["weight"]), r["pattern"]) for r in rows if r["country"] == country]
        self._shapes = []
        for weight, text in chosen or [(1.0, pattern)]:
            self._shapes += [(weight * shape.share, shape.parts) for shape in shapes_of(text)]
        self._parts = [[sorted(part) for part in parts] for _, parts in self._shapes]
        self._weights = [weight for weight, _ in self._shapes]

    def plates(self, count):
        for parts in self._random.choices(self._parts, self._weights, k=count):
            yield "".join(self._random.choice(part) for part in parts)


def strangers(options):
    print(f"\n{options.residents} residents; of {options.strangers} strangers per place match near")
    print(f"{'max_distance':22}" + "".join(f"{reach:>22}" for reach in REACHES))
    for name, (country, pattern) in PLACES.items():
        draw = Draw(country, pattern, options.seed)
        residents = set(draw.plates(options.residents))
        while len(residents) < options.residents:
            residents |= set(draw.plates(options.residents - len(residents)))
        entries = [Entry(plate) for plate in sorted(residents)]
        index = {reach: Index(entries, reach) for reach in REACHES}
        hits, known = dict.fromkeys(REACHES, 0), 0
        for plate in draw.plates(options.strangers):
            if plate in residents:
                known += 1
                continue
            for reach in REACHES:
                hits[reach] += bool(index[reach].near(plate))
        asked = options.strangers - known
        shares = [f"{hits[reach]} = {rate(hits[reach], asked)}" for reach in REACHES]
        print(f"{name:22}" + "".join(f"{share:>22}" for share in shares), flush=True)


def rate(hits, asked):
    return f"1 in {asked / hits:,.0f}" if hits else f"< 1 in {asked / 3:,.0f}"


def speed(options):
    entries = [Entry(p) for p in dict.fromkeys(Draw("DE", None, 1).plates(options.entries))]
    asked = list(Draw("DE", None, 2).plates(2000))
    print(f"\n{len(entries)} entries, processor time of a look-up to that of a scan of all entries")
    for reach in REACHES:
        index = Index(entries, reach)
        began = time.process_time()
        for plate in asked:
            _ = index.exact(plate), index.wildcard(plate), index.near(plate)
        ours_s = (time.process_time() - began) / len(asked)
        began = time.process_time()
        for plate in asked[:3]:
            scanned = {e.plate: tenths(plate, e.plate) / 10 for e in entries}
            near = {one: far for one, far in scanned.items() if 0 < far <= reach}
            assert near == index.near(plate) or len(plate) < 5
        scan_s = (time.process_time() - began) / 3
        print(f"{reach:8} 1 : {scan_s / ours_s:,.0f}   ({1000 * ours_s:.2f} ms here)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1000)
    parser.add_argument("--strangers", type=int, default=50_000)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    strangers(options)
    speed(options)


if __name__ == "__main__":
    main()
