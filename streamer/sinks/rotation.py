"""Files that are set aside when a day is over or they grow too big, and thrown away when old.

`events.jsonl` of 2 January 2026 (UTC) becomes `events-2026-01-02-001.jsonl`, the next of that
day `…-002…`. Such names sort by time in every locale, and never change again, so whoever copies
the files copies each once; `events.jsonl.1` would become `.2` the next day. The file that grows
keeps its name.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt
from pydantic import AfterValidator, ValidationInfo

log = logging.getLogger(__name__)

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is set aside, and which of those that were are kept.

    `daily`: when a UTC day is over. `max_bytes`: before it would grow beyond. `keep_files` and
    `keep_days` limit what was set aside; None keeps all.
    """

    daily: bool = False
    max_bytes: float | None = None
    keep_files: int | None = None
    keep_days: int | None = None

    @property
    def active(self) -> bool:
        """Whether files are set aside at all."""
        return self.daily or self.max_bytes is not None

    def due(self, file: os.stat_result, more: int, today: date) -> bool:
        """Whether a file with something in it has to go before `more` bytes are added."""
        full = self.max_bytes is not None and file.st_size + more > self.max_bytes
        return full or (self.daily and last_written(file) != today)

    def too_old(self, path: Path, today: date) -> list[Path]:
        """Of the files that were set aside from `path`, those that are not kept."""
        aside = list(_set_aside(path))
        surplus = 0 if self.keep_files is None else max(0, len(aside) - self.keep_files)
        return [
            found
            for index, (day, _, found) in enumerate(aside)
            if index < surplus
            or (self.keep_days is not None and day < today - timedelta(days=self.keep_days))
        ]


NEVER = Rotation()


def last_written(file: os.stat_result) -> date:
    """The UTC day of the latest line."""
    return datetime.fromtimestamp(file.st_mtime, UTC).date()


def set_aside(path: Path, day: date) -> Path:
    """Give the file the name of its day, for good; gives that name.

    One rename, so a crash leaves the file under the one name or the other, and nothing of it
    twice. Raises OSError.
    """
    number = 1 + max((n for its_day, n, _ in _set_aside(path) if its_day == day), default=0)
    target = path.with_name(f"{path.stem}-{day.isoformat()}-{number:03d}{path.suffix}")
    path.rename(target)
    sync_folder(path.parent)
    return target


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk, where its file system and our rights allow that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _set_aside(path: Path) -> Iterator[tuple[date, int, Path]]:
    """Day, number and path of what was set aside from `path`, oldest first."""
    name = re.compile(
        rf"{re.escape(path.stem)}-(\d{{4}}-\d\d-\d\d)-(\d{{3,}}){re.escape(path.suffix)}"
    )
    found = []
    for other in path.parent.iterdir():
        match = name.fullmatch(other.name)
        if match:
            try:
                found.append((date.fromisoformat(match[1]), int(match[2]), other))
            except ValueError:
                continue  # no day of any calendar: not ours
    yield from sorted(found)


def _rotates(value: object, info: ValidationInfo) -> object:
    if value and str(info.data.get("path")) == "-":
        raise ValueError("standard output cannot be set aside; give a file as 'path'")
    return value


def _has_rotation(value: int | None, info: ValidationInfo) -> int | None:
    if value is not None and not info.data.get("rotate") and not info.data.get("max_mb"):
        raise ValueError("nothing is set aside; it needs 'rotate: daily' or 'max_mb'")
    return value


def _has_days(value: int | None, info: ValidationInfo) -> int | None:
    if value is not None and not info.data.get("rotate"):
        raise ValueError("a file may hold many days; it needs 'rotate: daily'")
    return value


# The options of a sink that writes a file; they stand in this order, behind `path`.
Rotate = Annotated[Literal["daily"] | None, AfterValidator(_rotates)]
MaxMb = Annotated[Annotated[float, Gt(0)] | None, AfterValidator(_rotates)]
KeepFiles = Annotated[Annotated[int, Ge(1)] | None, AfterValidator(_has_rotation)]
KeepDays = Annotated[Annotated[int, Ge(1)] | None, AfterValidator(_has_days)]


def rotation(
    rotate: Literal["daily"] | None,
    max_mb: float | None,
    keep_files: int | None,
    keep_days: int | None,
) -> Rotation:
    """What the options ask for."""
    max_bytes = None if max_mb is None else max_mb * MB
    return Rotation(rotate == "daily", max_bytes, keep_files, keep_days)
