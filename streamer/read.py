"""`plate-streamer read`: pictures, folders, videos and streams in, lines out."""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import cv2

from models.base import Image
from streamer.api import events
from streamer.app import checked, default_config
from streamer.codec import encode
from streamer.config import Config
from streamer.data import PlateEvent
from streamer.drawing import draw_plate
from streamer.errors import UserError
from streamer.found import FoundPlate
from streamer.picture_reader import PlateReader, load_picture, picture_reader
from streamer.redact import redact
from streamer.sources import source_for
from streamer.sources.images import ImagesSource

CSV_COLUMNS = (
    "source", "plate", "confidence", "x1", "y1", "x2", "y2",
    "first_seen", "last_seen", "looks", "direction", "id",
)  # fmt: skip

Row = dict[str, Any]


def read_all(
    sources: Sequence[str], *, style: str, output: str, annotate: Path | None, config: Path | None
) -> int:
    """Read every source and write what is found; gives 0, or 2 if something could not be read.

    A source or picture that fails is named on stderr, and the others are still read.
    """
    settings = checked(config) if config else default_config("unused")
    reading = _Reading(settings, annotate)
    with _writer(style, output) as write:
        for source in sources:
            try:
                for result in reading.results(source):
                    write(result)
            except UserError as error:
                reading.progress.fault(error)
    reading.progress.end()
    return 2 if reading.progress.faults else 0


@dataclass(frozen=True, slots=True)
class Result:
    """What one picture or one vehicle gives: a line of JSON, and rows of a table."""

    json: str
    rows: list[dict[str, Any]]


class _Reading:
    """One call of the command: the models are opened once, for the first picture."""

    def __init__(self, config: Config, annotate: Path | None) -> None:
        self._config = config
        self._annotate = Annotations(annotate) if annotate else None
        self._reader: PlateReader | None = None
        self.progress = Progress()

    def results(self, source: str) -> Iterator[Result]:
        """What is found in one source, in its order; raises for the whole source alone."""
        kind = source_for("read", source)
        if not isinstance(kind, ImagesSource):
            yield from self._vehicles(source)
            return
        for path in kind.paths():
            try:
                yield self._picture(path)
            except UserError as error:
                self.progress.fault(error)
            self.progress.step(str(path))

    def _picture(self, path: Path) -> Result:
        self._reader = self._reader or picture_reader(self._config)
        image = load_picture(path)
        plates = self._reader.read(image)
        if self._annotate:
            self._annotate.add(path.stem, image, [(p.plate, p.confidence, p.box) for p in plates])
        fields = {"source": str(path), "plates": [_as_json(plate) for plate in plates]}
        rows = [
            {"source": path, "plate": p.plate, "confidence": p.confidence, **_corners(p.box)}
            for p in plates
        ]
        return Result(json.dumps(fields), rows)

    def _vehicles(self, source: str) -> Iterator[Result]:
        for decided in events(source, self._config):
            event = decided.event
            if self._annotate:
                mark = (event.plate, event.confidence, event.box)
                self._annotate.add(event.id, decided.look.frame.image, [mark])
            row = {"source": redact(source), **_columns(event), **_corners(event.box)}
            yield Result(encode(event), [row])
            self.progress.step(f"{redact(source)} {event.plate}")


def _columns(event: PlateEvent) -> Row:
    """The fields of an event that have a column of their own."""
    written = json.loads(encode(event))
    return {key: written[key] for key in CSV_COLUMNS if key in written}


def _as_json(plate: FoundPlate) -> Row:
    fields = asdict(plate)
    return {**fields, "box": [round(side, 1) for side in plate.box]}


def _corners(box: Sequence[float]) -> Row:
    return dict(zip(("x1", "y1", "x2", "y2"), (round(side) for side in box), strict=True))


@contextmanager
def _writer(style: str, output: str) -> Iterator[Callable[[Result], None]]:
    with _opened(output) as file:
        if style == "jsonl":
            yield lambda result: print(result.json, file=file, flush=True)
            return
        table = csv.DictWriter(file, CSV_COLUMNS)
        table.writeheader()

        def write(result: Result) -> None:
            table.writerows(result.rows)
            file.flush()

        yield write


@contextmanager
def _opened(output: str) -> Iterator[IO[str]]:
    if output == "-":
        yield sys.stdout
        return
    try:
        file = Path(output).open("w", encoding="utf-8", newline="")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from None
    with file:
        yield file


class Annotations:
    """Pictures with their plates drawn in, as `folder/name.jpg`; a name taken twice is numbered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, int] = {}

    def add(
        self, name: str, image: Image, plates: Sequence[tuple[str, float, Sequence[float]]]
    ) -> None:
        """Draw and write. Raises UserError when the folder cannot be written to."""
        drawn = image.copy()
        for plate, confidence, box in plates:
            draw_plate(drawn, f"{plate} {confidence:.0%}", box)
        count = self._names[name] = self._names.get(name, 0) + 1
        path = self._folder / (f"{name}.jpg" if count == 1 else f"{name}-{count}.jpg")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".jpg", drawn)[1].tobytes())
        except OSError as error:
            raise UserError(f"--annotate {path}: cannot be written: {error.strerror}") from None


class Progress:
    """How far we are, on stderr, where somebody looks at it; and what went wrong."""

    def __init__(self) -> None:
        self.faults = 0
        self._done = 0
        self._started_s = time.monotonic()
        self._shown = sys.stderr.isatty()

    def step(self, name: str) -> None:
        """One more is done."""
        self._done += 1
        if self._shown:
            rate = self._done / max(time.monotonic() - self._started_s, 1e-3)
            print(f"\r\x1b[K{self._done} read, {rate:.1f}/s: {name}", end="", file=sys.stderr)

    def fault(self, error: Exception) -> None:
        """Say what could not be read; the rest goes on."""
        self.faults += 1
        self.end()
        print(f"plate-streamer: {error}", file=sys.stderr)

    def end(self) -> None:
        """Leave the line of progress."""
        if self._shown and self._done:
            print(file=sys.stderr)
