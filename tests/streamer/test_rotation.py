import csv
import io
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from streamer.app import PARTS
from streamer.codec import decode
from streamer.config import ConfigError, parse_config
from streamer.errors import SinkError
from streamer.rows import COLUMNS
from streamer.sinks.csv import FORMER_COLUMNS, CsvSink
from streamer.sinks.jsonl import JsonlSink
from streamer.sinks.lines import LineFile
from streamer.sinks.rotation import Rotation, set_aside

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()
DAY_S = 86_400
CAMERA = "cameras: [{name: gate, url: a.mp4}]\n"


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def stamp(self, path):
        """Have the file last written to at the time that it is here."""
        os.utime(path, (self.now, self.now))


@pytest.fixture
def clock():
    return Clock()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def lines_of(path):
    return path.read_bytes().splitlines()


def written(file, *lines):
    for line in lines:
        file.append(line + b"\n")


def whole(line):
    return line.endswith(b"!")


def test_a_day_that_is_over_has_a_file_of_its_own(tmp_path, clock):
    path = tmp_path / "events.jsonl"
    file = LineFile(path, whole, rotation=Rotation(daily=True), now=clock)
    file.open()
    written(file, b"1!", b"2!")
    clock.now += DAY_S / 2 - 1  # a second before midnight
    written(file, b"3!")
    clock.now += 1
    written(file, b"4!")
    clock.now += 3 * DAY_S
    written(file, b"5!")
    assert names(tmp_path) == [
        "events-2026-01-02-001.jsonl",
        "events-2026-01-03-001.jsonl",
        "events.jsonl",
    ]
    assert lines_of(tmp_path / "events-2026-01-02-001.jsonl") == [b"1!", b"2!", b"3!"]
    assert lines_of(tmp_path / "events-2026-01-03-001.jsonl") == [b"4!"]
    assert lines_of(path) == [b"5!"]


def test_a_file_of_yesterday_is_set_aside_at_the_start(tmp_path, clock):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"1!\n2")  # torn, too
    clock.stamp(path)
    clock.now += DAY_S
    LineFile(path, whole, rotation=Rotation(daily=True), now=clock).open()
    assert (tmp_path / "events-2026-01-02-001.jsonl").read_bytes() == b"1!\n"
    assert path.read_bytes() == b""


def test_a_file_does_not_grow_beyond_its_size(tmp_path, clock):
    path = tmp_path / "events.csv"
    file = LineFile(path, whole, [b"head\n"], Rotation(max_bytes=12), clock)
    written(file, b"1!", b"2!", b"3!", b"longer than a file!", b"4!")
    assert names(tmp_path) == [
        *(f"events-2026-01-02-{number:03d}.csv" for number in (1, 2, 3)),
        "events.csv",
    ]
    held = [lines_of(tmp_path / name) for name in names(tmp_path)]
    assert held == [
        [b"head", b"1!", b"2!"],
        [b"head", b"3!"],
        [b"head", b"longer than a file!"],
        [b"head", b"4!"],
    ]


def test_nothing_is_set_aside_of_a_file_that_holds_nothing(tmp_path, clock):
    path = tmp_path / "events.csv"
    rotation = Rotation(daily=True, max_bytes=1)
    LineFile(path, whole, [b"head\n"], rotation, clock).open()
    for content in (b"", b"he", b"head\n", b"head\nto"):
        path.write_bytes(content)
        clock.stamp(path)
        clock.now += DAY_S
        file = LineFile(path, whole, [b"head\n"], rotation, clock)
        file.open()
        file.tidy()
        assert names(tmp_path) == ["events.csv"]
        assert path.read_bytes() == b"head\n"


def test_without_rotation_nothing_is_ever_set_aside(tmp_path, clock):
    path = tmp_path / "events.jsonl"
    (tmp_path / "events-1999-01-01-001.jsonl").touch()
    file = LineFile(path, whole, now=clock)
    written(file, b"1!")
    clock.now += 100 * DAY_S
    written(file, b"2!")
    file.tidy()
    assert lines_of(path) == [b"1!", b"2!"]
    assert len(names(tmp_path)) == 2


def test_a_day_goes_on_with_the_next_number(tmp_path):
    day = date(2026, 1, 2)
    for number in (1, 2, 9, 10, 999, 1000):
        (tmp_path / f"a-2026-01-02-{number:03d}.b").touch()
        (tmp_path / "a.b").write_text(str(number))
        aside = set_aside(tmp_path / "a.b", day)
        assert aside.name == f"a-2026-01-02-{number + 1:03d}.b"
        assert aside.read_text() == str(number)


def test_only_what_is_too_old_is_thrown_away_and_nothing_that_is_not_ours(tmp_path, clock):
    ours = [f"e-2025-12-{day}-001.csv" for day in (29, 30, 31)]
    others = [
        "e-2025-01-01.csv",
        "e-2025-13-01-001.csv",
        "e-2025-01-01-001.csv.gz",
        "e-2025-01-01-001.jsonl",
        "ee-2025-01-01-001.csv",
        "e.csv.1",
    ]
    for name in (*ours, *others, "e.csv"):
        (tmp_path / name).touch()
    rotation = Rotation(daily=True, keep_days=2)  # of the 31st there may be lines two days old
    LineFile(tmp_path / "e.csv", whole, rotation=rotation, now=clock).tidy()
    assert set(names(tmp_path)) == {ours[2], *others, "e.csv"}


