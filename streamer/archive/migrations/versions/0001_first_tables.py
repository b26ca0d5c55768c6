"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them. Written out, for a migration must not change when the tables do."""
    op.create_table(
        "events",
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("id", Plain, nullable=False),
        sa.Column("camera", Plain, nullable=False),
        sa.Column("plate", Plain),
        sa.Column("way", Plain),
        sa.Column("verdict", Plain),
        sa.Column("corrected", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("read_at", "id", name="events_by_time"),
        sqlite_with_rowid=False,
    )
    op.create_index("events_by_id", "events", ["id"], unique=True)
    op.create_index("events_by_plate", "events", ["plate", "read_at", "id"])
    op.create_index("events_by_camera", "events", ["camera", "read_at", "id"])
    for name in ("way", "verdict"):
        _partial(f"events_by_{name}", [name, "read_at", "id"], f"{name} IS NOT NULL")
    _partial("events_corrected", ["read_at", "id"], "corrected = 1")
    op.create_table(
        "documents",
        sa.Column("id", Plain, primary_key=True),
        sa.Column("json", sa.Text, nullable=False),
    )
    op.create_table(
        "listed",
        sa.Column("list", Plain, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("id", Plain, nullable=False),
        sa.PrimaryKeyConstraint("list", "read_at", "id", name="listed_by_time"),
        sqlite_with_rowid=False,
    )
    op.create_index("listed_by_id", "listed", ["id"])
    op.create_table(
        "plates",
        sa.Column("plate", Plain, primary_key=True),
        sa.Column("folded", Plain, nullable=False),
        sa.Column("backwards", Plain, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("plates_folded", "plates", ["folded"])
    op.create_index("plates_backwards", "plates", ["backwards"])
    _written_by_people()


def _written_by_people() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", Plain, primary_key=True),
        sa.Column("plate", Plain),
        sa.Column("read", Plain, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
    )
    op.create_index("corrections_by_time", "corrections", ["at", "id"])
    op.create_table(
        "notes",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("plate", Plain, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("notes_by_plate", "notes", ["plate", "id"])
    op.create_table(
        "changes",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "events", columns, sqlite_where=condition, postgresql_where=condition)
