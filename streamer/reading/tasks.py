"""Reading one picture of many: what is told to whoever reads it, here or in another process."""

from dataclasses import dataclass
from pathlib import Path

from models.base import Image, ModelError
from streamer.config import Config
from streamer.debug_images import write_steps
from streamer.errors import UserError
from streamer.picture_reader import PlateReader, load_picture, picture_from, picture_reader
from streamer.reading.annotations import annotate
from streamer.reading.fetched import fetched
from streamer.reading.inputs import Input, is_web
from streamer.reading.results import Result, of_picture
from streamer.redact import redact


@dataclass(frozen=True, slots=True)
class Task:
    """`annotated` is where the picture goes with its plates drawn in; the files of its steps
    begin with `steps` (`streamer.debug_images`)."""

    input: Input
    annotated: Path | None = None
    steps: Path | None = None


class PictureTasks:
    """Loads the models for the first picture; one instance serves one thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._reader: PlateReader | None = None

    def __call__(self, task: Task) -> Result:
        """Read it. Raises UserError naming a picture that cannot be read, ModelError."""
        self._reader = self._reader or picture_reader(self._config)
        name = task.input.name
        try:
            image = image_of(task.input)
            plates = self._reader.read(image)
            if task.annotated is not None:
                annotate(image, plates, task.annotated)
            if task.steps is not None:
                write_steps(task.steps, self._reader.steps(image))
        except (UserError, ModelError):
            raise
        except Exception as error:  # one odd picture of a thousand must not end the night's work
            words = redact(str(error)).strip().splitlines() or [""]
            raise UserError(f"{name}: {type(error).__name__}: {words[0]}") from error
        return of_picture(name, plates)


def image_of(source: Input) -> Image:
    """The picture itself, (H, W, 3) uint8 BGR, upright. Raises UserError naming it."""
    if source.data is not None:
        return picture_from(source.data, "standard input")
    if is_web(source.place):
        return picture_from(fetched(source.place), source.name)
    return load_picture(source.place)
