"""The Python API: `PlateReader().read(image)`, `main("car.jpg" | "clip.mp4")`, `events(url)`."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

from models.base import Image
from streamer.app import default_config
from streamer.config import Config
from streamer.data import Candidate, Character, Decided, PlateEvent
from streamer.errors import UserError
from streamer.found import FoundPlate
from streamer.picture_reader import PlateReader, load_picture
from streamer.reading.annotations import Annotations, annotate
from streamer.reading.film import Film, rate_of
from streamer.reading.inputs import Input, fails, inputs
from streamer.reading.results import of_picture, of_vehicle
from streamer.reading.saved import save_results
from streamer.reading.tasks import image_of
from streamer.vehicles import STOP_S, vehicles

__all__ = [
    "STOP_S", "Candidate", "Character", "Decided", "FoundPlate", "PlateEvent", "PlateReader",
    "UserError", "events", "load_picture", "main",
]  # fmt: skip


def events(url: str | Path, config: Config | None = None) -> Iterator[Decided]:
    """The vehicles of a video or stream, as they come, each with the look that carried its vote.

    `url` is what a camera's configuration takes; of a recording every frame is looked at, as
    fast as it goes. `config` chooses detector, reader and so on (None: the daemon's defaults).
    Raises UserError when the source cannot be opened.
    """
    yield from vehicles(str(url), config or default_config(str(url)))


def main(
    source: str | Path | Image, save: str | Path | None = None
) -> list[FoundPlate] | list[PlateEvent]:
    """All plates of a picture, best first, or one event per vehicle of a video or stream.

    `source` is a path or URL, or a picture, (H, W, 3) uint8 BGR. `save` is a folder for what was
    found, made if need be: of `car.jpg` (`picture` where there is no name) `car.json`, `car.csv`
    and `car.jpg` with the plates drawn in, of `clip.mp4` such a video. Raises UserError for what
    cannot be read or written.
    """
    folder = None if save is None else Path(save)
    if not isinstance(source, str | Path):
        return _picture(Input("picture", "picture", "picture"), source, folder)
    (one,) = _single(str(source))
    if one.kind == "video":
        return _video(one, folder)
    return _picture(one, image_of(one), folder)


def _single(source: str) -> list[Input]:
    found = inputs([source], fails)
    if len(found) != 1:
        raise UserError(f"{source}: {len(found)} files, main() takes one; see plate-streamer read")
    return found


def _picture(one: Input, image: Image, folder: Path | None) -> list[FoundPlate]:
    plates = PlateReader().read(image)
    if folder is not None:
        annotate(image, plates, Annotations(folder, [one]).path(one.stem, ".jpg"))
        save_results([of_picture(one.name, plates)], folder, one.stem)
    return plates


def _video(one: Input, folder: Path | None) -> list[PlateEvent]:
    film = None
    if folder is not None:
        film = Film(Annotations(folder, [one]).path(one.stem, ".mp4"), rate_of(one.place))
    with closing(film) if film else nullcontext():
        found = list(vehicles(one.place, default_config(one.place), spectator=film))
    if folder is not None:
        results = [of_vehicle(one.name, decided, positions=True) for decided in found]
        save_results(results, folder, one.stem)
    return [decided.event for decided in found]
