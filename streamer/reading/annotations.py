"""Where annotated pictures and videos go."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from models.base import Image
from streamer.drawing import draw_plate
from streamer.errors import UserError
from streamer.found import FoundPlate
from streamer.pictures import jpeg
from streamer.reading.inputs import Input, is_web

QUALITY = 95


class Annotations:
    """Names files in a folder after what they show; a name taken twice is numbered.

    No name is that of one of `inputs`: what is read is never written over.
    """

    def __init__(self, folder: Path, inputs: Iterable[Input]) -> None:
        self._folder = folder
        self._names: dict[str, int] = {}
        places = (one.place for one in inputs if one.data is None and not is_web(one.place))
        self._read = {Path(place).absolute() for place in places}
        self._begun = False

    def path(self, stem: str, ending: str) -> Path:
        """For a file about something called `stem`. Raises UserError."""
        self._begin()
        while True:
            name = f"{stem}{ending}"
            count = self._names[name] = self._names.get(name, 0) + 1
            path = self._folder / (name if count == 1 else f"{stem}-{count}{ending}")
            if path.absolute() not in self._read:
                return path

    def _begin(self) -> None:
        if self._begun:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self._folder, error) from None
        self._begun = True


def annotate(image: Image, plates: Sequence[FoundPlate], path: Path) -> None:
    """Write a picture as JPEG with these plates drawn in. Raises UserError."""
    write_annotated(image, [(one.plate, one.confidence, one.box) for one in plates], path)


def write_annotated(
    image: Image, marks: Sequence[tuple[str, float, Sequence[float]]], path: Path
) -> None:
    """`marks` are plates, their confidence and box. Raises UserError."""
    drawn = image.copy()
    for plate, confidence, box in marks:
        draw_plate(drawn, f"{plate} {confidence:.0%}", box)
    try:
        path.write_bytes(jpeg(drawn, QUALITY))
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> UserError:
    """What to say of a place that cannot be written to."""
    return UserError(f"--annotate {path}: cannot be written: {error.strerror}")
