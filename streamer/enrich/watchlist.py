"""One list of plates, whose entries come from the configuration, from a file, from people."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from annotated_types import Ge, Lt
from pydantic import AfterValidator, Field, PlainValidator

from streamer.data import Candidate, How, ListKind, ListMatch
from streamer.enrich.entry import Entry, entry_of
from streamer.enrich.entry_files import entries_in
from streamer.enrich.filewatch import read_content
from streamer.enrich.index import Index
from streamer.enrich.sheets import FileFaults

log = logging.getLogger(__name__)

Origin = Literal["config", "file", "stored"]
"""Whence an entry is: the configuration, the list's file, or added while the daemon runs."""

REACH: Mapping[ListKind, float] = {"allow": 0.3, "deny": 0.6, "notify": 0.6}
"""How far near matches may be, unless the configuration says otherwise. What opens a gate takes
one sign for its twin (0 for O, 1 for I: one shape in many fonts) and no more; a list that keeps out
or tells takes one for any that looks like it, or two twins. One misread character of any kind (1.0)
would hit more strangers from the same town than it would find misread plates: docs/watchlists.md,
measured by benchmarks/watchlists.py."""

LIST_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]*$"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"no such time zone '{name}'; like Europe/Berlin, or null") from None
    return name


@dataclass(frozen=True, slots=True)
class Found:
    """An entry whose plate or pattern fits a plate, and why it does not hold then, if so."""

    match: ListMatch
    refusal: str | None


class Watchlist:
    """Entries of one kind, under a name. Reading is for any thread; `put` is for one at a time."""

    def __init__(
        self,
        *,
        name: Annotated[str, Field(pattern=LIST_NAME)],
        kind: ListKind,
        file: Path | None = None,
        entries: tuple[Annotated[Entry, PlainValidator(entry_of)], ...] = (),
        match: Literal["exact", "near"] = "near",
        max_distance: Annotated[float, Ge(0), Lt(2)] | None = None,
        time_zone: Annotated[str, AfterValidator(_zone)] | None = None,
    ) -> None:
        self.name = name
        self.kind: ListKind = kind
        self.file = file
        reach = REACH[kind] if max_distance is None else max_distance
        self.max_distance = reach if match == "near" else 0.0
        self._zone = None if time_zone is None else ZoneInfo(time_zone)
        self._given = entries
        self._shelves: dict[Origin, Index] = {}

    @staticmethod
    def faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with the file that the options name: pairs of key and message."""
        if options["file"] is not None:
            try:
                entries_in(read_content(options["file"]), str(options["file"]))
            except FileFaults as error:
                for fault in error.faults:
                    yield "file", fault

    def open(self) -> None:
        """Take what the configuration says, and the file. Raises FileFaults if that is faulty."""
        self.put("config", self._given)
        if self.file is not None:
            self.put_file(read_content(self.file))
        if self.kind == "allow" and self.max_distance > REACH["allow"]:
            log.warning(
                "watchlist %s: max_distance %s lets in plates that only resemble those on it",
                self.name,
                self.max_distance,
            )

    def put_file(self, content: bytes) -> None:
        """Have what is in the list's file now. Raises FileFaults; the list is then as it was."""
        self.put("file", entries_in(content, str(self.file)))

    def put(self, origin: Origin, entries: Sequence[Entry]) -> None:
        """Have these entries from there, in place of those that were."""
        self._shelves = self._shelves | {origin: Index(entries, self.max_distance)}

    def entries(self, origin: Origin) -> tuple[Entry, ...]:
        """Those from one origin."""
        return self._shelves[origin].entries if origin in self._shelves else ()

    def __len__(self) -> int:
        return sum(len(shelf) for shelf in self._shelves.values())

    def certain(self, plate: str, at: datetime) -> list[Found]:
        """What fits the plate itself: entries with it, then patterns."""
        shelves = self._shelves.values()
        exact = [entry for shelf in shelves for entry in shelf.exact(plate)]
        patterns = [entry for shelf in shelves for entry in shelf.wildcard(plate)]
        return [
            *(self._found(entry, at, "exact") for entry in exact),
            *(self._found(entry, at, "wildcard") for entry in patterns),
        ]

    def near(self, plate: str, at: datetime, likely: Mapping[str, float]) -> list[Found]:
        """The nearest entries within reach, several if equally near.

        `likely` as `ratios` gives it. What opens a gate does without: another reading that the
        reader thought possible is no reason to.
        """
        likely = {} if self.kind == "allow" else likely
        shelves = list(self._shelves.values())
        found = [(far, other, s) for s in shelves for other, far in s.near(plate, likely).items()]
        least = min((far for far, *_ in found), default=0.0)
        return [
            self._found(entry, at, "near", far)
            for far, other, shelf in found
            if far == least
            for entry in shelf.exact(other)
        ]

    def _found(self, entry: Entry, at: datetime, how: How, far: float = 0.0) -> Found:
        match = ListMatch(self.name, self.kind, entry.plate, how, round(far, 2), entry.note)
        return Found(match, entry.validity.refusal(at, self._zone))


def ratios(confidence: float, candidates: Sequence[Candidate]) -> dict[str, float]:
    """How much less probable (0..1) than the plate its other readings are."""
    sure = max(confidence, 1e-9)
    return {one.plate: min(1.0, one.confidence / sure) for one in candidates}
