"""What people have corrected, as a training set."""

from collections.abc import Generator
from tempfile import TemporaryFile
from typing import IO, Any

from fastapi import APIRouter, Response

from streamer.lessons import lessons_zip
from streamer.web.access import Operator
from streamer.web.export import Download, name_now
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses

PIECE = 1 << 20
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What `plate-streamer train reader` takes: docs/corrections.md.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def router(portal: Portal) -> APIRouter:
    """The route of corrections."""
    routes = APIRouter(tags=["corrections"])

    @routes.get(
        "/corrections/export",
        summary="Corrections as a training set",
        response_class=Response,
        responses=ZIP | responses(404),
    )
    def export_corrections(user: Operator) -> Response:
        """Pictures of corrected and confirmed plates, and what stands on them. 404 if there are
        none."""
        if portal.pictures is None:
            raise Problem(404, "no pictures are kept, and nothing can be learnt")
        portal.archive.log(user.name, "corrections.export", "training set")
        # It may be larger than the memory is.
        file = TemporaryFile()  # noqa: SIM115  (closed when it is sent)
        try:
            lessons_zip(portal.archive, portal.pictures, file)
        except BaseException:
            file.close()
            raise
        return Download(_pieces(file), name_now("corrections", "zip"), "application/zip")

    return routes


def _pieces(file: IO[bytes]) -> Generator[bytes, None, None]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
