"""Times as the database has them: milliseconds since 1970, as exact as events are written."""

import time
from datetime import UTC, datetime, timedelta

START = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(milliseconds=1)


def millis(at: datetime, *, up: bool = False) -> int:
    """The milliseconds that have passed; with `up` those that will have at the next full one."""
    full, rest = divmod(at - START, STEP)
    return full + bool(up and rest)


def moment(at: int) -> datetime:
    """The same as a time, UTC."""
    return START + at * STEP


def this_moment() -> int:
    """Now."""
    return time.time_ns() // 1_000_000
