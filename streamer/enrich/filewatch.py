"""Files that are read again when they change, once whoever writes them is done."""

import logging
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from streamer.enrich.sheets import FileFaults
from streamer.errors import UserError

log = logging.getLogger(__name__)

PERIOD_S = 1.0

Apply = Callable[[bytes], None]
"""Told what is in a file; raises UserError if it is not to be used."""
OnFault = Callable[[UserError], None]
"""Told why a file was not taken."""
Sign = tuple[int, int, int] | None
"""Time of change in ns, size, and the file's number on its disk; None where there is none."""


def read_content(path: Path) -> bytes:
    """What is in a file. Raises FileFaults if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileFaults([f"{path}: no such file"]) from None
    except OSError as error:
        raise FileFaults([f"{path}: cannot be read: {error.strerror}"]) from None


class WatchedFile:
    """One file, and whether it is another than the one that was taken last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken = self._seen = self._sign()

    def changed(self, settled: bool = True) -> bool:
        """Whether there is something to take; `settled`: only if it was as it is at the last
        look, too, so that no file is taken that is half written."""
        now = self._sign()
        rests, self._seen = now == self._seen, now
        return now != self._taken and (rests or not settled)

    def take(self) -> bytes | None:
        """What is in the file; None if it changed meanwhile, and is to be taken another time.

        Raises FileFaults if it cannot be read: it counts as taken, and is told of once.
        """
        before = self._sign()
        try:
            content = read_content(self.path)
        except FileFaults:
            self._taken = before
            raise
        if self._sign() != before:
            return None
        self._taken = before
        return content

    def _sign(self) -> Sign:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class Reloader:
    """A thread that looks at files every `PERIOD_S` seconds, and hands on those that changed.

    `files` says who is given what is in a file, and who is told if that is of no use.
    """

    def __init__(self, files: Iterable[tuple[Path, Apply, OnFault]], name: str) -> None:
        self._files = [(WatchedFile(path), apply, fault) for path, apply, fault in files]
        self._looking = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look; a change since this was made is seen, too."""
        if self._files:
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(2 * PERIOD_S)

    def look(self, settled: bool = True) -> None:
        """Hand on what has changed."""
        with self._looking:
            for file, apply, on_fault in self._files:
                if file.changed(settled):
                    _hand_on(file, apply, on_fault)

    def _run(self) -> None:
        while not self._ending.wait(PERIOD_S):
            self.look()


def _hand_on(file: WatchedFile, apply: Apply, on_fault: OnFault) -> None:
    try:
        content = file.take()
        if content is not None:
            apply(content)
    except UserError as error:
        on_fault(error)
    except Exception:
        log.exception("%s is not taken", file.path)
