"""What reads the pictures and videos that are sent, as the configuration has the cameras read."""

from collections.abc import Callable, Iterator
from pathlib import Path

from streamer.config import Config
from streamer.data import Decided, Frame
from streamer.picture_reader import PlateReader, picture_reader
from streamer.vehicles import vehicles
from streamer.web.read_limits import ReadLimits
from streamer.web.reading import Reading

FOLDER = "reading"


def reading_of(config: Config, limits: ReadLimits) -> Reading:
    """With the detector, the reader, the formats and the stages of the configuration; what is too
    large for memory lies in the folder `reading` of the store. Opens nothing yet."""

    def readers() -> PlateReader:
        return picture_reader(config)

    def videos(path: str, on_frame: Callable[[Frame], None]) -> Iterator[Decided]:
        return vehicles(path, config, on_frame)

    folder = Path(config.parts["store"].options["folder"]) / FOLDER
    return Reading(readers, videos, folder, limits)
