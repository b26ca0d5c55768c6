"""What there is to read: files, folders, patterns, addresses and standard input, in their order."""

import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamer.errors import UserError
from streamer.picture_files import picture_kind
from streamer.redact import redact
from streamer.sources import source_for
from streamer.sources.base import PICTURES, VIDEOS
from streamer.sources.file import FileSource
from streamer.sources.images import ImagesSource, natural

STDIN = "-"
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SIGNS = "*?["


@dataclass(frozen=True, slots=True)
class Input:
    """One picture, or one video or stream.

    `name` is what results call it (without passwords), `place` its path or address; `data` the
    content of a picture that has neither.
    """

    name: str
    place: str
    kind: Literal["picture", "video"]
    data: bytes | None = None

    @property
    def stem(self) -> str:
        """What files about it are called."""
        if self.data is not None:
            return "stdin"
        name = re.sub(r"[?#].*", "", self.place) if _WEB.match(self.place) else self.place
        return Path(name).stem or re.sub(r"\W+", "-", self.name).strip("-") or "picture"


def inputs(
    sources: Iterable[str],
    on_fault: Callable[[UserError], None],
    *,
    recursive: bool = False,
    leave_out: Path | None = None,
) -> list[Input]:
    """All that `sources` stand for; one that stands for nothing is told to `on_fault`.

    A folder gives its pictures and videos in natural order (2.jpg before 10.jpg), with
    `recursive` those of the folders below it too, without the folder `leave_out`.
    """
    found: list[Input] = []
    for source in sources:
        try:
            found += _of(source, recursive, leave_out)
        except UserError as error:
            on_fault(error)
    return found


def fails(error: UserError) -> None:
    """An `on_fault` for whoever can do nothing with the rest: raises it."""
    raise error


def listed(path: str, *, nul: bool = False) -> list[str]:
    """The sources that a file names, one a line, or ended by NUL; `-` is standard input.

    Raises UserError if it cannot be read.
    """
    try:
        data = _stdin() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"--from {path}: cannot be read: {error.strerror}") from None
    names = data.split(b"\0") if nul else data.splitlines()
    return [os.fsdecode(name) for name in names if name.strip()]


def is_web(place: str) -> bool:
    """Whether a picture is fetched by HTTP."""
    return _WEB.match(place) is not None


def _of(source: str, recursive: bool, leave_out: Path | None) -> list[Input]:
    if source == STDIN or is_web(source):
        data = _stdin() if source == STDIN else None
        return [Input(redact(source), source, "picture", data)]
    path = Path(source)
    if path.is_dir():
        return _many(source, _inside(path, recursive, leave_out))
    if any(sign in source for sign in _SIGNS) and not path.exists():
        return _many(source, map(Path, glob.glob(source, recursive=True)))
    kind = source_for("read", source)
    if isinstance(kind, ImagesSource) and kind.url != source:  # file:///car.jpg, images:folder
        return _of(kind.url, recursive, leave_out)
    if isinstance(kind, ImagesSource) or _holds_picture(path):
        return [Input(source, source, "picture")]
    place = kind.url if isinstance(kind, FileSource) else source
    return [Input(redact(source), place, "video")]


def _many(source: str, paths: Iterable[Path]) -> list[Input]:
    kinds = ((path, _kind(path)) for path in paths)
    found = [(path, kind) for path, kind in kinds if kind is not None]
    if not found:
        raise UserError(f"{source}: no picture or video found; known: {', '.join(PICTURES)}")
    found.sort(key=lambda one: natural(one[0]))
    return [Input(str(path), str(path), kind) for path, kind in found]


def _inside(folder: Path, recursive: bool, leave_out: Path | None) -> Iterator[Path]:
    left_out = None if leave_out is None else leave_out.resolve()

    def refused(error: OSError) -> None:
        raise UserError(f"{error.filename}: cannot be looked into: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=refused):
        below = [one for one in folders if not one.startswith(".")] if recursive else []
        folders[:] = [one for one in below if (Path(place) / one).resolve() != left_out]
        # Names with a dot are what systems keep about files, `._car.jpg` beside `car.jpg`.
        yield from (Path(place) / name for name in names if not name.startswith("."))


def _kind(path: Path) -> Literal["picture", "video"] | None:
    ending = path.suffix.lower()
    if not (ending in PICTURES or ending in VIDEOS) or not path.is_file():
        return None
    return "picture" if ending in PICTURES else "video"


def _holds_picture(path: Path) -> bool:
    """Whether a file whose name does not tell is a picture."""
    if path.suffix.lower() in VIDEOS or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    return picture_kind(head) is not None


def _stdin() -> bytes:
    if sys.stdin.isatty():
        raise UserError("-: standard input is this terminal; send a file to it: read - < car.jpg")
    return sys.stdin.buffer.read()
