"""Cameras: how they are, what they see, and their pause."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from streamer.controls import CameraControl
from streamer.web.access import Operator, Viewer
from streamer.web.films import WIDTHS, Crowded, Film, Watcher
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses
from streamer.web.streams import NOT_KEPT, Stream

CAMERAS = "/api/v1/cameras"
BOUNDARY = "frame"
MJPEG = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
RETRY_AFTER_S = 10
WIDTH = 960

_NOT_KEPT = {"Cache-Control": "no-store"}

Name = Annotated[str, Path(examples=["gate-in"], max_length=100)]
Width = Annotated[
    int,
    Query(
        ge=16,
        le=8192,
        description="How wide it is shown, in pixels. The picture is as wide or a little wider:"
        f" one of {', '.join(map(str, WIDTHS))}, but never wider than the camera's own.",
    ),
]
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JPEG pictures, each a part, until the browser leaves.",
        "content": {"multipart/x-mixed-replace": {"schema": {"type": "string"}}},
    }
}


class Camera(BaseModel):
    """A camera, as it is now."""

    name: str
    up: bool = Field(description="Whether frames arrive.")
    paused: bool = Field(description="Whether somebody has said not to look at it for plates.")
    last_frame_age_s: float | None = Field(ge=0, description="null: none has come yet.")
    frames_per_second: float | None = Field(
        ge=0, description="How many came of late; null: not known yet."
    )
    snapshot: str = Field(description="Where its picture is (JPEG).")
    live: str = Field(description="Where its pictures come from as they are taken (MJPEG).")

    @classmethod
    def of(cls, control: CameraControl) -> "Camera":
        """The same for people outside."""
        place = f"{CAMERAS}/{control.camera}"
        return cls(
            name=control.camera,
            up=control.up,
            paused=control.paused,
            last_frame_age_s=rounded(control.last_frame_age_s),
            frames_per_second=rounded(control.frames_per_second),
            snapshot=f"{place}/snapshot",
            live=f"{place}/live",
        )


class Cameras(BaseModel):
    """All of them, in the order of the configuration."""

    cameras: list[Camera]


class Pause(BaseModel):
    """Whether a camera is to be looked at for plates."""

    model_config = ConfigDict(extra="forbid")

    paused: bool = Field(strict=True)


def router(portal: Portal) -> APIRouter:
    """The routes of cameras."""
    routes = APIRouter(tags=["cameras"])
    _add_states(routes, portal)
    _add_pictures(routes, portal)
    return routes


def _add_states(routes: APIRouter, portal: Portal) -> None:
    controls = portal.controls

    @routes.get("/cameras", summary="All cameras", responses=responses(401))
    def all_cameras(_: Viewer) -> Cameras:
        """How every camera is."""
        return Cameras(cameras=[Camera.of(one) for one in controls.cameras.values()])

    @routes.get("/cameras/{name}", summary="One camera", responses=responses(401, 404, 422))
    def one_camera(_: Viewer, name: Name) -> Camera:
        """How it is."""
        return Camera.of(controls.camera(name))

    @routes.put(
        "/cameras/{name}/paused",
        summary="Pause a camera, or resume it",
        responses=responses(400, 401, 403, 404, 422, 503),
    )
    def pause(user: Operator, name: Name, wanted: Pause) -> Camera:
        """While a camera is paused it is not looked at for plates; its picture still comes. A pause
        outlives the daemon."""
        control = controls.camera(name)
        controls.pause(name, wanted.paused)
        portal.archive.log(user.name, "camera.pause" if wanted.paused else "camera.resume", name)
        return Camera.of(control)


def _add_pictures(routes: APIRouter, portal: Portal) -> None:
    def film(name: str) -> Film:
        portal.controls.camera(name)
        return portal.films.cameras[name]

    @routes.get(
        "/cameras/{name}/snapshot",
        summary="What a camera sees",
        response_class=Response,
        responses=PICTURE | responses(401, 404, 422, 503),
    )
    def snapshot(_: Viewer, name: Name) -> Response:
        """Its newest frame as it came, nothing drawn in."""
        data = portal.controls.camera(name).snapshot()
        return Response(data, media_type="image/jpeg", headers=_NOT_KEPT)

    @routes.get(
        "/cameras/{name}/live.jpg",
        summary="What a camera sees, with what is read in it",
        response_class=Response,
        responses=PICTURE | responses(401, 404, 422),
    )
    def live_picture(_: Viewer, name: Name, width: Width = WIDTH) -> Response:
        """One picture of `live`, for walls of many cameras: browsers allow six connections to one
        host, and each MJPEG stream takes one for good."""
        data = film(name).picture(width)
        return Response(data, media_type="image/jpeg", headers=_NOT_KEPT)

    @routes.get(
        "/cameras/{name}/live",
        summary="Watch a camera",
        response_class=Response,
        responses=STREAM | responses(401, 404, 422, 503),
    )
    async def live(_: Viewer, name: Name, width: Width = WIDTH) -> Response:
        """MJPEG: the camera's pictures with boxes, reads and plates drawn in, for an `img`. 503
        where too many watch it already."""
        wanted = film(name)
        return Stream(lambda: _watching(wanted, width), MJPEG, NOT_KEPT)


@contextmanager
def _watching(film: Film, width: int) -> Iterator[AsyncIterator[bytes]]:
    try:
        with film.watched(width) as watcher:
            yield _parts(watcher)
    except Crowded as error:
        wait = {"Retry-After": str(RETRY_AFTER_S)}
        raise Problem(503, f"{error}; try live.jpg", headers=wait) from None


async def _parts(watcher: Watcher) -> AsyncIterator[bytes]:
    # The boundary goes out with the picture before it: browsers show a part when it is complete,
    # and would always be one picture late.
    yield f"--{BOUNDARY}\r\n".encode()
    async for shot in watcher.shots():
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(shot.data)}\r\n\r\n"
        yield b"".join((head.encode(), shot.data, f"\r\n--{BOUNDARY}\r\n".encode()))


def rounded(figure: float | None) -> float | None:
    """As precise as people care for."""
    return None if figure is None else round(figure, 2)
