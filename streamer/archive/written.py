"""What people write into the archive: notes about plates, and the log of who changed what."""

from sqlalchemy import Connection, delete, insert, select

from streamer.archive.records import Change, Note
from streamer.archive.tables import changes as change_table
from streamer.archive.tables import notes as note_table
from streamer.archive.times import moment, this_moment


def notes(db: Connection, plate: str) -> list[Note]:
    """Those about a plate, the latest first."""
    some = select(note_table).where(note_table.c.plate == plate).order_by(note_table.c.id.desc())
    return [
        Note(row.id, row.plate, row.text, moment(row.at), row.author) for row in db.execute(some)
    ]


def add_note(db: Connection, plate: str, text: str, by: str) -> Note:
    """One more."""
    at = this_moment()
    row = {"plate": plate, "text": text, "at": at, "author": by}
    added = db.execute(insert(note_table).values(row).returning(note_table.c.id))
    return Note(added.scalar_one(), plate, text, moment(at), by)


def remove_note(db: Connection, plate: str, note_id: int) -> bool:
    """False if there was none."""
    this = (note_table.c.id == note_id) & (note_table.c.plate == plate)
    return db.execute(delete(note_table).where(this)).rowcount == 1


def log(db: Connection, by: str, action: str, subject: str, detail: str) -> None:
    """One more line."""
    row = {"at": this_moment(), "author": by, "action": action}
    db.execute(insert(change_table).values(row | {"subject": subject, "detail": detail}))


def changes(db: Connection, limit: int, before: int | None) -> list[Change]:
    """The latest first."""
    some = select(change_table).order_by(change_table.c.id.desc()).limit(limit)
    if before is not None:
        some = some.where(change_table.c.id < before)
    return [
        Change(row.id, moment(row.at), row.author, row.action, row.subject, row.detail)
        for row in db.execute(some)
    ]
