"""Finds the latest events that fit a query, quickly among a million.

The latest are looked at one by one first: most that is asked for is common, and found there. What
is rarer than that is sought through the index that leaves fewest over.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)

from streamer.archive.records import BadQuery, Query
from streamer.archive.tables import events, listed, plates
from streamer.archive.times import millis

WINDOW = 10_000
"""So many of the latest are looked at one by one."""
LONGEST_PATTERN = 40
SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*?")

Key = tuple[int, str]
"""Where an event stands: milliseconds since 1970 and its id."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that was found. `distance` as in `Record`."""

    key: Key
    distance: float | None


def find(
    db: Connection,
    query: Query,
    near: Mapping[str, float] | None,
    limit: int,
    before: Key | None = None,
) -> list[Hit]:
    """The latest `limit` events that fit and stand before `before`, the latest first.

    `near` are the plates that are wanted, with their distances, in place of the query's.
    """
    found = _rows(db, query, near, limit, before)
    return [Hit((row.read_at, row.id), near[row.plate] if near else None) for row in found]


def check(query: Query) -> None:
    """Raises BadQuery for a plate that none can be."""
    plate = query.plate
    if plate is None:
        return
    if not plate or not SIGNS.issuperset(plate) or len(plate) > LONGEST_PATTERN:
        raise BadQuery(
            "plate",
            f"'{plate}' should be 1 to {LONGEST_PATTERN} of A-Z, 0-9 and the wildcards * and ?",
        )


def is_pattern(plate: str | None) -> bool:
    """Whether it has wildcards."""
    return plate is not None and ("*" in plate or "?" in plate)


def _rows(
    db: Connection,
    query: Query,
    near: Mapping[str, float] | None,
    limit: int,
    before: Key | None,
) -> list[Row[Any]]:
    if near is not None or (query.plate is not None and not is_pattern(query.plate)):
        wanted = sorted(near) if near is not None else [query.plate]
        plate = [events.c.plate.in_(wanted)]
        found = _ordered(select(events).where(*plate, *_filters(db, query, "plate")), before)
        return list(db.execute(found.limit(limit)))
    edge = _edge(db, query, before)
    recent = select(events).where(*_filters(db, query))
    if edge is None:
        return list(db.execute(_ordered(recent, before).limit(limit)))
    within = events.c.read_at >= edge
    rows = list(db.execute(_ordered(recent.where(within), before).limit(limit)))
    if len(rows) < limit:
        older = [
            db.execute(
                _ordered(one.where(events.c.read_at < edge), before).limit(limit - len(rows))
            )
            for one in _driven(db, query)
        ]
        rows += islice(heapq.merge(*older, key=_key, reverse=True), limit - len(rows))
    return rows


def _key(row: Row[Any]) -> Key:
    return row.read_at, row.id


def _ordered(some: Select[Any], before: Key | None) -> Select[Any]:
    if before is not None:
        some = some.where(
            events.c.read_at <= before[0],
            tuple_(events.c.read_at, events.c.id) < tuple_(*map(_bound, before)),
        )
    return some.order_by(events.c.read_at.desc(), events.c.id.desc())


def _bound(value: object) -> ColumnElement[Any]:
    column = events.c.read_at if isinstance(value, int) else events.c.id
    return bindparam(None, value, type_=column.type)


def _edge(db: Connection, query: Query, before: Key | None) -> int | None:
    """The time of the event that stands `WINDOW` events further back; None if none does."""
    back = select(events.c.read_at).where(*_times(query))
    return db.execute(_ordered(back, before).offset(WINDOW).limit(1)).scalar()


def _filters(db: Connection, query: Query, besides: str = "") -> list[ColumnElement[bool]]:
    """What the query says but for what `besides` names, in words that no index serves."""
    return [
        condition for name, condition in _conditions(db, query, indexed=False) if name != besides
    ] + _times(query)


def _driven(db: Connection, query: Query) -> Iterator[Select[Any]]:
    """Queries that together find all, each through an index in the order of time."""
    indexed = dict(_conditions(db, query, indexed=True))
    driver = _driver(db, query, indexed)
    others = _filters(db, query, driver)
    if driver == "camera":
        for camera in dict.fromkeys(query.cameras):
            yield select(events).where(events.c.camera == camera, *others)
    elif driver == "list":
        both = and_(listed.c.read_at == events.c.read_at, listed.c.id == events.c.id)
        yield select(events).join(listed, both).where(listed.c.list == query.list, *others)
    else:
        yield select(events).where(*([indexed[driver]] if driver else []), *others)


def _driver(db: Connection, query: Query, indexed: Mapping[str, ColumnElement[bool]]) -> str:
    """What leaves fewest over, as far as a short look can tell."""
    names = [name for name in DRIVERS if name in indexed]
    if len(names) < 2:
        return "".join(names)
    for name in names:
        if name == "list":
            rows = select(listed.c.id).where(listed.c.list == query.list)
        elif name != "plate":
            rows = select(events.c.id).where(indexed[name])
        else:
            continue
        few = select(func.count()).select_from(rows.limit(WINDOW).subquery())
        if db.execute(few).scalar_one() < WINDOW:
            return name
    return names[-1]


DRIVERS = ("corrected", "list", "verdict", "way", "camera", "plate")
"""All that an index serves; a pattern last, for how much it leaves over is dear to know."""


def _conditions(
    db: Connection, query: Query, *, indexed: bool
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    def column(name: str) -> ColumnElement[Any]:
        return events.c[name] if indexed else events.c[name].op("||")("")

    if query.plate is not None:
        if not indexed:
            yield "plate", _like(db, column("plate"), query.plate)
        else:
            some = select(plates.c.plate).where(_like(db, plates.c.plate, query.plate))
            yield "plate", events.c.plate.in_(some)
    if query.cameras:
        yield "camera", column("camera").in_(query.cameras)
    if query.list is not None:
        on = select(listed.c.id).where(
            listed.c.list == query.list,
            listed.c.read_at == events.c.read_at,
            listed.c.id == events.c.id,
        )
        yield "list", on.exists()
    if query.verdict is not None:
        yield "verdict", column("verdict") == query.verdict
    if query.way is not None:
        yield "way", column("way") == query.way
    if query.corrected is not None:
        name = "corrected" if query.corrected else "uncorrected"
        yield name, events.c.corrected == literal_column(str(int(query.corrected)))


def _like(db: Connection, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    if db.dialect.name == "sqlite":
        return column.op("GLOB")(pattern)
    return column.like(pattern.replace("*", "%").replace("?", "_"))


def _times(query: Query) -> list[ColumnElement[bool]]:
    times = []
    if query.since is not None:
        times.append(events.c.read_at >= millis(query.since, up=True))
    if query.until is not None:
        times.append(events.c.read_at < millis(query.until, up=True))
    return times
