"""`plate-streamer evaluate passages`: is there one event per vehicle, and is its plate right?"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.cli_evaluate import check_places
from streamer.cli_train import Add
from streamer.errors import UserError

if TYPE_CHECKING:
    from models.training.rides import Condition
    from streamer.evaluate_passages import Tally

VEHICLES = 4
"""In each film."""

Job = tuple["Condition", int]
"""What a film is about, and its seed."""


def add_evaluate_passages(add: Add) -> None:
    """The command `passages`, below `evaluate`."""
    text = "Run the daemon's stages on rendered traffic: vehicles, events, exact plates."
    parser = add("passages", _evaluate, text)
    take = parser.add_argument
    take("--passages", type=int, default=300, metavar="N", help="at least (default: 300)")
    take("--seed", type=int, default=0, help="another seed, other films")
    take(
        "--condition",
        dest="conditions",
        action="append",
        default=[],
        metavar="NAME",
        help="this one alone; again for more (default: all)",
    )
    take("--config", type=Path, metavar="CONFIG.yaml", help="detector, tracker, reader, vote, …")
    take("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    take("--faults", action="store_true", help="name every passage that went wrong, on stderr")
    take("--json", type=Path, metavar="FILE", help="all figures, for programs")


def _evaluate(options: argparse.Namespace) -> int:
    from models.training.traffic import CONDITIONS
    from streamer.evaluate_passages import WAYS, Tally

    check_places(options.json)
    known = {one.name: one for one in CONDITIONS}
    for name in options.conditions:
        if name not in known:
            raise UserError(f"--condition: no such condition {name!r}; known: {', '.join(known)}")
    for key in ("passages", "workers"):
        if getattr(options, key) < 1:
            raise UserError(f"--{key}: {getattr(options, key)}; expected 1 or more")
    names = list(dict.fromkeys(options.conditions)) or list(known)
    films = -(-options.passages // (VEHICLES * len(names)))
    jobs = [(known[name], options.seed + n) for n in range(films) for name in names]
    totals = {way: {name: Tally() for name in names} for way in WAYS}
    for (condition, _), found in _results(jobs, options):
        for way, one in found.items():
            totals[way][condition.name].add(one)
    if options.faults:
        print("\n".join(f for one in totals["vote"].values() for f in one.faults), file=sys.stderr)
    if options.json is not None:
        figures = {way: {n: asdict(one) for n, one in by.items()} for way, by in totals.items()}
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print("\n".join(_table(totals)))
    return 0


def _results(
    jobs: list[Job], options: argparse.Namespace
) -> Iterator[tuple[Job, "dict[str, Tally]"]]:
    begun = time.monotonic()
    _load(options.config)  # what is wrong with the configuration shows here, once
    workers = min(options.workers, len(jobs))
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_load, initargs=(options.config,)
    ) as pool:
        for number, found in enumerate(pool.map(_film, jobs), start=1):
            left_min = (time.monotonic() - begun) / number * (len(jobs) - number) / 60
            print(f"film {number} of {len(jobs)}; {left_min:.0f} min left", file=sys.stderr)
            yield jobs[number - 1], found


def _load(config: Path | None) -> None:
    """Load the models of this process."""
    import cv2

    from streamer.app import checked, default_config, models_of

    cv2.setNumThreads(1)
    read = checked(config) if config is not None else default_config("synthetic:")
    _loaded[:] = [read, models_of(read)]


_loaded: list[object] = []
"""Of a worker: its configuration and its models."""


def _film(job: Job) -> "dict[str, Tally]":
    from models.training.traffic import Traffic
    from streamer.evaluate_passages import run_film

    condition, seed = job
    return run_film(Traffic(condition, seed, VEHICLES), *_loaded)  # type: ignore[arg-type]


def _table(totals: "dict[str, dict[str, Tally]]") -> list[str]:
    from streamer.evaluate_passages import Tally

    lines = [
        "| vote, by condition | passages | exact | wrong | missed | repeated | invented "
        "| recall | wrong of events | seconds to event |",
        "|" + "---|" * 10,
    ]
    lines += [_row(name, one) for name, one in totals["vote"].items()]
    for way, by in totals.items():
        every = Tally()
        for one in by.values():
            every.add(one)
        lines.append(_row(f"**{way}, all**", every))
    return lines


def _row(name: str, one: "Tally") -> str:
    wait = "" if one.median_wait_s is None else f"{one.median_wait_s:.2f}"
    counts = (one.passages, one.exact, one.wrong, one.missed, one.repeated, one.invented)
    return (
        f"| {name} | {' | '.join(map(str, counts))} | {one.recall:.3f} "
        f"| {one.wrong_share:.3f} | {wait} |"
    )