def test_so_many_files_are_kept(tmp_path, clock):
    path = tmp_path / "e.csv"
    file = LineFile(path, whole, rotation=Rotation(max_bytes=3, keep_files=2), now=clock)
    written(file, *(b"%d!" % number for number in range(5)))
    file.tidy()
    assert names(tmp_path) == ["e-2026-01-02-003.csv", "e-2026-01-02-004.csv", "e.csv"]


def test_what_lies_in_a_quiet_file_grows_too_old_as_well(tmp_path, clock):
    """Nobody comes for weeks, and the last plate is gone all the same."""
    path = tmp_path / "e.csv"
    file = LineFile(path, whole, rotation=Rotation(daily=True, keep_days=7), now=clock)
    written(file, b"1!")
    clock.now += 7 * DAY_S
    file.tidy()
    assert names(tmp_path) == ["e-2026-01-02-001.csv"]
    clock.now += DAY_S
    file.tidy()
    assert names(tmp_path) == []
    written(file, b"2!")
    assert lines_of(path) == [b"2!"]


def test_a_link_is_followed(tmp_path, clock):
    (tmp_path / "disk").mkdir()
    path, real = tmp_path / "events.jsonl", tmp_path / "disk" / "real.jsonl"
    path.symlink_to(real)
    file = LineFile(path, whole, rotation=Rotation(max_bytes=1), now=clock)
    written(file, b"1!", b"2!")
    assert names(tmp_path / "disk") == ["real-2026-01-02-001.jsonl", "real.jsonl"]
    assert lines_of(path) == [b"2!"]


def test_a_file_that_cannot_be_set_aside_is_an_absence(tmp_path, clock, monkeypatch):
    path = tmp_path / "events.jsonl"
    file = LineFile(path, whole, rotation=Rotation(max_bytes=1), now=clock)
    written(file, b"1!")

    def failing(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(SinkError, match="cannot be written: Permission denied") as caught:
            file.append(b"2!\n")
    assert not caught.value.permanent
    assert not caught.value.rejected
    file.append(b"2!\n")
    assert lines_of(path) == [b"2!"]


def header(columns):
    return ",".join(columns) + "\n"


@pytest.mark.parametrize("columns", FORMER_COLUMNS)
def test_a_table_of_an_earlier_version_is_set_aside(tmp_path, make_event, caplog, columns):
    path = tmp_path / "events.csv"
    old = header(columns) + "x,plate-event/1\n"
    path.write_text(old + "torn")
    os.utime(path, (NOON, NOON))
    sink = CsvSink(path=path)
    sink.start()
    sink.send(make_event(way="entry"))
    assert (tmp_path / "events-2026-01-02-001.csv").read_text() == old
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["way"], row["watchlist"], row["lists"]) == ("entry", "", "")
    assert "had other columns; it is now 'events-2026-01-02-001.csv'" in caplog.text


def test_any_other_table_is_set_aside_where_files_rotate(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("my,own\n1,2")
    with pytest.raises(SinkError, match="has other columns; move it away"):
        CsvSink(path=path).start()
    os.utime(path, (NOON, NOON))
    CsvSink(path=path, rotate="daily").start()
    assert (tmp_path / "events-2026-01-02-001.csv").read_text() == "my,own\n1,2"
    assert path.read_text() == header(COLUMNS)


@pytest.mark.parametrize("kind", [JsonlSink, CsvSink])
def test_both_sinks_rotate(tmp_path, clock, make_event, kind):
    path = tmp_path / "events.x"
    sink = kind(clock, path=path, rotate="daily", max_mb=1.0, keep_days=1)
    sink.start()
    for _ in range(3):
        sink.send(make_event())
        clock.now += DAY_S
    sink.tidy()
    assert names(tmp_path) == ["events-2026-01-04-001.x"]
    assert len(lines_of(tmp_path / names(tmp_path)[0])) == (1 if kind is JsonlSink else 2)


def test_events_are_whole_in_every_file(tmp_path, clock, make_event):
    sink = JsonlSink(clock, path=tmp_path / "events.jsonl", max_mb=0.002)
    events = [make_event() for _ in range(10)]
    for event in events:
        sink.send(event)
    found = [decode(line) for name in names(tmp_path) for line in lines_of(tmp_path / name)]
    assert found == events
    assert len(names(tmp_path)) > 3


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"path": "-", "rotate": "daily"}, "sinks.csv.rotate: standard output cannot be set aside"),
        ({"path": "-", "max_mb": 1}, "sinks.csv.max_mb: standard output cannot be set aside"),
        ({"path": "x", "keep_files": 3}, "sinks.csv.keep_files: nothing is set aside; it needs"),
        ({"path": "x", "max_mb": 1, "keep_days": 3}, "sinks.csv.keep_days: a file may hold many"),
        ({"path": "x", "rotate": "hourly"}, "sinks.csv.rotate: 'hourly' should be 'daily'"),
        ({"path": "x", "max_mb": 0}, "sinks.csv.max_mb: 0 should be greater than 0"),
        ({"path": "x", "rotate": "daily", "keep_days": 0}, "sinks.csv.keep_days: 0 should be"),
    ],
)
def test_options_that_make_no_sense_together_are_faults(options, fault):
    with pytest.raises(ConfigError) as caught:
        parse_config(CAMERA + f"sinks: {{csv: {json.dumps(options)}}}", PARTS, "gate.yaml")
    assert fault in caught.value.faults[0]
