"""All watchlists: what they say of a plate, and how people change them.

Of one list, entries with the very plate prevail over patterns, and patterns over near ones; of
near ones the nearest count. A plate that any list has an entry for, in force or not, is that
vehicle and no misread other: no list then looks for near ones. Of several lists deny prevails, then
allow.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import get_args

from streamer.data import How, ListKind, ListMatch, PlateEvent, Watched
from streamer.enrich.entry import Entry, entry_of
from streamer.enrich.entry_files import entries_in
from streamer.enrich.filewatch import Reloader
from streamer.enrich.stored_entries import Database, StoredEntries
from streamer.enrich.watchlist import Found, Origin, Watchlist, ratios
from streamer.errors import NotPossible, NotThere, UserError
from streamer.metrics import Metrics
from streamer.plates import canonical_pattern, squeezed

log = logging.getLogger(__name__)

PRECEDENCE: tuple[ListKind, ...] = ("deny", "allow", "notify")
HOWS: tuple[How, ...] = get_args(How)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry and whence it is; only what is `stored` can be changed here."""

    entry: Entry
    origin: Origin


class Watchlists:
    """The lists of a daemon (the `Watchlists` of `streamer.controls`). Any thread.

    `keep_in` must be called before the store is opened, `start` after.
    """

    def __init__(self, lists: Iterable[Watchlist], metrics: Metrics) -> None:
        self._lists = {one.name: one for one in lists}
        self._metrics = metrics
        self._stored: StoredEntries | None = None
        self._changing = threading.Lock()
        self._files: Reloader | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of all lists, in the order of the configuration."""
        return tuple(self._lists)

    def kind(self, name: str) -> ListKind:
        """What a list is for. Raises UserError if there is no such list."""
        return self._list(name).kind

    def keep_in(self, store: Database) -> None:
        """Where entries are kept that people add."""
        self._stored = StoredEntries(store)

    def start(self) -> Callable[[], None]:
        """Read all entries, and files again whenever they change; gives what ends that.

        Raises FileFaults with everything that is wrong with the files.
        """
        self._files = Reloader(
            [
                (one.file, partial(self._reload, one), partial(self._complain, one))
                for one in self._lists.values()
                if one.file
            ],
            "watchlists",
        )
        for one in self._lists.values():
            one.open()
            if self._stored is not None:
                one.put("stored", self._stored.of(one.name))
            self._metrics.watchlist_reload_failures.labels(one.name)
            for how in HOWS:
                self._metrics.watchlist_matches.labels(one.name, how)
            self._count(one)
        self._files.start()
        return self._files.stop

    def reload(self) -> None:
        """Read what has changed, at once."""
        if self._files is not None:
            self._files.look(settled=False)

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event with what the lists say of its plate when it was read."""
        found = self.find(event)
        for one in found:
            if one.refusal and one.match.how != "near":
                log.info(
                    "event %s: its plate is on watchlist %s, but that holds %s",
                    event.id,
                    one.match.list,
                    one.refusal,
                )
        matches = [one.match for one in found if not one.refusal]
        if not matches:
            return event
        matches.sort(key=lambda one: PRECEDENCE.index(one.kind))
        for match in matches:
            self._metrics.watchlist_matches.labels(match.list, match.how).inc()
        return replace(event, watchlist=Watched(matches[0].kind, tuple(matches)))

    def find(self, event: PlateEvent) -> list[Found]:
        """What fits the event's plate, and whether it holds."""
        likely = ratios(event.confidence, event.candidates)
        return self._find(event.plate, event.read_at, likely)

    def _find(self, plate: str, at: datetime, likely: Mapping[str, float]) -> list[Found]:
        certain = {name: one.certain(plate, at) for name, one in self._lists.items()}
        known = any(one.match.how == "exact" for some in certain.values() for one in some)
        found: list[Found] = []
        for name, one in self._lists.items():
            best = _best(certain[name])
            if not known and not any(not some.refusal for some in best):
                best = best + one.near(plate, at, likely)
            found += _distinct(best)
        return found

    def says(self, plate: str, at: datetime) -> list[ListMatch]:
        """What the lists say of a plate `at` that time, what prevails first; nobody counts it."""
        found = [one.match for one in self._find(plate, at, {}) if not one.refusal]
        return sorted(found, key=lambda one: PRECEDENCE.index(one.kind))

    def entries(self, name: str) -> list[Listed]:
        """All entries of a list. Raises NotThere if there is no such list."""
        return [Listed(entry, origin) for entry, origin in _all(self._list(name))]

    def count(self, name: str) -> int:
        """How many entries a list has. Raises NotThere."""
        return len(self._list(name))

    def search(
        self, name: str, text: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[list[Listed], int]:
        """Entries with `text` in their plate (as plates are written) or note, from the one at
        `offset` on, and how many there are in all. Raises NotThere."""
        one, sought, part = self._list(name), text.casefold().strip(), squeezed(text)
        if not sought:
            page = list(islice(_all(one), offset, offset + limit))
            return [Listed(entry, origin) for entry, origin in page], len(one)
        found = [
            (entry, origin)
            for entry, origin in _all(one)
            if (part and part in entry.plate) or (entry.note and sought in entry.note.casefold())
        ]
        page = found[offset : offset + limit]
        return [Listed(entry, origin) for entry, origin in page], len(found)

    def add(self, name: str, plate: str, note: str | None = None) -> None:
        """Put a plate (or pattern) on a list. Raises UserError saying what would be right."""
        self.put(name, Entry(canonical_pattern(plate), note))

    def put(self, name: str, entry: Entry) -> None:
        """Put an entry on a list, in place of a stored one with its plate. Raises UserError."""
        self._change(self._list(name), [entry], clear=False)

    def put_texts(self, name: str, fields: Mapping[str, str | None]) -> Listed:
        """`put` what people have written (see `entry_of`), and give it.

        Raises EntryError, and NotPossible where the configuration or the file says what holds for
        the plate: two entries would both count.
        """
        one, entry = self._list(name), entry_of(fields)
        if not any(some.plate == entry.plate for some in one.entries("stored")):
            _refuse_given(one, entry.plate)
        self.put(name, entry)
        return Listed(entry, "stored")

    def remove(self, name: str, plate: str) -> None:
        """Take a plate off a list. Raises UserError if it is not there, or not to be taken."""
        one, plate = self._list(name), canonical_pattern(plate)
        with self._changing:
            if not self._store().remove(name, plate):
                _refuse_given(one, plate)
                raise NotThere(f"watchlist {name} has no {plate}")
            self._shelve(one, [], {plate})
        log.info("watchlist %s has an entry less", name)

    def import_csv(
        self, name: str, content: bytes, *, clear: bool = False, called: str = "table.csv"
    ) -> int:
        """Put all entries of a table on a list, all or none; gives how many.

        They replace what was added for the same plates, with `clear` all that was added. Raises
        FileFaults, each with the name that the table is `called`, and UserError.
        """
        self._list(name)
        entries = entries_in(content, called)
        self._change(self._list(name), entries, clear=clear)
        return len(entries)

    def _change(self, one: Watchlist, entries: Sequence[Entry], *, clear: bool) -> None:
        with self._changing:
            self._store().put(one.name, entries, clear=clear)
            gone = None if clear else {entry.plate for entry in entries}
            self._shelve(one, entries, gone)
        log.info("watchlist %s: entries put on it: %d", one.name, len(entries))

    def _shelve(self, one: Watchlist, more: Iterable[Entry], gone: Collection[str] | None) -> None:
        """What is in the store now: `more`, and what was there but for the plates in `gone` (None:
        all). To read it anew would hold up the gate, whose events wait for the same store."""
        kept = () if gone is None else one.entries("stored")
        stored = [*(entry for entry in kept if entry.plate not in (gone or ())), *more]
        one.put("stored", sorted(stored, key=lambda entry: entry.plate))
        self._count(one)

    def _reload(self, one: Watchlist, content: bytes) -> None:
        with self._changing:
            before = len(one)
            one.put_file(content)
            self._count(one)
        level = logging.WARNING if before and not len(one) else logging.INFO
        log.log(level, "watchlist %s: %d entries, before %d", one.name, len(one), before)

    def _complain(self, one: Watchlist, error: UserError) -> None:
        self._metrics.watchlist_reload_failures.labels(one.name).inc()
        faults = "; ".join(str(error).splitlines())
        log.error("watchlist %s stays as it was: %s", one.name, faults)

    def _count(self, one: Watchlist) -> None:
        self._metrics.watchlist_entries.labels(one.name).set(len(one))

    def _list(self, name: str) -> Watchlist:
        if name not in self._lists:
            known = ", ".join(self._lists) or "none"
            raise NotThere(f"there is no watchlist '{name}'; the configuration has: {known}")
        return self._lists[name]

    def _store(self) -> StoredEntries:
        if self._stored is None:
            raise UserError("watchlists: nothing can be added here, for nothing is stored")
        return self._stored


def _best(certain: list[Found]) -> list[Found]:
    """The entries with the very plate if one of them holds; else the patterns as well."""
    exact = [one for one in certain if one.match.how == "exact"]
    return exact if any(not one.refusal for one in exact) else certain


def _distinct(found: list[Found]) -> list[Found]:
    """Once each, though it may come from several places or hold at several times."""
    held = {(one.match.entry, one.match.how): one for one in reversed(found) if not one.refusal}
    refused = {(one.match.entry, one.match.how): one for one in found if one.refusal}
    return [*reversed(held.values()), *(one for key, one in refused.items() if key not in held)]


def _refuse_given(one: Watchlist, plate: str) -> None:
    """Raises NotPossible if a plate is where people change it themselves."""
    if any(entry.plate == plate for entry in one.entries("file")):
        raise NotPossible(f"watchlist {one.name}: {plate} is in {one.file}; change it there")
    if any(entry.plate == plate for entry in one.entries("config")):
        raise NotPossible(f"watchlist {one.name}: {plate} is in the configuration; change it there")


def _all(one: Watchlist) -> Iterator[tuple[Entry, Origin]]:
    origins: tuple[Origin, ...] = get_args(Origin)
    return ((entry, origin) for origin in origins for entry in one.entries(origin))
