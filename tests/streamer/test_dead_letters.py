import sqlite3

import pytest

from streamer.cli import main
from streamer.errors import UserError
from streamer.sinks.dead_letters import DeadLetter, dead_letters
from streamer.sinks.outbox import Outbox

NOW = 1_767_323_045.0
CONFIG = """\
cameras: [{name: gate, url: 'synthetic:'}]
sinks: {webhook: [{name: barrier, url: 'http://h/'}, {name: archive, url: 'http://h/'}]}
"""
SINKS = ["webhook-barrier", "webhook-archive"]


@pytest.fixture
def outbox(tmp_path, monkeypatch):
    """The store of a daemon in the current folder, that is running."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.yaml").write_text(CONFIG)
    outbox = Outbox("state/events.sqlite3", SINKS, now=lambda: NOW)
    outbox.open()
    yield outbox
    outbox.close()


def run(capsys, *words):
    code = main(["dead-letters", *words])
    return code, *capsys.readouterr()


def test_dead_letters_are_listed_while_the_daemon_runs(outbox, capsys, make_event):
    events = [make_event("AB12"), make_event("CD34"), make_event("EF56")]
    for event in events:
        outbox.accept(event, 0.0)
    outbox.bury("webhook-barrier", events[1].id, "http://h answers 422:\tno\n http://a:b@h/")
    outbox.bury("webhook-archive", events[0].id, "gone")
    code, out, err = run(capsys, "gate.yaml")
    assert code == 0
    assert [line.split("\t") for line in out.splitlines()] == [
        ["webhook-archive", events[0].id, "gate", "AB12", "2026-01-02T03:04:05Z", "gone"],
        [
            *("webhook-barrier", events[1].id, "gate", "CD34", "2026-01-02T03:04:05Z"),
            "http://h answers 422: no http://***@h/",
        ],
    ]
    assert "dead letters: 2" in err


def test_retried_they_wait_in_their_place_as_if_they_were_new(outbox, capsys, make_event):
    events = [make_event("AB12"), make_event("CD34")]
    for event in events:
        outbox.accept(event, 0.0)
    for event in events:
        outbox.bury("webhook-archive", event.id, "gone")
    outbox.bury("webhook-barrier", events[0].id, "gone")
    outbox.close()
    code, out, err = run(capsys, "gate.yaml", "--retry", "webhook-barrier")
    assert (code, out) == (0, "")
    assert "1 events wait for sink webhook-barrier again" in err
    outbox.open()
    assert (outbox.depth("webhook-barrier"), outbox.dead_letters("webhook-barrier")) == (2, 0)
    assert (outbox.depth("webhook-archive"), outbox.dead_letters("webhook-archive")) == (0, 2)
    parcel = outbox.oldest("webhook-barrier")
    assert (parcel.event_id, parcel.attempts) == (events[0].id, 0)


def test_a_retried_event_is_not_given_up_for_its_age(tmp_path, make_event):
    times = [NOW]
    outbox = Outbox(tmp_path / "x.sqlite3", SINKS, now=lambda: times[-1])
    outbox.open()
    outbox.accept(make_event(), 0.0)
    times.append(NOW + 100)
    assert outbox.give_up("webhook-barrier", 60.0, "away") == 1
    assert outbox.revive("webhook-barrier") == 1
    assert outbox.give_up("webhook-barrier", 60.0, "away") == 0
    times.append(NOW + 161)
    assert outbox.give_up("webhook-barrier", 60.0, "away") == 1
    assert outbox.give_up("webhook-barrier", 60.0, "away") == 0
    assert outbox.depth("webhook-archive") == 1
    outbox.close()


def test_a_retry_beside_a_running_daemon_is_refused(outbox, capsys, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    outbox.bury("webhook-barrier", event.id, "gone")
    code, _, err = run(capsys, "gate.yaml", "--retry", "webhook-barrier")
    assert code == 2
    assert "the daemon is running and holds 'state/events.sqlite3'; stop it, then try" in err
    assert outbox.dead_letters("webhook-barrier") == 1


def test_a_sink_that_is_not_there_is_named(outbox, capsys):
    code, _, err = run(capsys, "gate.yaml", "--retry", "barrier")
    assert code == 2
    assert "--retry barrier: no such sink; known: webhook-barrier, webhook-archive; did" in err


def test_without_a_store_there_are_none_and_none_is_made(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.yaml").write_text(CONFIG)
    code, out, err = run(capsys, "gate.yaml")
    assert (code, out) == (0, "")
    assert "dead letters: 0" in err
    assert not (tmp_path / "state").exists()


def test_a_file_that_is_no_store_is_named(tmp_path):
    path = tmp_path / "events?#%.sqlite3"
    path.write_bytes(b"no database, and longer than the header of one has to be" * 20)
    with pytest.raises(UserError, match="cannot be read: file is not a database"):
        dead_letters(path)
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(UserError, match="version 2 of the tables; this program reads 3: start"):
        dead_letters(path)


def test_what_is_dead_since_an_earlier_version_is_still_there(tmp_path, make_event):
    path, event = tmp_path / "events.sqlite3", make_event()
    outbox = Outbox(path, SINKS, now=lambda: NOW)
    outbox.open()
    outbox.accept(event, 0.0)
    outbox.bury(SINKS[0], event.id, "gone")
    with outbox.store.transaction() as db:
        db.execute("ALTER TABLE deliveries DROP COLUMN since")
        db.execute("PRAGMA user_version = 2")
    outbox.close()
    outbox.open()
    assert dead_letters(path) == [DeadLetter(SINKS[0], event.id, "gate", "AB123CD", "gone", NOW)]
    outbox.close()
