"""Watchlists: their entries, found and changed."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from streamer.rows import csv_lines, harmless
from streamer.web.access import Operator, User, Viewer
from streamer.web.export import Download, in_chunks
from streamer.web.inputs import LONGEST_TEXT, MOST, PatternText, Prose, Text, told_of
from streamer.web.models import Entries, Entry, Imported, Watchlist, Watchlists
from streamer.web.portal import Portal
from streamer.web.ports import ListedEntry
from streamer.web.problems import Problem, responses

COLUMNS = ("plate", "note", "valid_from", "valid_until", "weekdays", "hours")
LONGEST_NOTE = 1000
FARTHEST = 10_000_000

Name = Annotated[Text, Path(examples=["residents"])]
EntryPlate = Annotated[
    PatternText,
    Path(description="A plate, or a pattern with `*` and `?` (in a URL `%3F`).", examples=["DHL*"]),
]
Short = Annotated[Prose, Field(max_length=LONGEST_TEXT)] | None
CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A table that can be imported again; where an entry is from stands in"
        " `_origin`, which an import leaves alone.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
_TABLE = {"type": "string", "examples": ["plate;note\nAB 123 CD;Miller\n"]}
_FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
TABLE_BODY = {
    "requestBody": {
        "required": True,
        "description": "As a spreadsheet saves it: docs/watchlists.md.",
        "content": {"text/csv": {"schema": _TABLE}, "multipart/form-data": {"schema": _FORM}},
    }
}


class Fields(BaseModel):
    """What an entry says beside its plate; docs/watchlists.md has what may be written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: Annotated[Prose, Field(max_length=LONGEST_NOTE)] | None = Field(
        None, examples=["Miller, 3rd floor"]
    )
    valid_from: Short = Field(None, examples=["2026-01-01"])
    valid_until: Short = Field(None, examples=["2026-12-31T18:00"])
    weekdays: Short = Field(None, examples=["mon-fri"])
    hours: Short = Field(None, examples=["07:00-19:00"])


class EntrySearch(BaseModel):
    """Which entries are wanted."""

    model_config = ConfigDict(extra="forbid")

    search: Annotated[str, Field(max_length=LONGEST_TEXT)] = Field(
        "", description="Part of a plate, as people write it, or of a note."
    )
    limit: int = Field(50, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=FARTHEST)


class Import(BaseModel):
    """How a table is imported."""

    model_config = ConfigDict(extra="forbid")

    replace: bool = Field(
        False,
        description="Take off the list first whatever was put on it; the configuration's"
        " entries and the file's stay.",
    )


def router(portal: Portal) -> APIRouter:
    """The routes of watchlists."""
    routes = APIRouter(tags=["watchlists"])
    _looks(portal, routes)
    _changes(portal, routes)
    _tables(portal, routes)
    return routes


def _looks(portal: Portal, routes: APIRouter) -> None:
    book = portal.watchlists

    @routes.get("/watchlists", summary="All watchlists")
    def watchlists(_: Viewer) -> Watchlists:
        """Their names, what they are for, and how many entries they have."""
        return Watchlists(
            watchlists=[
                Watchlist(name=name, kind=book.kind(name), entries=book.count(name))
                for name in book.names
            ]
        )

    @routes.get(
        "/watchlists/{name}/entries",
        summary="Find entries",
        responses=responses(404),
    )
    def find_entries(_: Viewer, name: Name, wanted: Annotated[EntrySearch, Query()]) -> Entries:
        """Entries of a watchlist: the configuration's, its file's, those that were put there."""
        found, total = book.search(name, wanted.search, wanted.limit, wanted.offset)
        return Entries(entries=[Entry.of(one) for one in found], total=total)


def _changes(portal: Portal, routes: APIRouter) -> None:
    @routes.put(
        "/watchlists/{name}/entries/{plate}",
        summary="Put an entry on a watchlist",
        responses=responses(404, 409),
    )
    def put_entry(
        user: Operator, name: Name, plate: EntryPlate, fields: Annotated[Fields, Body()]
    ) -> Entry:
        """In place of one that was put there for this plate before. 409 for a plate that is in
        the configuration or in the list's file: it is changed there."""
        with told_of("body"):
            listed = portal.watchlists.put_texts(name, {"plate": plate, **fields.model_dump()})
        texts = "; ".join(f"{k}: {v}" for k, v in listed.entry.texts().items() if k != "plate")
        portal.archive.log(user.name, "watchlist.put", f"{name}/{listed.entry.plate}", texts)
        return Entry.of(listed)

    @routes.delete(
        "/watchlists/{name}/entries/{plate}",
        summary="Take a plate off a watchlist",
        status_code=204,
        responses=responses(404, 409),
    )
    def remove_entry(user: Operator, name: Name, plate: EntryPlate) -> None:
        """All that was put there for it. 409 for what the configuration or the file has."""
        portal.watchlists.remove(name, plate)
        portal.archive.log(user.name, "watchlist.remove", f"{name}/{plate}")


def _tables(portal: Portal, routes: APIRouter) -> None:
    @routes.post(
        "/watchlists/{name}/import",
        summary="Put a table on a watchlist",
        responses=responses(404),
        openapi_extra=TABLE_BODY,
    )
    async def import_entries(
        user: Operator, request: Request, name: Name, how: Annotated[Import, Query()]
    ) -> Imported:
        """All entries or, where one is wrong, none. They replace what was put there for the same
        plates. Faults name their line: `body:3`."""
        content = await _table_in(request)
        return await run_in_threadpool(_import, portal, user, name, content, how.replace)

    @routes.get(
        "/watchlists/{name}/export",
        summary="All entries as a table",
        response_class=Response,
        responses=CSV | responses(404),
    )
    def export_entries(_: Viewer, name: Name) -> Response:
        """Whatever is on the list, wherever it is from."""
        entries = portal.watchlists.entries(name)
        return Download(in_chunks(_lines(entries)), f"{name}.csv", "text/csv")


def _import(portal: Portal, user: User, name: str, content: bytes, replace: bool) -> Imported:
    with told_of("body"):
        count = portal.watchlists.import_csv(name, content, clear=replace, called="body")
    detail = f"entries: {count}" + (", in place of all that were put there" if replace else "")
    portal.archive.log(user.name, "watchlist.import", name, detail)
    return Imported(imported=count)


async def _table_in(request: Request) -> bytes:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return await request.body()
    if kind != "multipart/form-data":
        raise Problem(415, f"'{kind}' should be text/csv, or multipart/form-data with 'file'")
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Problem(422, "file: the form should have a file of that name", "body.file")
        return await file.read()


def _lines(entries: Iterable[ListedEntry]) -> Iterator[str]:
    rows = (
        (*(harmless(texts.get(column, "")) for column in COLUMNS), one.origin)
        for one in entries
        for texts in [one.entry.texts()]
    )
    return (csv_lines([row], "\r\n") for row in chain([(*COLUMNS, "_origin")], rows))
