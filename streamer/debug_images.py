"""How each picture was read, step by step, as files: `plate-streamer read --debug-images DIR`."""

from collections.abc import Iterable
from pathlib import Path

import cv2

from models.base import Image
from streamer.errors import UserError


def numbered(folder: Path, number: int, name: str) -> Path:
    """What the names of the files of one picture begin with; its number is from 1 on."""
    return folder / f"{number:04d}-{name}"


def write_steps(begin: Path, steps: Iterable[tuple[str, Image]]) -> None:
    """As `0001-car-03-edges.png`, where `begin` is `…/0001-car`. Raises UserError."""
    for count, (step, image) in enumerate(steps, start=1):
        path = begin.with_name(f"{begin.name}-{count:02d}-{step}.png")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        except OSError as error:
            words = f"--debug-images {path}: cannot be written: {error.strerror}"
            raise UserError(words) from None
