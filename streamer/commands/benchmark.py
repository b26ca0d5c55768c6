"""`plate-streamer benchmark`: does this machine keep up with its cameras?"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.commands.train import Add
from streamer.errors import UserError
from streamer.logs import start_logging

if TYPE_CHECKING:
    from streamer.evaluation.throughput import Throughput

TEXT = (
    "How fast recordings go through the daemon's stages on this machine, stage by stage, beside "
    "decoding them alone."
)


def add_benchmark(add: Add) -> None:
    """The command `benchmark`."""
    parser = add("benchmark", _benchmark, TEXT)
    parser.add_argument(
        "videos",
        nargs="*",
        metavar="VIDEO",
        help="best of your own camera; default: a rendered gate",
    )
    parser.add_argument("--config", type=Path, metavar="CONFIG.yaml", help="detector, reader, …")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help="of each video; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures, for programs")
    parser.add_argument("-q", "--quiet", action="store_true", help="tell no progress")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} should be a number of seconds above 0")
    return seconds


def _benchmark(options: argparse.Namespace) -> int:
    from streamer.app import checked, default_config
    from streamer.commands.evaluate import check_places
    from streamer.evaluation.throughput import measure
    from streamer.progress import Progress
    from streamer.reading.position import Position, duration_s

    start_logging("warning")
    check_places(options.json)
    config = checked(options.config) if options.config else default_config("unused")
    found = []
    with _videos(options) as videos:
        progress = Progress(len(videos), quiet=options.quiet)
        for video in videos:
            position = Position(progress, video, options.seconds or duration_s(video))
            found.append(measure(video, config, options.seconds, position))
            progress.clear()
            print("\n".join(_table(found[-1])), flush=True)
            progress.step(video)
        progress.end()
    if options.json is not None:
        figures = [{**asdict(one), "of_decoding": one.of_decoding} for one in found]
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


@contextmanager
def _videos(options: argparse.Namespace) -> Iterator[Sequence[str]]:
    """The recordings that were named, or one that is rendered now."""
    from streamer.evaluation.throughput import RENDERED_S, render_gate
    from streamer.reading.inputs import fails, inputs

    if not options.videos:
        if not options.quiet:
            print(f"plate-streamer: rendering a film of {RENDERED_S} s …", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="plate-streamer-") as folder:
            yield [str(render_gate(Path(folder) / "gate.mp4"))]
        return

    given = inputs(options.videos, fails)
    for one in given:
        if one.kind != "video":
            raise UserError(f"{one.name}: a picture; expected a recording such as clip.mp4")
        if not Path(one.place).is_file():
            raise UserError(f"{one.name}: no such file; expected a recording such as clip.mp4")
    yield [one.place for one in given]


def _table(one: "Throughput") -> list[str]:
    """For people."""
    width, height = one.size
    head = f"{Path(one.source).name}: {one.frames} frames of {width}x{height}"
    times = ""
    if one.fps_filmed:
        head += f", {one.fps_filmed:.1f} a second as filmed"
        times = f", {one.fps_stages / one.fps_filmed:.1f} times as fast as filmed"
    return [
        f"{head}; plates: {', '.join(one.plates) or 'none'}",
        f"  decoding alone {one.fps_decoding:8.1f} frames/s",
        f"  all stages     {one.fps_stages:8.1f} frames/s,"
        f" {one.of_decoding:.3f} of decoding alone{times}",
        f"  processor      {one.cpu_ms_per_frame:8.2f} ms a frame, {one.cores:.1f} of"
        f" {os.cpu_count()} cores busy",
        *(
            f"  {cost.stage:14} {cost.ms_per_frame:8.2f} ms a frame,"
            f" at work {cost.busy:.0%} of the time"
            for cost in one.stages
        ),
    ]
