"""`plate-streamer read`: pictures, folders, videos and streams in, lines out."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from streamer.app import checked, default_config
from streamer.config import Config
from streamer.data import Decided
from streamer.debug_images import numbered, write_steps
from streamer.errors import UserError
from streamer.picture_reader import PlateReader, picture_reader
from streamer.progress import Progress
from streamer.reading.annotations import Annotations, write_annotated
from streamer.reading.files import STDOUT, Begin, Style, Write, already_read, mend, result_file
from streamer.reading.film import Film, rate_of
from streamer.reading.inputs import Input, inputs
from streamer.reading.position import Position, duration_s
from streamer.reading.results import Result, of_vehicle
from streamer.reading.tasks import PictureTasks, Task
from streamer.reading.workers import Answer, Workers, usual_workers
from streamer.vehicles import vehicles


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; `workers` None is as many as are worth it."""

    sources: Sequence[str]
    style: Style = "jsonl"
    output: str = STDOUT
    begin: Begin = "anew"
    annotate: Path | None = None
    debug_images: Path | None = None
    config: Path | None = None
    workers: int | None = None
    recursive: bool = False
    positions: bool = False
    quiet: bool = False


def read_all(request: Request) -> int:
    """Read every source and write what is found; gives 0, or 2 if something could not be read.

    A source or picture that fails is named on stderr, and the others are still read.
    """
    reading = _Reading(request)
    tasks = reading.tasks()
    with result_file(request.style, request.output, request.begin) as write:
        reading.read(tasks, write)
    reading.progress.end()
    return 2 if reading.progress.faults else 0


class _Reading:
    """One call of the command: the models are opened once, for the first picture."""

    def __init__(self, request: Request) -> None:
        self.progress = Progress(quiet=request.quiet)
        self._request = request
        self._config: Config = (
            checked(request.config) if request.config else default_config("unused")
        )
        self._annotations: Annotations | None = None
        self._reader: PlateReader | None = None  # for the steps of looks at vehicles

    def tasks(self) -> list[Task]:
        """What is to be read, in its order; without what an earlier call has read."""
        request = self._request
        found = inputs(
            request.sources,
            self.progress.fault,
            recursive=request.recursive,
            leave_out=request.annotate,
        )
        if request.annotate is not None:
            self._annotations = Annotations(request.annotate, found)
        # Before some are left out: a file's name must not depend on what was read before.
        every = [
            Task(one, self._annotated(one), self._steps(number, one))
            for number, one in enumerate(found, start=1)
        ]
        read = self._already_read(found)
        tasks = [task for task in every if task.input.name not in read]
        self.progress.total = len(tasks)
        return tasks

    def _annotated(self, one: Input) -> Path | None:
        if self._annotations is None:
            return None
        return self._annotations.path(one.stem, ".jpg" if one.kind == "picture" else ".mp4")

    def _steps(self, number: int, one: Input) -> Path | None:
        folder = self._request.debug_images
        return numbered(folder, number, one.stem) if folder else None

    def _already_read(self, found: Iterable[Input]) -> set[str]:
        request = self._request
        if request.begin == "anew":
            return set()
        mend(request.style, request.output)
        if request.begin == "append":
            return set()
        videos = {one.name for one in found if one.kind == "video"}
        if videos and request.style == "jsonl" and not request.positions:
            raise UserError(
                "--resume: with videos it needs --positions or --format csv: "
                "the line of an event does not say which video it is of"
            )
        return already_read(request.style, request.output, videos)

    def read(self, tasks: Sequence[Task], write: Write) -> None:
        """Read and write them all."""
        pictures = sum(task.input.kind == "picture" for task in tasks)
        count = self._request.workers or usual_workers(pictures)
        several = min(count, pictures) > 1
        with Workers(count, self._config) if several else nullcontext() as workers:
            alone = PictureTasks(self._config)
            for kind, group in groupby(tasks, lambda task: task.input.kind):
                if kind == "video":
                    for task in group:
                        self._video(task, write)
                elif workers is None:
                    self._pictures(_one_by_one(alone, group), write)
                else:
                    self._pictures(workers.read(list(group)), write)

    def _pictures(self, answers: Iterable[tuple[Task, Answer]], write: Write) -> None:
        for task, answer in answers:
            if isinstance(answer, Result):
                self._write(answer, write)
                self.progress.step(task.input.name)
            else:
                self.progress.failed(answer)

    def _video(self, task: Task, write: Write) -> None:
        try:
            with closing(self._vehicles(task)) as results:
                for result in results:
                    self._write(result, write)
        except UserError as error:
            self.progress.failed(error)
        else:
            self.progress.step(task.input.name)

    def _write(self, result: Result, write: Write) -> None:
        self.progress.clear()
        write(result)

    def _vehicles(self, task: Task) -> Generator[Result]:
        name, place = task.input.name, task.input.place
        film = Film(task.annotated, rate_of(place)) if task.annotated else None
        on_frame = Position(self.progress, name, duration_s(place))
        found = vehicles(place, self._config, on_frame, film)
        with closing(film) if film else nullcontext(), closing(found):
            for decided in found:
                self._show(decided, task.steps)
                yield of_vehicle(name, decided, positions=self._request.positions)

    def _show(self, decided: Decided, steps: Path | None) -> None:
        if steps is not None:
            self._reader = self._reader or picture_reader(self._config)
            begin = steps.with_name(f"{steps.name}-{decided.event.plate}")
            write_steps(begin, self._reader.steps(decided.look.frame.image))
        if self._annotations is None:
            return
        event, path = decided.event, self._annotations.path(decided.event.id, ".jpg")
        mark = (event.plate, event.confidence, event.box)
        write_annotated(decided.look.frame.image, [mark], path)


def _one_by_one(read: PictureTasks, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
    for task in tasks:
        try:
            yield task, read(task)
        except UserError as error:
            yield task, error
