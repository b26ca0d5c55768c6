"""Appending lines to a file so that a crash or a full disk leaves no half a line behind."""

import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

from streamer.errors import SinkError
from streamer.sinks.rotation import NEVER, Rotation, last_written, set_aside, sync_folder

log = logging.getLogger(__name__)

STDOUT = "-"
LONGEST_LINE = 1 << 20
PASSING = (errno.ENOSPC, errno.EDQUOT)


class LineFile:
    """A text file that grows by whole lines, or standard output if `path` is "-".

    The file is opened anew for every line, so that it may be moved away (logrotate) at any
    time; a new or empty one begins with the first of `headers`. `is_whole` tells whether a last
    line without its line end is a whole record (an editor took the end away) or a torn one (a
    power cut): a torn one is cut off, for its event is delivered again.

    `rotation` says when the file is set aside. One that begins with another of `headers`, those
    of earlier versions, always is; one that begins otherwise only if files rotate, else it is
    left alone. `now` gives seconds since 1970.
    """

    def __init__(
        self,
        path: str | Path,
        is_whole: Callable[[bytes], bool],
        headers: Sequence[bytes] = (b"",),
        rotation: Rotation = NEVER,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = str(path)
        self._is_whole = is_whole
        self._header, *self._former = headers
        self._rotation = rotation
        self._now = now

    def open(self) -> None:
        """Make the folder and the file. Raises SinkError naming it, permanent."""
        try:
            self._append(b"")
        except OSError as error:
            if error.errno in PASSING:
                return  # `append` will complain of it, and be tried again
            raise SinkError(
                f"{self._reason(error)}; it must be a file that may be written to", permanent=True
            ) from error

    def append(self, line: bytes) -> None:
        """Add one line (with its line end), on disk on return. Raises SinkError: try again."""
        try:
            self._append(line)
        except OSError as error:
            raise SinkError(self._reason(error)) from error

    def tidy(self) -> None:
        """Set the file aside if its day is over; throw away what is not kept. Raises SinkError."""
        path = self._real()
        if not self._rotation.active or not path.parent.is_dir():
            return
        try:
            if path.is_file():
                self._set_aside_if_due(path, 0)
            for old in self._rotation.too_old(path, self._today()):
                old.unlink(missing_ok=True)
                log.info("threw away '%s'", old)
        except OSError as error:
            raise SinkError(self._reason(error)) from error

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now(), UTC).date()

    def _real(self) -> Path:
        # Beside the file itself, not beside a link to it; /dev/stdout leads to no name at all.
        path = Path(self._path)
        return path.resolve() if path.is_file() else path

    def _reason(self, error: OSError) -> str:
        where = "standard output" if self._path == STDOUT else f"file '{self._path}'"
        return f"{where} cannot be written: {error.strerror}"

    def _append(self, line: bytes) -> None:
        if self._path == STDOUT:
            self._print(line)
            return
        path = self._real()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            self._check_header(path)
            self._set_aside_if_due(path, len(line))
        new = not path.exists()
        with path.open("ab", buffering=0) as file:
            if path.is_file():
                _append_whole(file, self._mended(path, file) + line)
                if line and self._rotation.active:
                    _stamp(file, self._now())  # a file server's clock may have another day
                if new:
                    sync_folder(path.parent)
            elif line:  # a pipe, a terminal
                file.write(line)

    def _print(self, line: bytes) -> None:
        if self._header and line:
            sys.stdout.write(self._header.decode())
            self._header = b""
        sys.stdout.write(line.decode())
        sys.stdout.flush()

    def _check_header(self, path: Path) -> None:
        with path.open("rb") as file:
            first = file.readline()
        if self._header.startswith(first) or not self._header:
            return
        if not self._rotation.active and first not in self._former:
            raise SinkError(
                f"file '{path}' has other columns; move it away, and a new one is begun",
                permanent=True,
            )
        day = last_written(path.stat())
        if first in self._former:
            self._mend(path)
        aside = set_aside(path, day)
        log.warning("file '%s' had other columns; it is now '%s'", path, aside.name)

    def _set_aside_if_due(self, path: Path, more: int) -> None:
        if not self._rotation.active or not path.exists():
            return
        before, least = path.stat(), len(self._header)
        if before.st_size <= least or not self._rotation.due(before, more, self._today()):
            return
        self._mend(path)
        if path.stat().st_size > least:  # else it had nothing but a torn line
            aside = set_aside(path, last_written(before))
            log.info("file '%s' goes on; what it held is now '%s'", path, aside.name)

    def _mend(self, path: Path) -> None:
        with path.open("ab", buffering=0) as file:
            at = os.fstat(file.fileno()).st_mtime
            _append_whole(file, self._mended(path, file))
            _stamp(file, at)

    def _mended(self, path: Path, file: IO[bytes]) -> bytes:
        """What must stand between the end of the file and the next line."""
        tail = _unfinished(path)
        if tail and self._is_whole(tail):
            return b"\n"
        size = path.stat().st_size - len(tail)
        if tail:
            log.warning("file '%s': a torn last line of %d bytes is cut off", path, len(tail))
            file.truncate(size)
        return b"" if size else self._header


def _append_whole(file: IO[bytes], data: bytes) -> None:
    before = os.fstat(file.fileno()).st_size
    try:
        if data and file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())
    except OSError:
        os.truncate(file.fileno(), before)
        raise


def _stamp(file: IO[bytes], at: float) -> None:
    """Have the latest line written at `at`, seconds since 1970, where the file is ours."""
    with suppress(OSError):
        os.utime(file.fileno(), (at, at))


def _unfinished(path: Path) -> bytes:
    """What follows the last line end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_LINE))
        return file.read().rpartition(b"\n")[2]
