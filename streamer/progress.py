"""How far a long reading is, on stderr: one line on a terminal, else a line now and then."""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

EVERY_S = 5.0
"""Between two lines where nobody watches a terminal, and before the first."""
REDRAW_S = 0.1


class Progress:
    """Counts what was read of `total`, and says what could not be.

    Only the faults are told if `quiet`.
    """

    def __init__(
        self,
        total: int = 0,
        *,
        quiet: bool = False,
        to: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = 0
        self._failed = 0
        self._lock = threading.RLock()  # a pipeline tells of its frames from a thread of its own
        self.faults: list[str] = []
        self.total = total
        self._to = to or sys.stderr
        self._clock = clock
        self._terminal = self._to.isatty()
        self._quiet = quiet
        self._started_s = clock()
        self._told_s = self._started_s
        self._drawn = False

    def step(self, name: str) -> None:
        """One more is done."""
        self.done += 1
        self._tell(name, 0.0)

    def within(self, name: str, share: float | None, words: str = "") -> None:
        """`share` (0..1) of the next one is done, as far as that is known."""
        self._tell(f"{name} {words}".rstrip(), share or 0.0)

    def failed(self, error: Exception) -> None:
        """One of all could not be read."""
        self._failed += 1
        self.fault(error)

    def fault(self, error: Exception) -> None:
        """Say what is wrong; the rest goes on."""
        self.faults.append(str(error))
        with self._lock:
            self.clear()
            print(f"plate-streamer: {error}", file=self._to)

    def clear(self) -> None:
        """Make room for a line of something else on the same terminal."""
        with self._lock:
            if self._drawn:
                print("\r\x1b[K", end="", file=self._to, flush=True)
                self._drawn = False

    def end(self) -> None:
        """Leave the line of progress; sum up what could not be read."""
        self.clear()
        if self.total > 1 and self.faults:
            missed = len(self.faults)
            print(
                f"plate-streamer: {self.done} of {self.done + missed} read, "
                f"{missed} could not be read (named above)",
                file=self._to,
            )

    def _tell(self, name: str, share: float) -> None:
        with self._lock:
            self._tell_alone(name, share)

    def _tell_alone(self, name: str, share: float) -> None:
        now_s = self._clock()
        every_s = REDRAW_S if self._terminal else EVERY_S
        if self._quiet or now_s - self._told_s < every_s:
            return
        self._told_s = now_s
        text = f"{self._numbers(now_s - self._started_s, share)}: {name}"
        if not self._terminal:
            print(f"plate-streamer: {text}", file=self._to, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{text[:width]}", end="", file=self._to, flush=True)
        self._drawn = True

    def _numbers(self, passed_s: float, share: float) -> str:
        read = self.done + self._failed + share
        rate = read / max(passed_s, 1e-3)
        text = f"{self.done} of {self.total} read"
        if rate == 0:
            return text
        speed = f"{rate:.1f}/s" if rate >= 0.1 else f"{1 / rate:.0f} s each"
        return f"{text}, {speed}, {_span((self.total - read) / rate)} left"


def _span(seconds: float) -> str:
    """How long, as people say it."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
