"""Passages beyond rendered films: votes on recorded looks, and clips of real gates."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from models.training.traffic import Passage, Traffic
from streamer.config import Config, make
from streamer.data import Decided, Looked
from streamer.errors import UserError
from streamer.evaluation.noise import Noise, noisy
from streamer.evaluation.passages import Tally, Unheard, judged, run_frames
from streamer.evaluation.recorded import Recording, Seen, frame_at, read, to_plain, without_needless
from streamer.one_camera import Models, formats_of, stages_of
from streamer.pipeline import Stage, in_turn
from streamer.settled import Settled
from streamer.sources import source_for
from streamer.sources.base import SourceOptions

TRUTH = "ground_truth.csv"
COLUMNS = ("video", "plate_text", "first_s", "last_s")


def record(film: Traffic, config: Config, models: Models) -> str:
    """One film's looks, those too that no vote asks for, as a line of JSON."""
    sight = stages_of(config, models, Unheard(), live=False)[:-1]
    frames = (frame_at(time_s, image) for time_s, image in film.frames())
    name = f"{film.condition.name}, film {film.seed}"
    truth = tuple(film.passages())
    # Item by item: with their pictures all of them would be gigabytes.
    return json.dumps(to_plain(film.condition.name, name, truth, film.size, in_turn(sight, frames)))


def write(path: Path, lines: Iterator[str]) -> None:
    """Keep what `record` gave, as it comes."""
    try:
        with gzip.open(path, "wt", encoding="utf-8", compresslevel=4) as file:
            file.writelines(line + "\n" for line in lines)
    except OSError as error:
        raise UserError(f"--record {path}: cannot be written: {error.strerror}") from None


def vote_again(
    path: Path, config: Config, noise: Noise | None = None
) -> Iterator[tuple[str, dict[str, Tally]]]:
    """Vote on the films of a recording, with misreadings put in: each one's condition, and what
    became of its passages."""
    for number, film in enumerate(read(path)):
        heard = film if noise is None else noisy(film, noise, number)
        settled = Settled()
        vote: Stage[Looked, Decided] = make(config.parts["vote"], settled, formats_of(config))
        seen = asked_for(heard, settled, config)
        yield film.condition, judged(seen, vote, film.truth, film.name, config)


def asked_for(film: Recording, settled: Settled, config: Config) -> Iterator[Looked]:
    """The frames of a recording with those looks that a vote which settles tracks asks for."""
    seen, eager_looks = Seen(), config.parts["looks"].options["eager_looks"]
    for item in film.items:
        yield without_needless(item, settled, eager_looks, seen)


def clips_in(folder: Path) -> dict[Path, list[Passage]]:
    """The clips of a folder, by its `ground_truth.csv`: video, plate_text, first_s, last_s."""
    file = folder / TRUTH
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise UserError(f"--clips {folder}: {file}: {error.strerror}") from None
    found: dict[Path, list[Passage]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            video, plate, first, last = (row[column] for column in COLUMNS)
            passages = found.setdefault(folder / video, [])
            if plate:
                first_s, last_s = float(first), float(last)
                passages.append(Passage(plate, first_s, last_s, last_s - first_s))
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(
                f"{file}:{number}: {error!r}; expected the columns {', '.join(COLUMNS)}"
            ) from None
    return found


def run_clip(path: Path, truth: list[Passage], config: Config, models: Models) -> dict[str, Tally]:
    """Let a recording of a real gate pass through the stages."""
    frames = source_for("clip", str(path), SourceOptions()).frames()
    return run_frames(frames, truth, path.name, config, models)
