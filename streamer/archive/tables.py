"""The tables of the archive, as this version has them; `migrations/` is how they came to be.

Times are milliseconds since 1970, as exact as the events have them. `events` is narrow and lies in
the order of time, so that walking back through it costs little; what is long lies in `documents`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData()

# PostgreSQL: in the order of the bytes an index serves LIKE 'AB%', and ids sort as SQLite has them.
Plain = Text().with_variant(Text(collation="C"), "postgresql")
Serial = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself in a column of this very type alone."""

events = Table(
    "events",
    metadata,
    Column("read_at", BigInteger, nullable=False),
    Column("id", Plain, nullable=False),
    Column("camera", Plain, nullable=False),
    Column("plate", Plain),  # as it is known now
    Column("way", Plain),
    Column("verdict", Plain),
    Column("corrected", SmallInteger, nullable=False),
    PrimaryKeyConstraint("read_at", "id", name="events_by_time"),
    Index("events_by_id", "id", unique=True),
    Index("events_by_plate", "plate", "read_at", "id"),
    Index("events_by_camera", "camera", "read_at", "id"),
    sqlite_with_rowid=False,
)
for name in ("way", "verdict"):
    known = events.c[name].is_not(None)
    Index(
        f"events_by_{name}",
        *(events.c[name], events.c.read_at, events.c.id),
        sqlite_where=known,
        postgresql_where=known,
    )
Index(
    "events_corrected",
    *(events.c.read_at, events.c.id),
    sqlite_where=text("corrected = 1"),
    postgresql_where=text("corrected = 1"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Plain, primary_key=True),
    Column("json", Text, nullable=False),  # the whole event, as streamer.codec writes it
)

listed = Table(
    "listed",
    metadata,
    Column("list", Plain, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("id", Plain, nullable=False),
    PrimaryKeyConstraint("list", "read_at", "id", name="listed_by_time"),
    Index("listed_by_id", "id"),
    sqlite_with_rowid=False,
)

plates = Table(
    "plates",
    metadata,
    Column("plate", Plain, primary_key=True),
    Column("folded", Plain, nullable=False),  # streamer.near.folded
    Column("backwards", Plain, nullable=False),  # the same from its end
    Index("plates_folded", "folded"),
    Index("plates_backwards", "backwards"),
    sqlite_with_rowid=False,
)
"""Every plate that `events` has, once; far fewer than there are events."""

corrections = Table(
    "corrections",
    metadata,
    Column("id", Plain, primary_key=True),  # of the event, which may be gone
    Column("plate", Plain),
    Column("read", Plain, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Index("corrections_by_time", "at", "id"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("plate", Plain, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Index("notes_by_plate", "plate", "id"),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""The audit log."""
