"""When an entry of a watchlist holds: from and until, on which weekdays, at which hours.

All of it is wall-clock time where the gate stands. In the hour that daylight saving repeats,
both rounds count as that hour; the hour it leaves out never comes.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from streamer.plates import EntryError

Moment = date | datetime
"""A day (from its beginning, or until its end), or a moment in it."""
Window = tuple[int, int]
"""Minutes since midnight: from the first to before the second. Where the second is not larger,
it belongs to the next day."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAYS = frozenset(range(7))
DAY_MINUTES = 24 * 60

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_WINDOW = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-\u2013]\s*(\d{1,2}):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Validity:
    """When an entry holds. A window over midnight belongs to the weekday on which it begins."""

    since: Moment | None = None
    until: Moment | None = None
    weekdays: frozenset[int] = ALL_DAYS
    hours: tuple[Window, ...] = ()

    def refusal(self, at: datetime, zone: tzinfo | None) -> str | None:
        """Why the entry does not hold `at` (with a time zone), in words; None if it does.

        `zone` is where the gate stands, None the box's own.
        """
        if self.since is not None and at < _begin(self.since, zone):
            return f"only from {self.since.isoformat()} on"
        if self.until is not None and at > _end(self.until, zone):
            return f"only until {self.until.isoformat()}"
        if not self._covers(at.astimezone(zone)):
            return f"only {' '.join(filter(None, (self.weekdays_text, self.hours_text)))}"
        return None

    def _covers(self, local: datetime) -> bool:
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if not self.hours:
            return today in self.weekdays
        minute = local.hour * 60 + local.minute
        for begin, end in self.hours:
            if begin < end:
                if begin <= minute < end and today in self.weekdays:
                    return True
            elif (minute >= begin and today in self.weekdays) or (
                minute < end and yesterday in self.weekdays
            ):
                return True
        return False

    @property
    def weekdays_text(self) -> str | None:
        """As `weekdays_of` reads it; None for all."""
        if self.weekdays == ALL_DAYS:
            return None
        return ",".join(DAYS[day] for day in sorted(self.weekdays))

    @property
    def hours_text(self) -> str | None:
        """As `hours_of` reads it; None for all."""
        return ",".join(f"{_clock(one)}-{_clock(other)}" for one, other in self.hours) or None


ALWAYS = Validity()


def moment_of(text: str) -> Moment:
    """`2026-12-31`, `31.12.2026` (as Excel writes it), `2026-12-31T18:00` or with `+01:00`."""
    text = text.strip()
    try:
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
        if german := _GERMAN_DAY.fullmatch(text):
            return date(int(german[3]), int(german[2]), int(german[1]))
        if _ISO_DAY.match(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise EntryError(f"'{text}' should be a day or a time: 2026-12-31, 2026-12-31T18:00")


def weekdays_of(text: str) -> frozenset[int]:
    """`mon-fri`, `sat, sun`, `sat-mon`; Monday is 0."""
    days: set[int] = set()
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*[-\u2013]\s*", "-", text.lower()))):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise EntryError(f"'{text}' should be weekdays, like mon-fri or sat,sun")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        days.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    if not days:
        raise EntryError(f"'{text}' should be weekdays, like mon-fri or sat,sun")
    return frozenset(days)


def hours_of(text: str) -> tuple[Window, ...]:
    """`07:00-19:00`, over midnight `22:00-06:00`, several with commas."""
    windows = []
    for part in re.split(r"[,;]", text):
        found = _WINDOW.fullmatch(part.strip())
        begin, end = (
            (_minutes(found[1], found[2]), _minutes(found[3], found[4])) if found else (0, 0)
        )
        if begin == end or begin >= DAY_MINUTES or end > DAY_MINUTES:
            raise EntryError(f"'{text}' should be hours, like 07:00-19:00 or 22:00-06:00")
        windows.append((begin, end))
    return tuple(windows)


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _begin(moment: Moment, zone: tzinfo | None) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return _placed(moment, zone)


def _end(moment: Moment, zone: tzinfo | None) -> datetime:
    if isinstance(moment, datetime):
        return _placed(moment, zone)
    return _placed(datetime.combine(moment, time.max), zone)


def _placed(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is not None:
        return moment
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
