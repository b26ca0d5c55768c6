"""Plates: all that is known of one, and what people write about it."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from streamer.archive.records import Query
from streamer.web.access import Operator, Viewer
from streamer.web.inputs import LARGEST_ID, PlateInPath, Prose
from streamer.web.models import Match, NearPlate, Note, Plate, Session
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses

LOOKED_FOR_OWNER = 200
"""In so many of its latest events is looked for an owner."""
MOST_SESSIONS = 100
LONGEST_NOTE = 2000


class Written(BaseModel):
    """A note to be."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Prose, AfterValidator(str.strip), Field(min_length=1, max_length=LONGEST_NOTE)]


def router(portal: Portal) -> APIRouter:
    """The routes of plates."""
    routes = APIRouter(tags=["plates"])

    @routes.get(
        "/plates/{plate}",
        summary="All that is known of a plate",
    )
    def plate(_: Viewer, plate: PlateInPath) -> Plate:
        """Its history, notes, owner, what the watchlists say of it, plates that resemble it, and
        its stays. One that never came has no events."""
        return _all_of(portal, plate)

    @routes.post(
        "/plates/{plate}/notes",
        summary="Write something about a plate",
        status_code=201,
    )
    def add_note(user: Operator, plate: PlateInPath, written: Annotated[Written, Body()]) -> Note:
        """A note, for whoever looks the plate up."""
        note = portal.archive.add_note(plate, written.text, user.name)
        portal.archive.log(user.name, "plate.note", plate, f"note {note.id}")
        return Note.model_validate(note)

    @routes.delete(
        "/plates/{plate}/notes/{note_id}",
        summary="Take a note away",
        status_code=204,
        responses=responses(404),
    )
    def remove_note(
        user: Operator, plate: PlateInPath, note_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]
    ) -> None:
        """It is gone for good."""
        if not portal.archive.remove_note(plate, note_id):
            raise Problem(404, f"plate {plate} has no note {note_id}")
        portal.archive.log(user.name, "plate.note.remove", plate, f"note {note_id}")

    return routes


def _all_of(portal: Portal, plate: str) -> Plate:
    archive, parking = portal.archive, portal.parking
    summary = archive.summary(plate)
    sessions = parking.history(plate, limit=MOST_SESSIONS) if parking else ()
    return Plate(
        plate=plate,
        events=summary.events,
        first_seen=summary.first_seen,
        last_seen=summary.last_seen,
        owner=_owner(portal, plate),
        notes=[Note.model_validate(note) for note in archive.notes(plate)],
        lists=[Match.model_validate(m) for m in portal.watchlists.says(plate, datetime.now(UTC))],
        near=[
            NearPlate(plate=one.plate, events=one.events, last_seen=one.last_seen, distance=far)
            for one, far in archive.near(plate)
        ],
        sessions=[Session.of(one) for one in sessions],
        inside=any(one.ended is None for one in sessions),
    )


def _owner(portal: Portal, plate: str) -> dict[str, Any] | None:
    latest = islice(portal.archive.walk(Query(plate=plate)), LOOKED_FOR_OWNER)
    return next((one.event.owner for one in latest if one.event.owner), None)
