"""What people send in paths and queries: read strictly, each fault with the name of its field."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from streamer.archive.records import Query
from streamer.data import ListKind, Way
from streamer.errors import WrongInput
from streamer.plates import canonical, canonical_pattern, is_pattern
from streamer.web.problems import Problem

T = TypeVar("T")

LONGEST_TEXT = 100
MOST = 500
"""So many of whatever it is are given at once."""
LONGEST_PLATE = 16
"""No plate that a correction states is longer."""
LARGEST_ID = 2**63 - 1
"""What databases take for one."""

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?"
)


def _told(read: Callable[[str], T]) -> Callable[[str], T]:
    """`read`, whose faults are then told in its own words."""

    def reading(text: str) -> T:
        try:
            return read(text)
        except (WrongInput, ValueError, OverflowError) as error:
            raise PydanticCustomError("text", "{fault}", {"fault": str(error)}) from None

    return reading


def time_of(text: Any) -> datetime:
    """A time as RFC 3339 has it, as UTC. Raises ValueError saying what would be right.

    One that does not say how far from UTC it is could be the gate's or the browser's: refused.
    """
    if not isinstance(text, str) or not (found := _RFC_3339.fullmatch(text)):
        raise ValueError(
            f"'{text}' should be a time as RFC 3339 has it, like 2026-01-02T03:04:05Z or"
            " 2026-01-02T04:04:05+01:00 (whose + is %2B in a URL)"
        )
    if not found["offset"]:
        raise ValueError(
            f"'{text}' should say how far from UTC it is: with Z, or like +01:00"
            " (whose + is %2B in a URL)"
        )
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text}' is no time: {error}") from None


def _one_line(text: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise ValueError("should have no control characters")
    return text


def _trainable(plate: str) -> str:
    if len(plate) > LONGEST_PLATE:
        raise ValueError(f"'{plate}' should have {LONGEST_PLATE} letters and digits at most")
    return plate


def _without_nul(text: str) -> str:
    # PostgreSQL keeps none.
    if "\0" in text:
        raise ValueError("should have no NUL character")
    return text


Prose = Annotated[str, AfterValidator(_told(_without_nul))]
"""What people write, line breaks and all."""
Text = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_told(_one_line))
]
"""A name, or what somebody looks for."""
Instant = Annotated[
    datetime,
    BeforeValidator(_told(time_of)),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
PlateText = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_told(canonical))
]
"""`ab-123 cd` as AB123CD."""
CorrectPlate = Annotated[PlateText, AfterValidator(_told(_trainable))]
PatternText = Annotated[
    str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_told(canonical_pattern))
]
"""The same with wildcards."""
PlateInPath = Annotated[
    PlateText,
    Path(
        description="As people write it: case, blanks and hyphens do not count.",
        examples=["AB123CD"],
    ),
]
Id = Annotated[UUID, Path(examples=["01a21712-3008-7199-919c-66fa844bf2ba"])]


class EventFilter(BaseModel):
    """Which events are wanted. A name that is not among these is refused: misspelt, it would give
    all events."""

    model_config = ConfigDict(extra="forbid")

    plate: PatternText | None = Field(
        None,
        description="A plate, or a pattern with `*` (any characters or none) and `?` (exactly one)."
        " Case, blanks and hyphens do not count. Held against the plate as it is known now.",
        examples=["AB*"],
    )
    near: bool = Field(False, description="Also plates that readers take for `plate`.")
    camera: tuple[Text, ...] = Field(
        (), max_length=LONGEST_TEXT, description="Of these cameras; may be given several times."
    )
    since: Instant | None = Field(None, description="Read then or later.")
    until: Instant | None = Field(None, description="Read before then.")
    list: Text | None = Field(None, description="On this watchlist when it was read.")
    verdict: ListKind | None = Field(None, description="What the watchlists said then.")
    way: Way | None = Field(None, description="Which way the vehicle went.")
    corrected: bool | None = Field(None, description="Whether somebody has corrected it.")

    def query(self) -> Query:
        """The same for the archive. Raises Problem for what does not go together."""
        if self.near and self.plate is None:
            raise Problem(422, "near: says nothing without a plate", "query.near")
        if self.near and self.plate is not None and is_pattern(self.plate):
            raise Problem(
                422,
                f"near: '{self.plate}' has wildcards; only a whole plate has others near it",
                "query.near",
            )
        if self.since and self.until and self.until < self.since:
            raise Problem(422, "until: is before since", "query.until")
        return Query(
            plate=self.plate,
            near=self.near,
            cameras=self.camera,
            since=self.since,
            until=self.until,
            list=self.list,
            verdict=self.verdict,
            way=self.way,
            corrected=self.corrected,
        )


class EventSearch(EventFilter):
    """A page of them."""

    limit: int = Field(50, ge=1, le=MOST)
    cursor: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="`next` of the page before, with the same filter."
    )


class EventExport(EventFilter):
    """All of them, as a file."""

    format: Literal["csv", "jsonl"] = "csv"


@contextmanager
def told_of(where: str) -> Iterator[None]:
    """Have what is wrong inside be told as a fault of `where` (`body`, `query`) in the request."""
    try:
        yield
    except WrongInput as error:
        found = Problem(422, str(error), where)
        if error.by_part:
            found.errors = [
                {"field": _within(where, part), "detail": what} for part, what in error.by_part
            ]
        raise found from None


def _within(where: str, part: str) -> str:
    # `body:3` is a line of the body already.
    return part if part.startswith(where) else f"{where}.{part}" if part else where
