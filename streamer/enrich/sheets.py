"""Tables as spreadsheets write them: commas, semicolons or tabs, with or without a BOM."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass

from streamer.errors import WrongInput

DELIMITERS = ";\t,"
MOST_FAULTS = 20
"""Of one file are told."""


class FileFaults(WrongInput):
    """All that is wrong with a file, one a line, each with the file's name and its line."""

    def __init__(self, faults: list[str]) -> None:
        shown = faults[:MOST_FAULTS]
        if len(faults) > len(shown):
            shown.append(f"{faults[0].split(':')[0]}: and {len(faults) - len(shown)} faults more")
        where_and_what = (fault.partition(": ")[::2] for fault in shown)
        super().__init__("\n".join(shown), tuple(where_and_what))
        self.faults = shown


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, without blanks around them, and its line in the file (from 1)."""

    line: int
    cells: tuple[str, ...]


def text_of(content: bytes, name: str) -> str:
    """The text in a file. UTF-8, or as Excel writes it: with a BOM, UTF-16, Windows-1252."""
    encodings = ["utf-8-sig", "cp1252"]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileFaults([f"{name}: is no text; save it as CSV in UTF-8"])


def rows_of(text: str, name: str) -> list[Row]:
    """The rows that say something; lines that begin with # are for people.

    Raises FileFaults where quotes do not fit together.
    """
    lines = ["\n" if line.lstrip().startswith("#") else line for line in text.splitlines(True)]
    delimiter = ","
    for place, line in enumerate(lines):
        if line.strip():
            if line.strip().lower()[:-1] == "sep=":  # Excel's own way to name it
                delimiter, lines[place] = line.strip()[-1], "\n"
            else:
                delimiter = next((one for one in DELIMITERS if one in line), delimiter)
            break
    return list(_rows(lines, delimiter, name))


def _rows(lines: list[str], delimiter: str, name: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    begin = 1
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                yield Row(begin, cells)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise FileFaults([f"{name}:{begin}: {error}; look at its quotes"]) from None
