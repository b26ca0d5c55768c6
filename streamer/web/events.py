"""Events: found, looked at, exported, corrected."""

import logging
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from streamer.archive import records
from streamer.data import PlateEvent
from streamer.errors import UserError
from streamer.web.access import Operator, User, Viewer
from streamer.web.export import (
    MEDIA_TYPES,
    Download,
    as_csv,
    as_jsonl,
    attached,
    in_chunks,
    name_now,
)
from streamer.web.inputs import CorrectPlate, EventExport, EventSearch, Id, told_of
from streamer.web.models import Page, Record
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses

log = logging.getLogger(__name__)

PICTURE_HEADERS = {
    # A picture never changes, but it is personal data: a browser may not have it for much longer
    # than it is kept here.
    "Cache-Control": "private, max-age=86400, immutable",
}
NOT_CHANGED = 304
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    NOT_CHANGED: {"description": "The browser has it already (`If-None-Match`)."},
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A table, or a JSON object per line: plate-event/1, and after the event of"
        " a corrected plate plate-correction/1.",
        "content": {
            media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()
        },
    }
}


class Corrected(BaseModel):
    """What the plate is; to confirm a reading, the same plate."""

    model_config = ConfigDict(extra="forbid")

    plate: CorrectPlate | None = Field(
        description="null: there is no plate, or none that can be read.", examples=["AB123CD"]
    )


def router(portal: Portal) -> APIRouter:
    """The routes of events."""
    routes = APIRouter(tags=["events"])

    @routes.get("/events", summary="Find events")
    def find_events(_: Viewer, search: Annotated[EventSearch, Query()]) -> Page:
        """The latest events that fit the filter. `next` is the `cursor` of those before them."""
        with told_of("query"):
            page = portal.archive.search(search.query(), search.limit, search.cursor)
        return Page(events=[Record.of(one) for one in page.records], next=page.next)

    @routes.get(
        "/events/export",
        summary="Export events",
        response_class=Response,
        responses=FILE,
    )
    @routes.head("/events/export", include_in_schema=False)
    def export_events(
        user: Viewer, request: Request, wanted: Annotated[EventExport, Query()]
    ) -> Response:
        """All events that fit the filter, the latest first, as a file. A CSV file has a row of
        column names, and the corrected plate in `plate_now`."""
        query = wanted.query()
        name, media_type = name_now("plates", wanted.format), MEDIA_TYPES[wanted.format]
        if request.method == "HEAD":
            return Response(headers=attached(name), media_type=media_type)
        # Many people's data leave at once: who took them is worth knowing.
        portal.archive.log(user.name, "events.export", name, request.url.query)
        with told_of("query"):
            found = portal.archive.walk(query)
            lines = as_csv(found) if wanted.format == "csv" else as_jsonl(found)
            return Download(in_chunks(lines), name, media_type)

    @routes.get("/events/{event_id:uuid}", summary="One event", responses=responses(404))
    def one_event(_: Viewer, event_id: Id) -> Record:
        """An event, and what was made of it since."""
        return Record.of(_known(portal, event_id))

    @routes.get(
        "/events/{event_id:uuid}/snapshot",
        summary="The picture of an event",
        response_class=Response,
        responses=PICTURE | responses(404),
    )
    def event_snapshot(_: Viewer, request: Request, event_id: Id) -> Response:
        """The frame in which the plate was read best (JPEG)."""
        event = _known(portal, event_id).event
        return _picture(portal, request, f"{event.id}-snapshot", event.snapshot)

    @routes.get(
        "/events/{event_id:uuid}/crop",
        summary="The picture of an event's plate",
        response_class=Response,
        responses=PICTURE | responses(404),
    )
    def event_crop(_: Viewer, request: Request, event_id: Id) -> Response:
        """The plate alone, as the reader was given it (JPEG)."""
        event = _known(portal, event_id).event
        return _picture(portal, request, f"{event.id}-crop", event.crop)

    _corrections(portal, routes)
    return routes


def _corrections(portal: Portal, routes: APIRouter) -> None:
    @routes.put(
        "/events/{event_id:uuid}/correction",
        summary="Correct or confirm a plate",
        responses=responses(404),
    )
    def correct_event(
        user: Operator, event_id: Id, corrected: Annotated[Corrected, Body()]
    ) -> Record:
        """Say what the plate is; the same plate again confirms that it was read rightly. The
        picture is kept for training."""
        return Record.of(_correct(portal, user, event_id, corrected.plate))

    @routes.delete(
        "/events/{event_id:uuid}/correction",
        summary="Take a correction back",
        status_code=204,
        responses=responses(404),
    )
    def retract_correction(user: Operator, event_id: Id) -> None:
        """The plate is again the one that was read, and nothing is learnt from it."""
        if not portal.archive.retract(str(event_id)):
            raise Problem(404, f"nobody has corrected event {event_id}")
        _forget_lesson(portal, str(event_id))
        portal.archive.log(user.name, "event.retract", str(event_id))


def _known(portal: Portal, event_id: UUID) -> records.Record:
    found = portal.archive.get(str(event_id))
    if found is None:
        raise Problem(404, f"there is no event {event_id}, or no more")
    return found


def _picture(portal: Portal, request: Request, name: str, place: str | None) -> Response:
    headers = PICTURE_HEADERS | {"ETag": f'"{name}"'}
    if place is None or portal.pictures is None:
        raise Problem(404, "no picture of it was kept")
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return Response(status_code=NOT_CHANGED, headers=headers)
    picture = portal.pictures.read(place)
    if picture is None:
        raise Problem(404, "its picture is there no more")
    return Response(picture, media_type="image/jpeg", headers=headers)


def _correct(portal: Portal, user: User, event_id: UUID, plate: str | None) -> records.Record:
    with told_of("body"):
        corrected = portal.archive.correct(str(event_id), plate, user.name)
    kept = _keep_lesson(portal, corrected.event)
    detail = f"{corrected.event.plate} is {plate or 'no plate'}"
    portal.archive.log(user.name, "event.correct", str(event_id), f"{detail}{kept}")
    return corrected


def _keep_lesson(portal: Portal, event: PlateEvent) -> str:
    """Keep the picture for training; gives what to add to the audit log.

    That it cannot be kept is no reason to refuse the correction.
    """
    try:
        if portal.pictures is not None and portal.pictures.keep_lesson(event):
            return ""
    except UserError as error:
        log.warning("event %s: its picture was not kept for training: %s", event.id, error)
    return "; without a picture to learn from"


def _forget_lesson(portal: Portal, event_id: str) -> None:
    try:
        if portal.pictures is not None:
            portal.pictures.forget_lesson(event_id)
    except (OSError, UserError) as error:
        # Without a correction it is left out of every training set.
        log.warning("event %s: its picture for training stays: %s", event_id, error)
