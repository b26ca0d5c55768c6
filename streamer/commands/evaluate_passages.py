"""`plate-streamer evaluate passages`: is there one event per vehicle, and is its plate right?"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from streamer.commands.evaluate import check_places
from streamer.commands.train import Add
from streamer.errors import UserError

if TYPE_CHECKING:
    from models.training.rides import Condition
    from models.training.traffic import Passage
    from streamer.config import Config
    from streamer.evaluation.passages import Tally

J = TypeVar("J")
R = TypeVar("R")

VEHICLES = 4
"""In each film."""

Job = tuple["Condition", int]
"""What a film is about, and its seed."""


def add_evaluate_passages(add: Add) -> None:
    """The command `passages`, below `evaluate`."""
    text = "Run the daemon's stages on rendered traffic: vehicles, events, exact plates."
    parser = add("passages", _evaluate, text)
    take = parser.add_argument
    how_many = "at least, in films of 4, one or more for each condition (default: 300)"
    take("--passages", type=int, default=300, metavar="N", help=how_many)
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
    take("--record", type=Path, metavar="FILE", help="keep all looks of the films, to vote again")
    take("--recorded", type=Path, metavar="FILE", help="vote on looks that --record kept")
    take("--noise", type=float, metavar="SHARE", help="of characters misread, into --recorded")
    take("--clips", type=Path, metavar="DIR", help="real clips with a ground_truth.csv instead")
    take("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    take("--faults", action="store_true", help="name every passage that went wrong, on stderr")
    take("--json", type=Path, metavar="FILE", help="all figures, for programs")


def _evaluate(options: argparse.Namespace) -> int:
    from models.training.traffic import CONDITIONS
    from streamer.evaluation.passages import WAYS, Tally

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
    totals: dict[str, dict[str, Tally]] = {way: {} for way in WAYS}
    for name, found in _found(jobs, options):
        for way, one in found.items():
            totals[way].setdefault(name, Tally()).add(one)
    if options.faults:
        print("\n".join(f for one in totals["vote"].values() for f in one.faults), file=sys.stderr)
    if options.json is not None:
        figures = {way: {n: asdict(one) for n, one in by.items()} for way, by in totals.items()}
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print("\n".join(_table(totals)))
    return 0


def _found(
    jobs: list[Job], options: argparse.Namespace
) -> "Iterator[tuple[str, dict[str, Tally]]]":
    """The name of a line of the table, and what became of some passages of it."""
    from streamer.evaluation import revoted
    from streamer.evaluation.noise import Noise

    if options.noise is not None and not 0 <= options.noise <= 0.5:
        raise UserError(f"--noise {options.noise}: should be from 0 to 0.5")
    if options.noise is not None and options.recorded is None:
        raise UserError("--noise puts misreadings into --recorded FILE; give that, too")
    if options.conditions and (options.recorded or options.clips):
        raise UserError("--condition chooses films to render; --recorded and --clips render none")
    if options.recorded is not None:
        noise = None if options.noise is None else Noise(options.noise)
        yield from revoted.vote_again(options.recorded, _config(options.config), noise)
        return
    if options.clips is not None:
        clips = list(revoted.clips_in(options.clips).items())
        for (path, _), found in _results(_clip, clips, options):
            yield path.name, found
        return
    if options.record is not None:
        lines = (line for _, line in _results(_looks, jobs, options))
        revoted.write(options.record, lines)
        yield from revoted.vote_again(options.record, _config(options.config))
        return
    for (condition, _), found in _results(_film, jobs, options):
        yield condition.name, found


def _results(
    work: Callable[[J], R], jobs: list[J], options: argparse.Namespace
) -> Iterator[tuple[J, R]]:
    """What each job gives, by worker processes, in the order of the jobs."""
    begun = time.monotonic()
    _load(options.config)  # what is wrong with the configuration shows here, once
    workers = min(options.workers, len(jobs))
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_load, initargs=(options.config,)
    ) as pool:
        for number, found in enumerate(pool.map(work, jobs), start=1):
            left_min = (time.monotonic() - begun) / number * (len(jobs) - number) / 60
            print(f"film {number} of {len(jobs)}; {left_min:.0f} min left", file=sys.stderr)
            yield jobs[number - 1], found


def _config(file: Path | None) -> "Config":
    from streamer.app import checked, default_config

    return checked(file) if file is not None else default_config("synthetic:")


def _load(file: Path | None) -> None:
    """Load the models of this process."""
    import cv2

    from streamer.one_camera import models_of

    cv2.setNumThreads(1)
    read = _config(file)
    _loaded[:] = [read, models_of(read)]


_loaded: list[object] = []
"""Of a worker: its configuration and its models."""


def _film(job: Job) -> "dict[str, Tally]":
    from models.training.traffic import Traffic
    from streamer.evaluation.passages import run_film

    condition, seed = job
    return run_film(Traffic(condition, seed, VEHICLES), *_loaded)  # type: ignore[arg-type]


def _looks(job: Job) -> str:
    from models.training.traffic import Traffic
    from streamer.evaluation.revoted import record

    condition, seed = job
    return record(Traffic(condition, seed, VEHICLES), *_loaded)  # type: ignore[arg-type]


def _clip(job: "tuple[Path, list[Passage]]") -> "dict[str, Tally]":
    from streamer.evaluation.revoted import run_clip

    return run_clip(*job, *_loaded)  # type: ignore[arg-type]


def _table(totals: "dict[str, dict[str, Tally]]") -> list[str]:
    from streamer.evaluation.passages import Tally

    lines = [
        "| vote, by condition | passages | events | exact | wrong | missed | merged | repeated "
        "| invented | recall | wrong of events | seconds from legible to event "
        "| seconds from right look to event |",
        "|" + "---|" * 13,
    ]
    lines += [_row(name, one) for name, one in totals["vote"].items()]
    for way, by in totals.items():
        every = Tally()
        for one in by.values():
            every.add(one)
        lines.append(_row(f"**{way}, all**", every))
    return lines


def _row(name: str, one: "Tally") -> str:
    counts = (
        one.passages, one.events, one.exact, one.wrong, one.missed, one.merged, one.repeated,
        one.invented,
    )  # fmt: skip
    return (
        f"| {name} | {' | '.join(map(str, counts))} | {one.recall:.3f} "
        f"| {one.wrong_share:.3f} | {spread(one.waits_s)} | {spread(one.after_look_s)} |"
    )


def spread(seconds: list[float]) -> str:
    """Their median, and what nine in ten do not exceed."""
    if not seconds:
        return ""
    ranked = sorted(seconds)
    return f"{statistics.median(ranked):.2f}, 90 %: {ranked[math.ceil(0.9 * len(ranked)) - 1]:.2f}"
