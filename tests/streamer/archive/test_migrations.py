"""Every version of the tables becomes the newest, with what is in it."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from streamer.archive import tables
from streamer.archive.migrate import FOLDER, bring_up_to_date
from streamer.archive.records import Query
from streamer.codec import encode


def revisions():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return sorted(one.revision for one in ScriptDirectory.from_config(config).walk_revisions())


def first_data(db, event):
    """What the first version wrote, in its own words."""
    row = (event.id, "gate", "AB123CD", 1767323045678)
    db.exec_driver_sql(
        "INSERT INTO events (id, camera, plate, read_at, corrected)"
        f" VALUES ('{row[0]}', '{row[1]}', '{row[2]}', {row[3]}, 0)"
    )
    document = encode(event).replace("'", "''").replace("%", "%%")
    db.exec_driver_sql(f"INSERT INTO documents (id, json) VALUES ('{event.id}', '{document}')")
    db.exec_driver_sql(
        "INSERT INTO plates (plate, folded, backwards) VALUES ('AB123CD', '48I23CD', 'DC32I84')"
    )
    db.exec_driver_sql(
        "INSERT INTO corrections (id, plate, read, at, author) VALUES ('x', NULL, 'XY1', 5, 'jane')"
    )
    db.exec_driver_sql(
        "INSERT INTO notes (plate, text, at, author) VALUES ('AB123CD', 'a taxi', 5, 'jane')"
    )
    db.exec_driver_sql(
        "INSERT INTO changes (at, author, action, subject, detail)"
        " VALUES (5, 'jane', 'camera.pause', 'gate', '')"
    )


@pytest.mark.parametrize("revision", revisions())
def test_data_of_the_first_version_reaches_the_newest(
    make_archive, make_event, monkeypatch, revision
):
    event, old = make_event(), make_archive()
    with monkeypatch.context() as patch:

        def only_as_far(db, name):
            bring_up_to_date(db, name, "0001")
            first_data(db, event)
            bring_up_to_date(db, name, revision)

        patch.setattr("streamer.archive.database.bring_up_to_date", only_as_far)
        old.open()
    old.close()
    archive = make_archive()
    archive.open()
    assert [record.event for record in archive.search(Query(plate="AB*")).records] == [event]
    assert [one.read for one in archive.corrections()] == ["XY1"]
    assert [note.text for note in archive.notes("AB123CD")] == ["a taxi"]
    assert [change.subject for change in archive.changes()] == ["gate"]


def test_migrations_end_where_the_tables_are(archive):
    with archive._database.writing() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        found = inspect(db)
        for table in tables.metadata.tables.values():
            indexes = {one["name"]: one["column_names"] for one in found.get_indexes(table.name)}
            assert indexes == {one.name: one.columns.keys() for one in table.indexes}


def test_opening_again_changes_nothing(make_archive, make_event):
    for _ in range(2):
        archive = make_archive()
        archive.open()
        archive.take(make_event())
        archive.close()
    archive = make_archive()
    assert len(archive.search(Query()).records) == 2
