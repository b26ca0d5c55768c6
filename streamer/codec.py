"""The one codec of what leaves the process: MQTT, REST, files and the store write and read this."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from streamer.data import (
    PARKING,
    REJECTED,
    SCHEMA,
    Candidate,
    Character,
    Direction,
    Event,
    Outcome,
    ParkingEvent,
    ParkingState,
    PlateEvent,
    Rejection,
    Speed,
    Watched,
    Way,
)
from streamer.descriptions import described
from streamer.errors import UserError


def to_text(at: datetime) -> str:
    """UTC with milliseconds and a Z, as RFC 3339 has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Utc = Annotated[
    datetime,
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
Share = Annotated[float, Field(ge=0, le=1)]


class PlateEventBody(BaseModel):
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
    watchlist: Watched | None
    owner: dict[str, Any] | None
    # Events that were stored before these came do without.
    way: Way | None = None
    reasons: tuple[str, ...] = ()
    speed: Speed | None = None


class RejectionBody(BaseModel):
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


class ParkingEventBody(BaseModel):
    """`ParkingEvent` at the border."""

    model_config = ConfigDict(extra="forbid", title=PARKING, from_attributes=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{PARKING}$")]
    id: str
    camera: str
    state: ParkingState
    session: str
    plate: Annotated[str, Field(pattern="^[A-Z0-9]+$")]
    at: Utc
    entered_at: Utc | None
    left_at: Utc | None
    duration_s: Annotated[float, Field(ge=0)] | None
    entry_event: str | None
    exit_event: str | None
    occupancy: Annotated[int, Field(ge=0)]
    capacity: int | None


Schema = Literal["plate-event/1", "plate-rejected/1", "plate-parking/1"]
_BORDER: dict[str, type[BaseModel]] = {
    SCHEMA: PlateEventBody,
    REJECTED: RejectionBody,
    PARKING: ParkingEventBody,
}
_INSIDE: dict[str, TypeAdapter[Any]] = {
    SCHEMA: TypeAdapter(PlateEvent),
    PARKING: TypeAdapter(ParkingEvent),
}


class _AnySchema(BaseModel):
    schema_: Annotated[str, Field(alias="schema")]


def encode(event: Event | Rejection) -> str:
    """One line of JSON."""
    return _BORDER[event.schema].model_validate(event).model_dump_json(by_alias=True)


def decode(text: str | bytes) -> PlateEvent:
    """The plate event that `encode` wrote. Raises UserError naming each field that is wrong."""
    event: PlateEvent = _decode(text, SCHEMA)
    return event


def decode_any(text: str | bytes) -> Event:
    """The event of whatever kind that `encode` wrote. Raises UserError like `decode`."""
    try:
        schema = _AnySchema.model_validate_json(text).schema_
    except ValidationError:
        schema = SCHEMA  # whose decoding says what is wrong
    event: Event = _decode(text, schema if schema in _INSIDE else SCHEMA)
    return event


def _decode(text: str | bytes, schema: str) -> Any:
    try:
        fields = _BORDER[schema].model_validate_json(text).model_dump(by_alias=True)
        return _INSIDE[schema].validate_python(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise UserError(f"not a {schema}: {faults}") from None


def json_schema(schema: Schema = SCHEMA) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `encode` writes under that name."""
    return described(_BORDER[schema].model_json_schema(by_alias=True, mode="serialization"))
