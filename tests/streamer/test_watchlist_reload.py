"""Files that are read again while the daemon runs."""

import logging
import os
import threading
import time
from functools import partial

import pytest

from broker import wait_until
from streamer.enrich import filewatch
from streamer.enrich.filewatch import WatchedFile
from streamer.enrich.sheets import FileFaults
from streamer.enrich.watchlist import Watchlist
from streamer.enrich.watchlists import Watchlists
from streamer.metrics import Metrics


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(filewatch, "PERIOD_S", 0.02)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "banned.csv"
    file.write_text("AB123CD\n")
    return file


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def lists(file, metrics):
    watchlists = Watchlists([Watchlist(name="banned", kind="deny", file=file)], metrics)
    stop = watchlists.start()
    yield watchlists
    stop()


def on_it(lists, make_event, plate):
    return lists(make_event(plate, candidates=())).watchlist is not None


def test_a_changed_file_is_read_again(lists, file, metrics, make_event):
    assert on_it(lists, make_event, "AB123CD")
    file.write_text("plate;note\nXY999ZZ;x\nXY888ZZ;y\n")
    wait_until(lambda: on_it(lists, make_event, "XY999ZZ"))
    assert not on_it(lists, make_event, "AB123CD")
    size = partial(metrics.registry.get_sample_value, "anpr_watchlist_entries")
    wait_until(lambda: size({"list": "banned"}) == 2)


def test_a_file_put_in_place_of_the_old_one_is_read(lists, file, make_event):
    other = file.with_suffix(".new")
    other.write_text("CD123AB\n")  # as long as the old one
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.rename(file)
    wait_until(lambda: on_it(lists, make_event, "CD123AB"))


@pytest.mark.parametrize("spoil", [lambda f: f.write_text("plate\n$\n"), lambda f: f.unlink()])
def test_a_broken_file_leaves_the_list_as_it_was(lists, file, metrics, make_event, caplog, spoil):
    spoil(file)
    wait_until(lambda: failures(metrics) == 1)
    time.sleep(0.3)  # a dozen looks more
    assert failures(metrics) == 1
    assert on_it(lists, make_event, "AB123CD")
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    (told,) = [one for one in errors if one.name.startswith("streamer.enrich")]
    assert str(file) in told.getMessage()
    assert "watchlist banned stays as it was" in told.getMessage()
    file.write_text("XY999ZZ\n")
    wait_until(lambda: on_it(lists, make_event, "XY999ZZ"))


def failures(metrics):
    return metrics.registry.get_sample_value(
        "anpr_watchlist_reload_failures_total", {"list": "banned"}
    )


def test_an_emptied_list_is_warned_of(lists, file, caplog):
    file.write_text("")
    wait_until(lambda: "watchlist banned: 0 entries, before 1" in caplog.text)


def test_asked_to_it_is_read_at_once(lists, file, make_event, monkeypatch):
    file.write_text("XY999ZZ\n")
    lists.reload()
    assert on_it(lists, make_event, "XY999ZZ")


def test_a_file_that_is_being_written_is_left_alone(file):
    watched = WatchedFile(file)
    assert not watched.changed()
    for size in range(3):
        file.write_text("AB123CD\n" + "XY999ZZ\n" * (size + 1))
        assert not watched.changed(), "it grew since the last look"
    assert watched.changed(), "it rests"
    assert watched.take() == b"AB123CD\n" + b"XY999ZZ\n" * 3
    assert not watched.changed()


def test_what_changes_while_it_is_read_is_read_another_time(file, monkeypatch):
    watched, read = WatchedFile(file), filewatch.read_content
    file.write_text("XY999ZZ\n")

    def read_and_write(path):
        content = read(path)
        file.write_text("XY999ZZ\nXY888ZZ\n")
        return content

    monkeypatch.setattr(filewatch, "read_content", read_and_write)
    assert watched.changed(settled=False)
    assert watched.take() is None
    monkeypatch.undo()
    assert watched.changed(settled=False)
    assert watched.take() == b"XY999ZZ\nXY888ZZ\n"


def test_while_it_is_read_events_find_the_old_list_or_the_new(lists, file, make_event):
    wrong, ended = [], threading.Event()

    def ask():
        while not ended.is_set():
            old = on_it(lists, make_event, "AB123CD")
            matches = lists.find(make_event("AB123CD", candidates=()))
            if not old or len(matches) != 1:
                wrong.append(matches)

    thread = threading.Thread(target=ask)
    thread.start()
    for size in range(20):
        other = file.with_suffix(".new")
        other.write_text("AB123CD\n" + "".join(f"KK{n:04}\n" for n in range(size * 100)))
        other.rename(file)
        lists.reload()
    ended.set()
    thread.join(10)
    assert wrong == []
    assert len(lists.entries("banned")) == 1901


def test_at_the_start_a_broken_file_is_an_error(tmp_path):
    lists = Watchlists(
        [Watchlist(name="banned", kind="deny", file=tmp_path / "gone.csv")], Metrics()
    )
    with pytest.raises(FileFaults, match=r"gone\.csv: no such file"):
        lists.start()
