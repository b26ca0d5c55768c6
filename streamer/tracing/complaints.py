"""At most one line a minute about what is wrong with tracing: events matter, traces do not."""

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec

P = ParamSpec("P")

log = logging.getLogger(__name__)

EVERY_S = 60.0


class Complaints:
    """Writes the first complaint to the log, and then at most one in `every_s`."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._next_s = -every_s
        self._lock = threading.Lock()

    def __call__(self, text: str) -> None:
        """Say it, unless something was said a moment ago. Never with a traceback."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_s:
                return
            self._next_s = now + self._every_s
        log.warning("tracing: %s", " ".join(text.split()))


def guarded(tell: Callable[P, None]) -> Callable[P, None]:
    """For methods of who has `failed(error)`: a fault in tracing costs a trace, never an event."""

    @functools.wraps(tell)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            tell(*args, **kwargs)
        except Exception as error:
            teller: Any = args[0]
            teller.failed(error)

    return guard
