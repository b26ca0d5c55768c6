"""How each picture was read, step by step, as files: `plate-streamer read --debug-images DIR`."""

from collections.abc import Iterable
from pathlib import Path

import cv2

from models.base import Image
from streamer.errors import UserError


class DebugImages:
    """Pictures numbered by what was read and by step: `folder/0001-car-03-edges.png`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, number: int, name: str, steps: Iterable[tuple[str, Image]]) -> None:
        """The steps of one picture, the `number`th that is read, from 1.

        Raises UserError when the folder cannot be written to.
        """
        for count, (step, image) in enumerate(steps, start=1):
            path = self._folder / f"{number:04d}-{name}-{count:02d}-{step}.png"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
            except OSError as error:
                words = f"--debug-images {path}: cannot be written: {error.strerror}"
                raise UserError(words) from None
