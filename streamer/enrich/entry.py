"""An entry of a watchlist, and the one way to read it: from YAML, a table, MQTT or the portal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamer.enrich.validity import (
    ALL_DAYS,
    ALWAYS,
    Moment,
    Validity,
    hours_of,
    moment_of,
    weekdays_of,
)
from streamer.parts import nearest
from streamer.plates import EntryError, canonical_pattern

FIELDS = ("plate", "note", "valid_from", "valid_until", "weekdays", "hours")
"""The keys of an entry, the columns of a table, in this order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A plate (A-Z, 0-9) or pattern (with `*` and `?`), what is noted of it, when it holds."""

    plate: str
    note: str | None = None
    validity: Validity = ALWAYS

    def texts(self) -> dict[str, str]:
        """What `entry_of` makes the same entry of; fields that say nothing are left out."""
        since, until = self.validity.since, self.validity.until
        written = {
            "plate": self.plate,
            "note": self.note,
            "valid_from": since and since.isoformat(),
            "valid_until": until and until.isoformat(),
            "weekdays": self.validity.weekdays_text,
            "hours": self.validity.hours_text,
        }
        return {key: text for key, text in written.items() if text}


def entry_of(raw: Any) -> Entry:
    """The entry in a plate alone, or in a mapping of `FIELDS` to texts.

    Raises EntryError with everything that is wrong, and what would be right.
    """
    if isinstance(raw, Entry):
        return raw
    if isinstance(raw, str):
        return Entry(canonical_pattern(raw))
    if not isinstance(raw, Mapping):
        hint = "; put it in quotes" if isinstance(raw, int | float) else ""
        raise EntryError(f"{raw!r} should be a plate, or a mapping with 'plate'{hint}")
    reading = _Reading(raw)
    entry = Entry(
        reading.field("plate", canonical_pattern, "") or "",
        reading.field("note", str.strip, None) or None,
        Validity(
            reading.field("valid_from", moment_of, None),
            reading.field("valid_until", moment_of, None),
            reading.field("weekdays", weekdays_of, ALL_DAYS),
            reading.field("hours", hours_of, ()),
        ),
    )
    reading.finish(entry)
    # One object for all that always hold: there may be a hundred thousand.
    return entry if entry.validity != ALWAYS else Entry(entry.plate, entry.note)


class _Reading:
    """Reads the fields of one entry and gathers what is wrong with them."""

    def __init__(self, raw: Mapping[Any, Any]) -> None:
        self._raw = raw
        self._faults = [
            ("", f"unknown key '{key}'{_known(key)}") for key in raw if key not in FIELDS
        ]

    def field(self, key: str, parse: Callable[[str], Any], default: Any) -> Any:
        value = self._raw.get(key)
        if key == "weekdays" and isinstance(value, list):
            value = ",".join(map(str, value))
        if value is None or (isinstance(value, str) and not value.strip()):
            return default
        if not isinstance(value, str):
            self._faults.append((key, f"{value!r} should be text; put it in quotes"))
            return default
        try:
            return parse(value)
        except EntryError as error:
            self._faults.append((key, str(error)))
            return default

    def finish(self, entry: Entry) -> None:
        plate = self._raw.get("plate")
        if plate is None or (isinstance(plate, str) and not plate.strip()):
            self._faults.append(("plate", "is missing"))
        since, until = entry.validity.since, entry.validity.until
        if since is not None and until is not None and not _in_order(since, until):
            self._faults.append(("valid_until", f"{until.isoformat()} is before valid_from"))
        if self._faults:
            texts = (f"{key}: {fault}" if key else fault for key, fault in self._faults)
            raise EntryError("; ".join(texts), self._faults)


def _known(key: Any) -> str:
    return nearest(str(key), list(FIELDS)) or f"; known: {', '.join(FIELDS)}"


def _in_order(since: Moment, until: Moment) -> bool:
    zones = {one.tzinfo is None for one in (since, until) if isinstance(one, datetime)}
    if isinstance(since, datetime) and isinstance(until, datetime) and len(zones) == 1:
        return since <= until
    days = [one.date() if isinstance(one, datetime) else one for one in (since, until)]
    return days[0] <= days[1]
