"""What happens, as server-sent events; and who tells the hub of it."""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Header, Response

from streamer.archive import records
from streamer.codec import encode
from streamer.controls import Controls
from streamer.data import PARKING, SCHEMA, Event, PlateEvent
from streamer.web.access import Viewer
from streamer.web.cameras import Camera
from streamer.web.hub import Full, Hub, Listener, News
from streamer.web.models import Record
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses
from streamer.web.streams import Stream

KINDS = frozenset({SCHEMA, PARKING})
"""Of the events that `telling` is to be given."""

HEARTBEAT_S = 15.0
RETRY_MS = 2000
RETRY_AFTER_S = 10
LONGEST_S = 3600.0
"""After that a browser has to come again, and show that it still may."""
REPLAYED = 100

_EVENT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`event: plate` with an event as `GET /events/{event_id}` gives it, and its"
        " id as `id`; `event: parking` (plate-parking/1); `event: camera` as `GET /cameras/{name}`"
        " gives it, of every camera at first, then when frames cease or come again, or it is"
        " paused or resumed. An event that is told again has become known better.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def telling(take: Callable[[Event], None], hub: Hub) -> Callable[[Event], None]:
    """For the archive's sink: `take`, after which whoever listens hears of the event."""

    def take_and_tell(event: Event) -> None:
        take(event)
        hub.tell(News("plate" if isinstance(event, PlateEvent) else "parking", event))

    return take_and_tell


def tell_of_cameras(controls: Controls, hub: Hub) -> None:
    """Have the hub told of every change of a camera's state."""
    controls.follow(lambda camera: hub.tell(News("camera", camera)))


def router(portal: Portal) -> APIRouter:
    """The route of what happens. It comes before that of single events."""
    routes = APIRouter(tags=["events"])

    @routes.get(
        "/events/live",
        summary="Hear of events as they happen",
        response_class=Response,
        responses=STREAM | responses(401, 503),
    )
    async def live(_: Viewer, last_event_id: Annotated[str | None, Header()] = None) -> Response:
        """Server-sent events, for an `EventSource`. With `Last-Event-ID` the plates that came since
        are told first. A comment every 15 seconds shows that the line still stands."""
        known = last_event_id if _EVENT_ID.fullmatch(last_event_id or "") else None
        return Stream(lambda: _heard(portal, known), "text/event-stream")

    return routes


@contextmanager
def _heard(portal: Portal, last_id: str | None) -> Iterator[AsyncIterator[bytes]]:
    try:
        with portal.hub.listening() as listener:
            yield _lines(portal, listener, last_id)
    except Full as error:
        wait = {"Retry-After": str(RETRY_AFTER_S)}
        raise Problem(503, f"{error}; try again later", headers=wait) from None


async def _lines(portal: Portal, listener: Listener, last_id: str | None) -> AsyncIterator[bytes]:
    until_s = time.monotonic() + LONGEST_S
    yield f"retry: {RETRY_MS}\n\n".encode()
    for camera in portal.controls.cameras:
        yield _message(portal, News("camera", camera))
    replayed: dict[str, PlateEvent] = {}
    async for record in _missed(portal, listener, last_id):
        replayed[record.event.id] = record.event
        yield _plate(record)
    while not listener.over and time.monotonic() < until_s:
        news = await listener.next(HEARTBEAT_S)
        if news is None:
            replayed.clear()  # nothing is left of what came while they were sent
            if not listener.over:
                yield b": still here\n\n"
        elif news.kind != "plate" or replayed.get(news.item.id) != news.item:
            yield _message(portal, news)


async def _missed(
    portal: Portal, listener: Listener, last_id: str | None
) -> AsyncIterator[records.Record]:
    """What the archive has of the time since, a batch at a time."""
    while last_id is not None and not listener.over:
        batch = await anyio.to_thread.run_sync(portal.archive.after, last_id, REPLAYED)
        for record in batch:
            yield record
        last_id = batch[-1].event.id if batch else None


def _message(portal: Portal, news: News) -> bytes:
    if news.kind == "plate":
        return _plate(records.Record(news.item))
    if news.kind == "parking":
        return f"event: parking\ndata: {encode(news.item)}\n\n".encode()
    camera = Camera.of(portal.controls.cameras[news.item])
    return f"event: camera\ndata: {camera.model_dump_json()}\n\n".encode()


def _plate(record: records.Record) -> bytes:
    told = Record.of(record).model_dump_json(by_alias=True)
    return f"event: plate\nid: {record.event.id}\ndata: {told}\n\n".encode()
