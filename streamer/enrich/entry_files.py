"""Files with the entries of a watchlist: a table (CSV) or a list in YAML."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from streamer import yaml12
from streamer.enrich.entry import FIELDS, Entry, entry_of
from streamer.enrich.sheets import FileFaults, Row, rows_of, text_of
from streamer.errors import UserError
from streamer.parts import nearest
from streamer.plates import EntryError
from streamer.rows import as_meant

YAML = (".yaml", ".yml")


def entries_in(content: bytes, name: str) -> list[Entry]:
    """The entries in the content of the file `name`, whose ending says how it is written.

    Raises FileFaults with everything that is wrong, each with its line.
    """
    text = text_of(content, name)
    if name.lower().endswith(YAML):
        return _gathered(_in_yaml(text, name), entry_of, name)
    columns, rows = _table(text, name)
    return _gathered(((r.line, r) for r in rows), lambda r: entry_of(_fields(columns, r)), name)


def _gathered(
    found: Iterable[tuple[int, Any]], parse: Callable[[Any], Entry], name: str
) -> list[Entry]:
    entries, faults = [], []
    for line, raw in found:
        try:
            entries.append(parse(raw))
        except EntryError as error:
            faults.append(f"{name}:{line}: {error}")
    if faults:
        raise FileFaults(faults)
    return entries


def _in_yaml(text: str, name: str) -> Iterator[tuple[int, Any]]:
    try:
        raw, lines = yaml12.load(text, name)
    except UserError as error:
        raise FileFaults([str(error)]) from None
    if not isinstance(raw, list | None):
        raise FileFaults([f"{name}: should be a list of plates, or of mappings with 'plate'"])
    for place, fields in enumerate(raw or []):
        yield lines.get((place,), 1), fields


def _table(text: str, name: str) -> tuple[tuple[str, ...], list[Row]]:
    """The columns and the rows below their names, if the first row is that."""
    rows = rows_of(text, name)
    columns: tuple[str, ...] = FIELDS
    if rows and any(cell.lower() == "plate" for cell in rows[0].cells):
        columns = tuple(cell.lower() for cell in rows[0].cells)
        _check_columns(columns, f"{name}:{rows[0].line}")
        rows = rows[1:]
    elif rows and not any(char in "0123456789*?" for char in rows[0].cells[0]):
        raise FileFaults(
            [f"{name}:{rows[0].line}: the first line should name the columns: {', '.join(FIELDS)}"]
        )
    return columns, rows


def _check_columns(columns: tuple[str, ...], where: str) -> None:
    faults = [
        f"{where}: no such column '{column}'{nearest(column, list(FIELDS))}; known:"
        f" {', '.join(FIELDS)}; what begins with _ is left alone"
        for column in columns
        if column and column not in FIELDS and not column.startswith("_")
    ]
    twice = {column for column in columns if column in FIELDS and columns.count(column) > 1}
    faults += [f"{where}: the column '{column}' is there twice" for column in sorted(twice)]
    if faults:
        raise FileFaults(faults)


def _fields(columns: tuple[str, ...], row: Row) -> Mapping[str, str]:
    if any(row.cells[len(columns) :]):
        raise EntryError(
            f"{len(row.cells)} cells for {len(columns)} columns; text that has the delimiter in"
            " it belongs in quotes"
        )
    pairs = zip(columns, row.cells, strict=False)
    return {column: as_meant(cell) for column, cell in pairs if column in FIELDS}
