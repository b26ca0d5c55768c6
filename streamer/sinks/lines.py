"""Appending lines to a file so that a crash or a full disk leaves no half a line behind."""

import errno
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from streamer.errors import SinkError

log = logging.getLogger(__name__)

STDOUT = "-"
LONGEST_LINE = 1 << 20
PASSING = (errno.ENOSPC, errno.EDQUOT)


class LineFile:
    """A text file that grows by whole lines, or standard output if `path` is "-".

    The file is opened anew for every line, so that it may be moved away (logrotate) at any
    time; a new or empty one begins with `header`. `is_whole` tells whether a last line without
    its line end is a whole record (an editor took the end away) or a torn one (a power cut):
    a torn one is cut off, for its event is delivered again.
    """

    def __init__(
        self, path: str | Path, is_whole: Callable[[bytes], bool], header: bytes = b""
    ) -> None:
        self._path = str(path)
        self._is_whole = is_whole
        self._header = header

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

    def _reason(self, error: OSError) -> str:
        where = "standard output" if self._path == STDOUT else f"file '{self._path}'"
        return f"{where} cannot be written: {error.strerror}"

    def _append(self, line: bytes) -> None:
        if self._path == STDOUT:
            self._print(line)
            return
        path = Path(self._path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            if path.is_file():
                self._check_header(path)
                _append_whole(file, self._mended(path, file) + line)
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
        if self._header and not self._header.startswith(first):
            raise SinkError(
                f"file '{path}' has other columns; move it away, and a new one is begun",
                permanent=True,
            )

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


def _unfinished(path: Path) -> bytes:
    """What follows the last line end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_LINE))
        return file.read().rpartition(b"\n")[2]
