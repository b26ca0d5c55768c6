"""Pictures from a folder, a pattern or a single file. Each stands alone."""

import glob
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np

from models.base import Image
from streamer.data import Frame
from streamer.errors import SourceError, UserError
from streamer.picture_files import picture_in_file
from streamer.sources.base import PICTURES, SourceOptions

log = logging.getLogger(__name__)

APART_S = 3600.0
"""Between the presentation times of two pictures: so far that no track joins them."""


class ImagesSource:
    """The pictures of a folder or pattern, in natural order (2.jpg before 10.jpg).

    `pts_s` runs in steps of `APART_S`; `at` is the time of reading, for a picture does not
    say reliably when it was taken. What cannot be decoded is counted, logged and left out.
    """

    live = False

    def __init__(self, camera: str, pattern: str, options: SourceOptions) -> None:
        self.camera = camera
        self.url = pattern
        self._loop = options.loop
        self._on_corrupt = options.on_corrupt
        self._index = 0

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for the pictures at that folder, pattern or path."""
        return cls(camera, address, options)

    def frames(self) -> Iterator[Frame]:
        """Each picture once, or again and again. Finding none is a permanent failure."""
        while True:
            before = self._index
            for path in self.paths():
                image = self._load(path)
                if image is not None:
                    yield self._frame(image)
            if self._index == before:
                raise self._nothing("none of its pictures can be decoded")
            if not self._loop:
                return

    def paths(self) -> list[Path]:
        """The files, in the order of reading. Raises SourceError if there is none."""
        place = Path(self.url)
        if place.is_dir():
            found = [path for path in place.iterdir() if path.suffix.lower() in PICTURES]
        elif place.is_file():
            found = [place]
        else:
            found = [Path(name) for name in glob.glob(self.url, recursive=True)]
            found = [path for path in found if path.is_file()]
        if not found:
            raise self._nothing(f"no picture found; known: {', '.join(PICTURES)}")
        return sorted(found, key=natural)

    def _load(self, path: Path) -> Image | None:
        try:
            return read_picture(path)
        except SourceError as error:
            log.warning("%s; left out", error)
            self._on_corrupt()
            return None

    def _frame(self, image: Image) -> Frame:
        index, self._index = self._index, self._index + 1
        now, clock_s = datetime.now(UTC), time.monotonic()
        return Frame(self.camera, index, now, clock_s, image, index * APART_S)

    def _nothing(self, words: str) -> SourceError:
        return SourceError(f"{self.url}: {words}", reason="not_found", permanent=True)


def read_picture(path: str | Path) -> Image:
    """A picture file as (H, W, 3) uint8 BGR, upright by its EXIF. Raises SourceError naming it."""
    # not imread: this takes names of any characters
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        words = (error.strerror or "cannot be read").lower()
        raise SourceError(f"{path}: {words}", reason="not_found", permanent=True) from None
    return picture_in(data.tobytes(), str(path))


def picture_in(data: bytes, name: str) -> Image:
    """The picture in a file's content, as `read_picture` has it; errors call it `name`."""
    try:
        image = picture_in_file(data)
    except UserError as error:  # what reads it is not installed
        raise SourceError(f"{name}: {error}", reason="error", permanent=True) from None
    if image is None:
        words = f"{name}: no picture that can be decoded"
        raise SourceError(words, reason="corrupt", permanent=True)
    return image


def natural(path: Path) -> list[tuple[int, str]]:
    """Numbers by their value, letters by the alphabet."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
