"""An archive on SQLite, and one on PostgreSQL: what holds for one holds for the other."""

import pytest

from postgres_server import PostgresServer
from streamer.archive.archive import Archive


@pytest.fixture(scope="session")
def shared_server():
    """A server for the whole run; each test has a database of its own on it."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def server():
    """A server of one test's own, to stop and to freeze."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def make_archive(request, tmp_path):
    """`make_archive(**options)`: one more archive on the same, at first empty, database."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("shared_server").database()
    archives = []

    def make(**options):
        archive = Archive(tmp_path, url=url, **options)
        archives.append(archive)
        return archive

    yield make
    for archive in archives:
        archive.close()


@pytest.fixture
def archive(make_archive):
    archive = make_archive()
    archive.open()
    return archive
