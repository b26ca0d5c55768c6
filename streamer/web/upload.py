"""What somebody sent, in a file without a name: it goes with the process, however that ends."""

import os
from pathlib import Path
from tempfile import SpooledTemporaryFile

from streamer.picture_files import picture_kind
from streamer.web.problems import Problem

IN_MEMORY = 2_000_000
"""Bytes up to which an upload is kept in memory."""


class Upload:
    """`field` is what problems of it are about; `folder` is where the disk has room for it.

    As a context it is closed at the end, unless `hand_on` was called: then by who has it.
    """

    def __init__(self, folder: Path, most_bytes: int, field: str) -> None:
        self.name = ""
        self.field = field
        self.size = 0
        self._most_bytes = most_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._handed_on = False
        file = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 (see `__exit__`)
        self._file = file

    def write(self, data: bytes) -> None:
        """Append. Raises Problem (413) before it becomes too large, OSError."""
        self.size += len(data)
        if self.size > self._most_bytes:
            raise self.too_large()
        self._file.write(data)

    def too_large(self) -> Problem:
        """What is said of one that is."""
        most_mb = self._most_bytes / 1e6
        return Problem(413, f"larger than {most_mb:g} MB, the most that is taken", self.field)

    @property
    def on_disk(self) -> bool:
        """Whether writing more may wait for the disk."""
        return self.size > IN_MEMORY

    def is_picture(self) -> bool:
        """Whether it begins as a picture does."""
        self._file.seek(0)
        return picture_kind(self._file.read(64)) is not None

    def content(self) -> bytes:
        """All of it."""
        self._file.seek(0)
        return self._file.read()

    def path(self) -> str:
        """A path under which it can be opened by this process until it is closed."""
        number = self._file.fileno()  # writes it to the disk, if it was not
        self._file.flush()
        return f"/proc/{os.getpid()}/fd/{number}"

    def hand_on(self) -> None:
        """Somebody else will close it."""
        self._handed_on = True

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handed_on:
            self.close()

    def close(self) -> None:
        """It is gone."""
        self._file.close()
