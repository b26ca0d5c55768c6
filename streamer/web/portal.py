"""All that the pages and the API are about, in one object that every router is given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streamer.archive.archive import Archive
from streamer.controls import Controls
from streamer.metrics import Metrics
from streamer.web.films import Films
from streamer.web.hub import Hub
from streamer.web.ports import CarPark, ListBook, Pictures, Waiting
from streamer.web.reading import Reading


@dataclass(frozen=True, slots=True)
class Portal:
    """`parking` is None where there is no car park, `pictures` where none are kept, `reading`
    where nothing is read that is sent; `sinks` are the names of those that events wait for.
    `films` has one for each camera, `folder` is where the store is. `hub` and `films` are to be
    closed before the server is asked to end, `reading` after."""

    archive: Archive
    controls: Controls
    watchlists: ListBook
    metrics: Metrics
    outbox: Waiting
    parking: CarPark | None = None
    pictures: Pictures | None = None
    reading: Reading | None = None
    sinks: Sequence[str] = ()
    films: Films = field(default_factory=Films)
    hub: Hub = field(default_factory=Hub)
    folder: Path | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
