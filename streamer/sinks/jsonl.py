"""One `plate-event/1` per line of a file."""

import time
from collections.abc import Callable
from pathlib import Path

from streamer.codec import decode, encode
from streamer.data import Event
from streamer.errors import UserError
from streamer.parts import part_name
from streamer.sinks.base import Name, Report, SinkBase, unreported
from streamer.sinks.lines import LineFile
from streamer.sinks.rotation import KeepDays, KeepFiles, MaxMb, Rotate, rotation


class JsonlSink(SinkBase):
    """Appends to the file at `path`, or prints if it is "-"."""

    name = "jsonl"

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
        self._file = LineFile(path, _is_event, rotation=aside, now=now)

    def start(self, report: Report = unreported) -> None:
        """Make the file. Raises SinkError if it cannot be written."""
        self._file.open()
        report(None)

    def send(self, event: Event) -> None:
        """Append the event."""
        self._file.append(encode(event).encode() + b"\n")

    def tidy(self) -> None:
        """Set the file aside when its day is over; throw away old ones."""
        self._file.tidy()


def _is_event(line: bytes) -> bool:
    try:
        decode(line)
    except UserError:
        return False
    return True
