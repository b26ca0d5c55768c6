"""A database that is away, comes back, is wrong, is damaged or too new."""

import sqlite3
import sys
import threading
import time

import pytest
from sqlalchemy import create_engine, text

from broker import free_port
from postgres_server import PASSWORD, ROLE
from streamer.archive.archive import Archive
from streamer.archive.records import Query
from streamer.errors import UserError


def opened(folder, url=None):
    archive = Archive(folder, url=url)
    archive.open()
    return archive


def test_the_file_is_safe_from_a_power_cut(tmp_path, make_event):
    archive = opened(tmp_path / "new")
    archive.take(make_event())
    with archive._database.writing() as db:
        assert db.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert db.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    archive.close()


def test_what_was_taken_is_there_after_a_crash(tmp_path, make_event):
    archive, event = opened(tmp_path), make_event()
    archive.take(event)
    # No close: what a kill -9 leaves, copied away, is what the next process finds.
    remains = tmp_path / "remains"
    remains.mkdir()
    for file in tmp_path.glob("archive.sqlite3*"):
        (remains / file.name).write_bytes(file.read_bytes())
    archive.close()
    again = opened(remains)
    assert again.get(event.id).event == event
    again.close()


def test_postgresql_comes_back_and_all_goes_on(server, tmp_path, make_event):
    archive = opened(tmp_path, server.database())
    first, second = make_event(after_s=1), make_event(after_s=2)
    archive.take(first)
    server.stop()
    for _ in range(2):
        with pytest.raises(UserError, match=r"^archive\.url 'postgresql://\*\*\*@127.*"):
            archive.take(second)
        with pytest.raises(UserError, match=r"^archive\.url"):
            archive.search(Query())
    server.start()
    archive.take(second)
    assert [record.event for record in archive.walk(Query())] == [second, first]
    archive.close()


def test_one_that_is_away_at_first_is_opened_when_it_is_there(server, tmp_path, make_event):
    url = server.database()
    server.stop()
    archive, event = Archive(tmp_path, url=url), make_event()
    with pytest.raises(UserError, match="refused"):
        archive.open()
    began = time.monotonic()
    with pytest.raises(UserError, match="refused"):
        archive.take(event)
    assert time.monotonic() - began < 1.5  # nobody tries again at once
    server.start()
    time.sleep(2.1)
    archive.take(event)
    assert archive.get(event.id).event == event
    archive.close()


def test_a_server_that_does_not_answer_is_waited_for_in_vain(server, tmp_path):
    url = server.database()
    server.freeze()
    archive, began = Archive(tmp_path, url=url), time.monotonic()
    try:
        with pytest.raises(UserError, match="timeout"):
            archive.open()
    finally:
        server.thaw()
    assert time.monotonic() - began < 60
    archive.close()


def test_nothing_stays_of_what_failed_half_way(make_archive, make_event, monkeypatch):
    archive = make_archive()
    archive.open()
    monkeypatch.setattr("streamer.archive.events._lists", lambda _: 1 / 0)
    event = make_event()
    with pytest.raises(ZeroDivisionError):
        archive.take(event)
    assert archive.get(event.id) is None
    assert not archive.search(Query()).records
    assert not archive.near("AB123CO")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://{role}:wrong-s3cret@127.0.0.1:{port}/postgres", "password authentication"),
        ("postgresql://{role}:{password}@127.0.0.1:{port}/nothing", "does not exist"),
        ("postgresql://{role}:{password}@127.0.0.1:{closed}/postgres", "refused"),
        ("postgresql://{role}:{password}@nowhere.invalid/postgres", "nowhere.invalid"),
        ("mysql://{role}:{password}@127.0.0.1/x", "should be like postgresql://user:password@host"),
        ("postgresql+asyncpg://{role}:{password}@127.0.0.1/x", "should be like postgresql://"),
        ("{role}:{password}@127.0.0.1/x", "should be like postgresql://"),
        ("postgresql://{role}:{password}@127.0.0.1:port/x", "should be like postgresql://"),
        ("postgresql://{role}:{password}@127.0.0.1:{port}/postgres?sslmode=maybe", "sslmode"),
        ("postgresql://{role}:{password}@127.0.0.1:{port}/x?nonsense=1", "nonsense"),
    ],
)
def test_a_wrong_url_is_named_without_its_password(shared_server, tmp_path, address, said):
    url = address.format(
        role=ROLE,
        password=PASSWORD.replace("/", "%2F"),
        port=shared_server.port,
        closed=free_port(),
    )
    with pytest.raises(UserError, match=r"^archive\.url '") as error:
        opened(tmp_path, url)
    assert said in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_password_may_have_any_sign(shared_server, tmp_path):
    assert "/" in PASSWORD
    opened(tmp_path, shared_server.database()).close()


def test_without_the_driver_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"pip install 'plate-streamer\[postgres\]'"):
        opened(tmp_path, "postgresql://127.0.0.1/x")


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "archive.sqlite3"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match=rf"^archive '{path}': .*not a database"):
        opened(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="^archive '.*file/archive.sqlite3'"):
        opened(tmp_path / "file")


def test_tables_of_a_newer_version_are_left_alone(make_archive, make_event):
    archive, event = make_archive(), make_event()
    archive.take(event)
    with archive._database.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    archive.close()
    with pytest.raises(UserError, match=r"version 9999 of the tables; this program knows 00\d\d"):
        make_archive().open()


def test_another_process_that_writes_is_waited_for(tmp_path, make_event):
    archive, event = opened(tmp_path), make_event()
    other = sqlite3.connect(tmp_path / "archive.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    taking = threading.Thread(target=archive.take, args=[event])
    taking.start()
    assert archive.search(Query()).records == ()  # readers do not wait
    taking.join(0.3)
    assert taking.is_alive()
    other.execute("COMMIT")
    taking.join(60)
    assert archive.get(event.id).event == event
    other.close()
    archive.close()


def test_others_open_it_for_the_first_time_at_once(make_archive, make_event):
    archives = [make_archive() for _ in range(4)]
    errors = []

    def take(archive):
        try:
            archive.take(make_event())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=take, args=[archive]) for archive in archives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert len(archives[0].search(Query()).records) == 4


def test_an_index_of_postgresql_serves_patterns(shared_server, tmp_path):
    url = shared_server.database()
    archive = opened(tmp_path, url)
    archive.close()
    engine = create_engine(url.replace("postgresql", "postgresql+psycopg"))
    with engine.begin() as db:
        db.execute(text("SET enable_seqscan = off"))
        plan = "EXPLAIN SELECT plate FROM plates WHERE plate LIKE 'AB%'"
        said = "\n".join(db.execute(text(plan)).scalars())
    engine.dispose()
    assert "plate >= 'AB'" in said
