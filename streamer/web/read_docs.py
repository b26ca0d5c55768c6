"""What OpenAPI says of `POST /read` and its jobs."""

from typing import Any

from fastapi import Response

from streamer.picture_files import KNOWN
from streamer.web.problems import responses
from streamer.web.read_models import ReadJob, ReadPicture


class JpegResponse(Response):
    """A picture."""

    media_type = "image/jpeg"


PICTURES = ", ".join(KNOWN)

KINDS = (
    "multipart/form-data with the part 'file', the file itself as image/* or video/*, "
    'or {"url": …} as application/json'
)


def _problems(**words: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers that is no success: `_404="No such job"`."""
    found = {int(status[1:]): text for status, text in words.items()}
    declared = responses(*found)
    return {status: {**declared[status], "description": text} for status, text in found.items()}


_FILE = {"schema": {"type": "string", "format": "binary"}}
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_BUSY = _problems(_503="Busy: see Retry-After; or models that cannot be used")
_BUSY[503]["headers"] = _RETRY

READ: dict[str, Any] = {
    "response_model": None,
    "responses": {
        200: {"description": "The plates of the picture", "model": ReadPicture},
        202: {
            "description": "The video will be read",
            "model": ReadJob,
            "headers": {"Location": {"description": "The job", "schema": {"type": "string"}}},
        },
        **_problems(
            _400="The connection broke",
            _401="Not logged in",
            _403="Addresses are not fetched here",
            _408="The body stopped coming",
            _413="Too many bytes, pixels or seconds",
            _415="Neither a picture nor a video",
            _422="Empty, or broken",
            _507="The disk is full",
        ),
        **_BUSY,
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "description": f"A picture ({PICTURES}) or a video: {KINDS}.",
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": _FILE["schema"]},
                    }
                },
                "image/*": _FILE,
                "video/*": _FILE,
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["url"],
                        "properties": {"url": {"type": "string", "format": "uri"}},
                    }
                },
            },
        }
    },
}

JOB: dict[str, Any] = {
    "responses": _problems(_401="Not logged in", _404="No such job", _422="No valid path")
}

FORGET: dict[str, Any] = {
    "responses": _problems(
        _401="Not logged in",
        _403="Somebody else's",
        _404="No such job",
        _422="No valid path",
    )
}

PICTURE: dict[str, Any] = {
    "response_class": JpegResponse,
    "responses": _problems(_401="Not logged in", _404="No such job or event", _422="No valid path"),
}
