"""Brings the tables of a database up to this version."""

import logging
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from streamer.errors import UserError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x706C61746573
"""PostgreSQL's advisory lock; any number that nobody else has."""

_one_at_a_time = threading.Lock()  # alembic's context is a global


def bring_up_to_date(db: Connection, name: str, to: str = "head") -> None:
    """Within the transaction of `db`, in which nobody else does. `name` is for the UserError that
    says that a newer version has been here."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every step
    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    if db.dialect.name == "postgresql":
        db.execute(text("SET LOCAL statement_timeout = 0"))
        db.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    with _one_at_a_time:
        known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
        found = set(MigrationContext.configure(db).get_current_heads())
        if strange := found - known:
            raise UserError(
                f"{name}: version {', '.join(strange)} of the tables; this program knows"
                f" {max(known)}: use the program that wrote it, or another database"
            )
        command.upgrade(config, to)
