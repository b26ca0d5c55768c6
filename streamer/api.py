"""The Python API: `PlateReader().read(image)` and `main("car.jpg" | "clip.mp4")`."""

from collections.abc import Iterator
from pathlib import Path

from streamer.app import default_config
from streamer.config import Config
from streamer.data import Decided, PlateEvent
from streamer.found import FoundPlate
from streamer.picture_reader import PlateReader, load_picture
from streamer.sources.base import PICTURES
from streamer.vehicles import STOP_S, vehicles

__all__ = ["STOP_S", "FoundPlate", "PlateReader", "events", "load_picture", "main"]


def events(url: str, config: Config | None = None) -> Iterator[Decided]:
    """The vehicles of a video or stream, as they come, each with the look that carried its vote.

    `url` is what a camera's configuration takes; of a recording every frame is looked at, as
    fast as it goes. `config` chooses detector, reader and so on (None: the daemon's defaults).
    Raises UserError when the source cannot be opened.
    """
    yield from vehicles(url, config or default_config(url))


def main(source: str | Path) -> list[FoundPlate] | list[PlateEvent]:
    """All plates of a picture, best first, or one event per vehicle of a video or stream."""
    if str(source).lower().endswith(PICTURES):
        return PlateReader().read(source)
    return [decided.event for decided in events(str(source))]
