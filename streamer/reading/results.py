"""What one picture or one vehicle gives: a line of JSON, and rows of a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from streamer.codec import encode
from streamer.data import Decided
from streamer.found import FoundPlate
from streamer.rows import harmless

COLUMNS = (
    "source", "plate", "confidence", "x1", "y1", "x2", "y2",
    "first_seen", "last_seen", "looks", "direction", "id",
    "at_s", "country", "reason",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """Of the input called `source`; `rows` have keys of `COLUMNS`."""

    source: str
    json: str
    rows: tuple[Row, ...]


def of_picture(source: str, plates: Sequence[FoundPlate]) -> Result:
    """The plates of one picture, the best first."""
    fields = {"source": source, "plates": [_as_json(plate) for plate in plates]}
    rows = tuple(
        {
            "source": harmless(source),
            "plate": one.plate,
            "confidence": one.confidence,
            **_corners(one.box),
            "country": one.country,
            "reason": one.reason,
        }
        for one in plates
    )
    return Result(source, json.dumps(fields), rows)


def of_vehicle(source: str, decided: Decided, *, positions: bool = False) -> Result:
    """One vehicle of a video or stream; with `positions` the line says where in it, too."""
    event = encode(decided.event)
    written = json.loads(event)
    where = position(decided)
    columns = {key: written[key] for key in COLUMNS if key in written}
    row = {"source": harmless(source), **columns, **_corners(written["box"])}
    line = json.dumps({"source": source, **where, "event": written}) if positions else event
    return Result(source, line, ({**row, "at_s": where["at_s"]},))


def position(decided: Decided) -> dict[str, float]:
    """Where in its recording, in seconds: `from_s` it was seen first, `at_s` it was read best,
    `until_s` it was seen last before the vote was certain."""
    frame, event = decided.look.frame, decided.event

    def seconds(at: datetime) -> float:
        return round(max(0.0, frame.time_s + (at - frame.at).total_seconds()), 3)

    return {
        "at_s": round(frame.time_s, 3),
        "from_s": seconds(event.first_seen),
        "until_s": seconds(event.last_seen),
    }


def _as_json(plate: FoundPlate) -> Row:
    fields = asdict(plate)
    return {**fields, "box": [round(side, 1) for side in plate.box]}


def _corners(box: Sequence[float]) -> Row:
    return dict(zip(("x1", "y1", "x2", "y2"), (round(side) for side in box), strict=True))
