"""Results as JSON Lines, one JSON array or CSV, on standard output or in a file."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Literal

from streamer.errors import UserError
from streamer.reading.results import COLUMNS, Result
from streamer.rows import as_meant

Style = Literal["jsonl", "json", "csv"]
Begin = Literal["anew", "append", "resume"]
Write = Callable[[Result], None]
STDOUT = "-"


@contextmanager
def result_file(style: Style, output: str, begin: Begin = "anew") -> Iterator[Write]:
    """Writes one result after the other, each at once for others to see.

    `append` and `resume` go on after what is in the file. Raises UserError when it cannot be
    written to.
    """
    with _opened(output, "w" if begin == "anew" else "a") as file:
        fresh = begin == "anew" or file.tell() == 0
        with contextmanager(_WRITERS[style])(file, fresh) as write:
            yield partial(_written, output, write)


def _written(output: str, write: Write, result: Result) -> None:
    try:
        write(result)
    except BrokenPipeError:  # who read it has enough
        raise
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from None


def _lines(file: IO[str], _: bool) -> Iterator[Write]:
    yield lambda result: print(result.json, file=file, flush=True)


def _array(file: IO[str], _: bool) -> Iterator[Write]:
    """Closed even where reading is interrupted: what was read until then is an array, too."""
    opening = "["

    def write(result: Result) -> None:
        nonlocal opening
        print(opening, result.json, sep="\n", end="", file=file, flush=True)
        opening = ","

    try:
        yield write
    finally:
        print("[]" if opening == "[" else "\n]", file=file, flush=True)


def _table(file: IO[str], fresh: bool) -> Iterator[Write]:
    table = csv.DictWriter(file, COLUMNS)
    if fresh:
        table.writeheader()
        file.flush()

    def write(result: Result) -> None:
        table.writerows(result.rows)
        file.flush()

    yield write


_WRITERS: dict[Style, Callable[[IO[str], bool], Iterator[Write]]] = {
    "jsonl": _lines,
    "json": _array,
    "csv": _table,
}


@contextmanager
def _opened(output: str, mode: str) -> Iterator[IO[str]]:
    if output == STDOUT:
        yield sys.stdout
        return
    try:
        file = Path(output).open(  # noqa: SIM115
            mode, encoding="utf-8", newline="", errors="surrogateescape"
        )
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from None
    try:
        yield file
    finally:
        with suppress(OSError):  # a full disk; what was to be written has been told of
            file.close()


def mend(style: Style, output: str) -> None:
    """Cut a last line off that was not written to its end, so that others can follow.

    Raises UserError where the file is none of ours.
    """
    text = _content(output)
    whole = _whole(style, text)
    if style == "csv" and whole and next(csv.reader(io.StringIO(whole))) != list(COLUMNS):
        raise UserError(
            f"--output {output}: has other columns than {', '.join(COLUMNS)}; "
            "take another file, or read it anew"
        )
    if whole != text:
        _cut(output, whole)


def already_read(style: Style, output: str, videos: set[str]) -> set[str]:
    """The sources that a mended file holds results of.

    Results stand in the order of the input: only the last source in the file may have been broken
    off, if it has several lines, as `videos` (their names) and the plates of a picture in a table
    have. These are cut off, and it is not among the answer.
    """
    text = _content(output)
    records = list(_RECORDS[style](output, text))
    last = records[-1][0] if records else None
    if last is not None and (last in videos or style == "csv"):
        start = next(at for at, (name, _) in enumerate(records) if name == last)
        _cut(output, text[: records[start][1]])
        records = records[:start]
    return {name for name, _ in records}


def _line_records(output: str, text: str) -> Iterator[tuple[str, int]]:
    """The source of each line, and where in the text the line begins."""
    at = 0
    for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
        try:
            yield json.loads(line)["source"], at
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"--resume: {output}:{number} does not say what it was read from; only what "
                "`read` writes of pictures, or with --positions or --format csv, is resumed"
            ) from None
        at += len(line)


def _row_records(_: str, text: str) -> Iterator[tuple[str, int]]:
    at = 0
    file = io.StringIO(text, newline="")

    def lines() -> Iterator[str]:
        nonlocal at
        for line in file:
            at += len(line)
            yield line

    before = 0
    for number, row in enumerate(csv.reader(lines())):
        if number and row:
            yield as_meant(row[0]), before
        before = at


_RECORDS = {"jsonl": _line_records, "csv": _row_records}


def _whole(style: Style, text: str) -> str:
    """Up to the end of the last record that was written to its end."""
    end = text.rfind("\n") + 1
    # A line's end within quotes is one of a file's name, not of a row.
    while style == "csv" and text.count('"', 0, end) % 2:
        end = text.rfind("\n", 0, end - 1) + 1
    return text[:end]


def _content(output: str) -> str:
    path = Path(output)
    try:
        if not path.exists():
            return ""
        with path.open(encoding="utf-8", newline="", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"--output {output}: cannot be read: {error.strerror}") from None


def _cut(output: str, whole: str) -> None:
    length = len(whole.encode("utf-8", "surrogateescape"))
    try:
        with Path(output).open("r+b") as file:
            file.truncate(length)
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from None
