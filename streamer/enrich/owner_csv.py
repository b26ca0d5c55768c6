"""Owners from a table: a spreadsheet that somebody keeps, read again whenever it changes."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streamer.data import PlateEvent
from streamer.enrich.filewatch import Reloader, read_content
from streamer.enrich.lookup import Amend
from streamer.enrich.sheets import FileFaults, Row, rows_of, text_of
from streamer.errors import UserError
from streamer.metrics import Metrics
from streamer.parts import nearest
from streamer.plates import EntryError, canonical

log = logging.getLogger(__name__)

Owners = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row the plate is, and where each field of the owner."""

    plate: int
    fields: Mapping[str, int]


def owners_in(content: bytes, name: str, key: str, columns: Mapping[str, str] | None) -> Owners:
    """By plate the fields of its owner that are filled in. The first row names the columns.

    Raises FileFaults with everything that is wrong, each with its line.
    """
    rows = rows_of(text_of(content, name), name)
    if not rows:
        raise FileFaults([f"{name}: is empty; the first row should name the columns"])
    found = _columns(rows[0], name, key, columns)
    owners: Owners = {}
    faults = []
    for row in rows[1:]:
        try:
            plate = canonical(_cell(row, found.plate))
        except EntryError as error:
            faults.append(f"{name}:{row.line}: {error}")
            continue
        owner: dict[str, object] = {
            field: _cell(row, at) for field, at in found.fields.items() if _cell(row, at)
        }
        if owners.setdefault(plate, owner) != owner:
            faults.append(f"{name}:{row.line}: {plate} has another owner above")
    if faults:
        raise FileFaults(faults)
    return owners


def _columns(head: Row, name: str, key: str, columns: Mapping[str, str] | None) -> Columns:
    others = [one for one in head.cells if one and one != key and not one.startswith("_")]
    wanted = dict(columns) if columns else {one: one for one in others}
    faults = [
        f"{name}:{head.line}: there is no column '{column}'"
        f"{nearest(column, list(head.cells)) or '; there are: ' + ', '.join(head.cells)}"
        for column in (key, *wanted.values())
        if column not in head.cells
    ]
    if faults:
        raise FileFaults(faults)
    places = {field: head.cells.index(column) for field, column in wanted.items()}
    return Columns(head.cells.index(key), places)


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""


class CsvOwner:
    """Knows the owners in `file`: by the column `key` what is in `columns` (field: column).

    Without `columns` it is all of them, under their own names, but those that begin with _.
    """

    def __init__(
        self,
        _: Amend,
        metrics: Metrics,
        *,
        file: Path,
        key: str = "plate",
        columns: dict[str, str] | None = None,
    ) -> None:
        self._file = file
        self._key = key
        self._columns = columns
        self._metrics = metrics
        self._owners: Owners = {}
        self._files: Reloader | None = None

    @staticmethod
    def faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with the file that the options name: pairs of key and message."""
        file = options["file"]
        try:
            owners_in(read_content(file), str(file), options["key"], options["columns"])
        except FileFaults as error:
            for fault in error.faults:
                yield "file", fault

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event with its owner, if the table has one."""
        owner = self._owners.get(event.plate)
        self._metrics.owner_lookups.labels("found" if owner else "unknown").inc()
        return replace(event, owner=owner) if owner else event

    def start(self) -> Callable[[], None]:
        """Read the file, and again whenever it changes; gives what ends that.

        Raises FileFaults if the file is faulty.
        """
        self._files = Reloader([(self._file, self._take, self._complain)], "owners")
        self._take(read_content(self._file))
        self._files.start()
        return self._files.stop

    def reload(self) -> None:
        """Read what has changed, at once."""
        if self._files is not None:
            self._files.look(settled=False)

    def _take(self, content: bytes) -> None:
        self._owners = owners_in(content, str(self._file), self._key, self._columns)
        log.info("owner: %d plates in %s", len(self._owners), self._file)

    def _complain(self, error: UserError) -> None:
        self._metrics.owner_reload_failures.inc()
        log.error("owners stay as they were: %s", "; ".join(str(error).splitlines()))
