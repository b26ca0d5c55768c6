"""The one codec of `PlateEvent`: MQTT, REST, files and the store all write and read this."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter, ValidationError

from streamer.data import (
    REJECTED,
    SCHEMA,
    Candidate,
    Character,
    Direction,
    Outcome,
    PlateEvent,
    Rejection,
    Way,
)
from streamer.errors import UserError


def to_text(at: datetime) -> str:
    """UTC with milliseconds and a Z, as RFC 3339 has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Utc = Annotated[datetime, PlainSerializer(to_text, return_type=str)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Event(BaseModel):
    """`PlateEvent` at the border: its fields in the order of the schema, checked."""

    model_config = ConfigDict(extra="forbid", title=SCHEMA, from_attributes=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{SCHEMA}$")]
    id: str
    camera: str
    plate: Annotated[str, Field(pattern="^[A-Z0-9]+$")]
    confidence: Share
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    looks: int
    agreement: Share
    track_id: int
    first_seen: Utc
    last_seen: Utc
    read_at: Utc
    direction: Direction | None
    box: tuple[int, int, int, int]
    frame_size: tuple[int, int]
    snapshot: str | None
    crop: str | None
    watchlist: dict[str, Any] | None
    owner: dict[str, Any] | None
    # Events that were stored before these came do without.
    way: Way | None = None
    reasons: tuple[str, ...] = ()


class _Rejection(BaseModel):
    """`Rejection` at the border."""

    model_config = ConfigDict(extra="forbid", title=REJECTED, from_attributes=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{REJECTED}$")]
    camera: str
    reason: Outcome
    plate: Annotated[str, Field(pattern="^[A-Z0-9]*$")]
    confidence: Share
    looks: int
    agreement: Share
    track_id: int
    first_seen: Utc
    last_seen: Utc
    rejected_at: Utc
    direction: Direction | None
    box: tuple[int, int, int, int]
    frame_size: tuple[int, int]
    event: str | None
    reasons: tuple[str, ...]


_PLATE_EVENT = TypeAdapter(PlateEvent)


def encode(event: PlateEvent) -> str:
    """One line of JSON."""
    return _Event.model_validate(event).model_dump_json(by_alias=True)


def decode(text: str | bytes) -> PlateEvent:
    """The event that `encode` wrote. Raises UserError naming each field that is wrong."""
    try:
        fields = _Event.model_validate_json(text).model_dump(by_alias=True)
        return _PLATE_EVENT.validate_python(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise UserError(f"not a {SCHEMA}: {faults}") from None


def encode_rejection(rejection: Rejection) -> str:
    """One line of JSON."""
    return _Rejection.model_validate(rejection).model_dump_json(by_alias=True)


def rejection_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `encode_rejection` writes."""
    return _Rejection.model_json_schema(by_alias=True, mode="serialization")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `encode` writes."""
    return _Event.model_json_schema(by_alias=True, mode="serialization")
