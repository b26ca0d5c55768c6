"""The database behind the archive: opened when it is first needed, again when it was away."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from streamer.archive.migrate import bring_up_to_date
from streamer.errors import UserError
from streamer.redact import redact

log = logging.getLogger(__name__)

DRIVER_MISSING = "PostgreSQL's driver is not installed: pip install 'plate-streamer[postgres]'"
SCHEMES = ("postgresql", "postgres")
CONNECT_S = 3
"""A database that does not answer is away; somebody waits for a page."""
ANSWER_S = 30
REST_S = 2.0
"""So long nobody else tries to reach one that was away a moment ago."""
BUSY_S = 10.0
"""For so long another process may write."""
CONNECTIONS = 40
"""As many as the portal has threads, so that none waits for one."""


class Database:
    """SQLite's file at `path`, or PostgreSQL at `url`. Any thread may use it."""

    def __init__(self, path: Path, url: str | None) -> None:
        self._path = path
        self._url = url
        self.name = f"archive.url '{shown(url)}'" if url else f"archive '{path}'"
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        self._away_until_s = 0.0
        self._complaint = ""

    def open(self) -> None:
        """Open or create it, with tables as this version has them. Raises UserError."""
        self._closed = False
        self._opened()

    def close(self) -> None:
        """Let go of it. Waits for nobody: who is about to open it finds that out."""
        self._closed = True
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One state of the database. Raises UserError when it fails."""
        engine = self._opened()
        if self._url is not None:
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with self._named(), engine.begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing, on disk when it ends. Raises UserError when it fails."""
        engine = self._opened()
        with self._named():
            if self._url is not None:
                with engine.begin() as db:
                    yield db
                return
            # SQLite lets one write at a time; a queue is fairer than its polling.
            with self._writing, engine.execution_options(begin="BEGIN IMMEDIATE").begin() as db:
                yield db

    def _opened(self) -> Engine:
        with self._lock:
            self._refuse_if_closed()
            if self._engine is None:
                if time.monotonic() < self._away_until_s:
                    raise UserError(self._complaint)
                engine = self._open_engine()
                self._engine = engine
                self._refuse_if_closed()  # meanwhile
            return self._engine

    def _refuse_if_closed(self) -> None:
        if self._closed:
            self.close()
            raise UserError(f"{self.name} is closed")

    def _open_engine(self) -> Engine:
        engine = None
        try:
            with self._named():
                engine = self._make()
                with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as db:
                    bring_up_to_date(db, self.name)
        except UserError as error:
            if engine is not None:
                engine.dispose()
            self._complaint = str(error)
            self._away_until_s = time.monotonic() + REST_S
            raise
        return engine

    def _make(self) -> Engine:
        if self._url is not None:
            return _postgresql(address(self._url))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(self._path)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except ImportError:
            raise UserError(f"{self.name}: {DRIVER_MISSING}") from None
        except (SQLAlchemyError, OSError) as error:
            raise UserError(f"{self.name}: {_cause(error)}") from error


def address(url: str) -> URL:
    """The URL for SQLAlchemy. Raises UserError saying what is wrong, without the password."""
    try:
        parsed = make_url(url)
        known = parsed.drivername in SCHEMES
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise UserError(
            f"archive.url '{shown(url)}' should be like postgresql://user:password@host/database"
        )
    return parsed.set(drivername="postgresql+psycopg")


def shown(url: str) -> str:
    """`url` without its user and password, even if it is no URL."""
    head, at, tail = redact(url).rpartition("@")
    return f"***@{tail}" if at and not head.endswith("***") else head + at + tail


def _cause(error: Exception) -> str:
    """One line, without SQL and its parameters."""
    origin = getattr(error, "orig", None) or error
    return redact(" ".join(str(origin).split())) or type(origin).__name__


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_S, "check_same_thread": False},
        pool_size=CONNECTIONS // 4,
        max_overflow=CONNECTIONS,
    )

    @event.listens_for(engine, "connect")
    def _(connection: "object", _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # we begin ourselves
        execute: Callable[[str], object] = connection.execute  # type: ignore[attr-defined]
        execute("PRAGMA journal_mode = WAL")
        # The outbox lets go of an event when it is here, and corrections are nowhere else.
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA cache_size = -8000")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 10,
            "prepare_threshold": None,  # connection poolers do not keep prepared statements
            "application_name": "plate-streamer",
        },
        pool_pre_ping=True,
        pool_size=CONNECTIONS // 4,
        max_overflow=CONNECTIONS,
        pool_timeout=CONNECT_S,
    )

    @event.listens_for(engine, "connect")
    def _(connection: "object", _record: object) -> None:
        connection.execute(f"SET statement_timeout = '{ANSWER_S}s'")  # type: ignore[attr-defined]
        connection.execute(f"SET lock_timeout = '{BUSY_S:.0f}s'")  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    return engine
