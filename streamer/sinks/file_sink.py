"""What sinks that write a line per event share: their options, and when the file is tidied."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from streamer.data import Event
from streamer.parts import part_name
from streamer.sinks.base import Name, Report, SinkBase, unreported
from streamer.sinks.lines import LineFile
from streamer.sinks.rotation import KeepDays, KeepFiles, MaxMb, Rotate, rotation


class FileSink(SinkBase):
    """Appends to the file at `path`, or prints if it is "-".

    A kind of file says what a `line` is, whether the last one `is_whole`, and which `headers` it
    may begin with, the first of them a new one.
    """

    name: str
    headers: Sequence[bytes] = (b"",)

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        *,
        name: Name | None = None,
        path: Path,
        rotate: Rotate = None,
        max_mb: MaxMb = None,
        keep_files: KeepFiles = None,
        keep_days: KeepDays = None,
    ) -> None:
        self.name = part_name(self.name, name)
        aside = rotation(rotate, max_mb, keep_files, keep_days)
        self._file = LineFile(path, self.is_whole, self.headers, aside, now)

    @staticmethod
    def is_whole(line: bytes) -> bool:
        """Whether a line without its end is a whole record all the same."""
        raise NotImplementedError

    def line(self, event: Event) -> bytes:
        """The event as a line, with its end."""
        raise NotImplementedError

    def start(self, report: Report = unreported) -> None:
        """Make the file. Raises SinkError if it cannot be written or has other columns."""
        self._file.open()
        report(None)

    def send(self, event: Event) -> None:
        """Append the event."""
        self._file.append(self.line(event))

    def tidy(self) -> None:
        """Set the file aside when its day is over; throw away old ones."""
        self._file.tidy()
