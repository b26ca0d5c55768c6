"""The car park: who is inside, who was, and what people who looked say of it."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from streamer.web.access import Operator, Viewer
from streamer.web.inputs import MOST, Id, Instant, PlateText
from streamer.web.models import CarParkNow, Session, Sessions, SessionWithEvents
from streamer.web.portal import Portal
from streamer.web.ports import CarPark
from streamer.web.problems import Problem, responses

LARGEST = 1_000_000


class Counted(BaseModel):
    """How many somebody has counted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    occupancy: int = Field(ge=0, le=LARGEST)


class SessionFilter(BaseModel):
    """Which stays are wanted."""

    model_config = ConfigDict(extra="forbid")

    plate: PlateText | None = Field(None, description="Some event of it read this plate.")
    before: Instant | None = Field(None, description="Begun before then: pages through them.")
    limit: int = Field(100, ge=1, le=MOST)


def router(portal: Portal) -> APIRouter:
    """The routes of the car park."""
    routes = APIRouter(tags=["parking"])

    def car_park() -> CarPark:
        if portal.parking is None:
            raise Problem(404, "there is no car park: parking.entry of the configuration is empty")
        return portal.parking

    @routes.get("/parking", summary="Who is inside")
    def who_is_inside(_: Viewer) -> CarParkNow:
        """How many vehicles are inside, and which of them the cameras saw entering."""
        return _now(portal.parking)

    @routes.put(
        "/parking/occupancy",
        summary="Say how many are inside",
        responses=responses(404),
    )
    def correct_occupancy(user: Operator, counted: Annotated[Counted, Body()]) -> CarParkNow:
        """For somebody who has counted. Sessions stay as they are."""
        parking = car_park()
        before = parking.occupancy()
        parking.correct(counted.occupancy)
        detail = f"from {before} to {counted.occupancy}"
        portal.archive.log(user.name, "parking.correct", "occupancy", detail)
        return _now(parking)

    @routes.get("/parking/sessions", summary="Find stays", responses=responses(404))
    def find_sessions(_: Viewer, wanted: Annotated[SessionFilter, Query()]) -> Sessions:
        """Stays, those begun last first."""
        found = car_park().history(wanted.plate, wanted.before, wanted.limit)
        return Sessions(sessions=[Session.of(one) for one in found])

    @routes.get(
        "/parking/sessions/{session_id:uuid}",
        summary="One stay",
        responses=responses(404),
    )
    def one_session(_: Viewer, session_id: Id) -> SessionWithEvents:
        """A stay, and the ids of its plate events."""
        parking, one = car_park(), str(session_id)
        return SessionWithEvents.with_events(parking.session(one), list(parking.events_of(one)))

    @routes.post(
        "/parking/sessions/{session_id:uuid}/end",
        summary="Say that a vehicle is not inside",
        responses=responses(404, 409),
    )
    def end_session(user: Operator, session_id: Id) -> Session:
        """For somebody who has looked. 409 if the stay has ended already."""
        ended = car_park().end(str(session_id))
        portal.archive.log(user.name, "parking.end", str(session_id), ended.plate)
        return Session.of(ended)

    return routes


def _now(parking: CarPark | None) -> CarParkNow:
    if parking is None:
        return CarParkNow(on=False, occupancy=None, capacity=None, inside=[])
    inside = [Session.of(one) for one in parking.inside()]
    return CarParkNow(
        on=True, occupancy=parking.occupancy(), capacity=parking.capacity, inside=inside
    )
