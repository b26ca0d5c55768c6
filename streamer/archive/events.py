"""Events, and what was made of them since: each function is part of a transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from streamer.archive.records import BadQuery, Correction, NoSuchEvent, PlateSummary, Record
from streamer.archive.search import SIGNS
from streamer.archive.tables import corrections, documents, events, listed, plates
from streamer.archive.times import millis, moment, this_moment
from streamer.codec import decode, encode
from streamer.data import PlateEvent
from streamer.near import folded

LONGEST_PLATE = 20


def time_of(event: PlateEvent) -> int:
    """When it was read, as the database has it."""
    return millis(event.read_at)


def known(db: Connection, ids: Collection[str]) -> set[str]:
    """Those that are there."""
    return set(db.execute(select(events.c.id).where(events.c.id.in_(ids))).scalars())


def put(db: Connection, some: Sequence[PlateEvent]) -> None:
    """Keep them; those that are there already are replaced, and stay corrected."""
    if not some:
        return
    ids = [event.id for event in some]
    hold(db, "ROW EXCLUSIVE")
    stated = {
        row.id: row.plate
        for row in db.execute(select(corrections).where(corrections.c.id.in_(ids)))
    }
    rows = [_row(event, stated) for event in some]
    _show(db, {row["plate"] for row in rows})
    for table in (listed, documents, events):
        db.execute(delete(table).where(table.c.id.in_(ids)))
    db.execute(events.insert(), rows)
    db.execute(documents.insert(), [{"id": one.id, "json": encode(one)} for one in some])
    on = [
        {"list": name, "read_at": time_of(event), "id": event.id}
        for event in some
        for name in sorted(_lists(event))
    ]
    if on:
        db.execute(listed.insert(), on)


def _row(event: PlateEvent, stated: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "read_at": time_of(event),
        "id": event.id,
        "camera": event.camera,
        "plate": stated.get(event.id, event.plate),
        "way": event.way,
        "verdict": event.watchlist.verdict if event.watchlist else None,
        "corrected": int(event.id in stated),
    }


def _lists(event: PlateEvent) -> set[str]:
    return {match.list for match in event.watchlist.matches} if event.watchlist else set()


def _show(db: Connection, some: Iterable[str | None]) -> None:
    rows = [
        {"plate": plate, "folded": folded(plate), "backwards": folded(plate)[::-1]}
        for plate in sorted(filter(None, some))
    ]
    if rows:
        insert = sqlite.insert if db.dialect.name == "sqlite" else postgresql.insert
        db.execute(insert(plates).on_conflict_do_nothing(), rows)


def records(
    db: Connection, ids: Sequence[str], distances: Mapping[str, float | None] | None = None
) -> list[Record]:
    """The events of those ids, in that order; what is not there is left out."""
    if not ids:
        return []
    some = (
        select(documents.c.id, documents.c.json, corrections)
        .outerjoin(corrections, corrections.c.id == documents.c.id)
        .where(documents.c.id.in_(ids))
    )
    found = {row[0]: row for row in db.execute(some)}
    return [
        Record(
            decode(found[one][1]),
            None if found[one][2] is None else _correction(found[one][2:]),
            (distances or {}).get(one),
        )
        for one in ids
        if one in found
    ]


def _correction(row: Sequence[Any]) -> Correction:
    event_id, plate, read, at, author = row
    return Correction(event_id, plate, read, moment(at), author)


def ids_after(db: Connection, event_id: str, limit: int) -> list[str]:
    """The ids that follow upon that one."""
    some = select(events.c.id).where(events.c.id > event_id).order_by(events.c.id).limit(limit)
    return list(db.execute(some).scalars())


def correct(db: Connection, event_id: str, plate: str | None, by: str) -> Record:
    """State what the plate is. Raises NoSuchEvent, and BadQuery for what is no plate."""
    signs = SIGNS - set("*?")
    if plate is not None and not (signs.issuperset(plate) and 1 <= len(plate) <= LONGEST_PLATE):
        raise BadQuery("plate", f"'{plate}' should be 1 to {LONGEST_PLATE} of A-Z and 0-9")
    hold(db)
    before = next(iter(records(db, [event_id])), None)
    if before is None:
        raise NoSuchEvent(f"there is no event '{event_id}'")
    at = this_moment()
    row = {"plate": plate, "read": before.event.plate, "at": at, "author": by}
    _show(db, {plate})
    db.execute(delete(corrections).where(corrections.c.id == event_id))
    db.execute(corrections.insert().values(id=event_id, **row))
    this = events.c.id == event_id
    db.execute(update(events).where(this).values(plate=plate, corrected=1))
    _hide(db, {before.plate})
    return Record(before.event, Correction(event_id, plate, before.event.plate, moment(at), by))


def retract(db: Connection, event_id: str) -> bool:
    """Have the plate be the one that was read again; False if nobody had said otherwise."""
    hold(db)
    stated = db.execute(select(corrections).where(corrections.c.id == event_id)).one_or_none()
    if stated is None:
        return False
    db.execute(delete(corrections).where(corrections.c.id == event_id))
    this = events.c.id == event_id
    if db.execute(select(events.c.id).where(this)).one_or_none() is not None:
        _show(db, {stated.read})
        db.execute(update(events).where(this).values(plate=stated.read, corrected=0))
    _hide(db, {stated.plate})
    return True


def corrections_after(db: Connection, last: Correction | None, limit: int) -> list[Correction]:
    """The next that were made, the oldest first."""
    some = select(corrections).order_by(corrections.c.at, corrections.c.id).limit(limit)
    if last is not None:
        at = millis(last.at)
        place = (corrections.c.at > at) | (
            (corrections.c.at == at) & (corrections.c.id > last.event_id)
        )
        some = some.where(corrections.c.at >= at, place)
    return [_correction(tuple(row)) for row in db.execute(some)]


def summary(db: Connection, plate: str) -> PlateSummary:
    """How often it has come."""
    count = select(func.count(), func.min(events.c.read_at), func.max(events.c.read_at))
    times, first, last = db.execute(count.where(events.c.plate == plate)).one()
    ends = (None, None) if first is None else (moment(first), moment(last))
    return PlateSummary(plate, times, *ends)


def forget(db: Connection, before: int, limit: int) -> int:
    """Forget some of the events read before; corrections stay, for others to learn from."""
    hold(db)
    old = select(events.c.id, events.c.plate).where(events.c.read_at < before)
    rows = db.execute(old.order_by(events.c.read_at).limit(limit)).all()
    ids = [row.id for row in rows]
    for table in (listed, documents, events) if ids else ():
        db.execute(delete(table).where(table.c.id.in_(ids)))
    _hide(db, {row.plate for row in rows})
    return len(ids)


def hold(db: Connection, mode: str = "SHARE ROW EXCLUSIVE") -> None:
    """Have nobody put events until the transaction ends: one that comes while the last of its plate
    is forgotten, or is corrected meanwhile, would be at odds with what is written here. Those who
    do put events hold "ROW EXCLUSIVE", which only keeps the others out. SQLite lets one write."""
    if db.dialect.name == "postgresql":
        db.execute(text(f"LOCK TABLE plates IN {mode} MODE"))


def _hide(db: Connection, some: Iterable[str | None]) -> None:
    gone = [plate for plate in some if plate is not None]
    if gone:
        still = select(events.c.plate).where(events.c.plate == plates.c.plate).exists()
        db.execute(delete(plates).where(plates.c.plate.in_(gone), ~still))
