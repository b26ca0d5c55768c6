"""What `POST /read` and its jobs answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.base import Reason
from streamer.codec import PlateEventBody

Share = Annotated[float, Field(ge=0, le=1)]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ReadMost(_Out):
    """What may be sent at most: 10^6 bytes, 10^6 pixels of a picture, seconds of a video; whether
    addresses are fetched, too."""

    max_upload_mb: float
    max_megapixels: float
    max_video_s: float
    allow_urls: bool


class ReadCharacter(_Out):
    """One character and the probability that it is right."""

    char: str
    confidence: Share


class ReadCandidate(_Out):
    """Another plate that it may be."""

    plate: str
    confidence: Share


class ReadPlate(_Out):
    """One plate in a picture; `box` is x1, y1, x2, y2 in pixels of the picture as it is upright.

    `country` is the one whose format fits best; `reason` says why the plate should not be
    believed.
    """

    plate: str
    confidence: Share
    characters: list[ReadCharacter]
    candidates: list[ReadCandidate]
    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    country: str | None
    reason: Reason | None


class ReadPicture(BaseModel):
    """The plates of a picture, the most certain first; `annotated` is a data URL of a JPEG."""

    kind: Literal["picture"] = "picture"
    width: int
    height: int
    plates: list[ReadPlate]
    annotated: str | None


class ReadVehicle(BaseModel):
    """A vehicle of a video: its plate-event/1, and how many seconds into the video it was read."""

    event: PlateEventBody
    at_s: Annotated[float, Field(ge=0)]
    snapshot: str
    crop: str


class ReadJob(BaseModel):
    """A video that waits, is being read, or was. `progress` is None where the video does not say
    how long it is."""

    id: str
    kind: Literal["video"] = "video"
    name: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: Share | None
    read_s: Annotated[float, Field(ge=0)]
    duration_s: Annotated[float, Field(ge=0)] | None
    events: list[ReadVehicle]
    error: str | None
