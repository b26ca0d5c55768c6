import csv
import io
import sys
from pathlib import Path

import pytest

from streamer.codec import decode, encode
from streamer.config import options_model
from streamer.data import ListMatch, Speed, Watched
from streamer.errors import SinkError
from streamer.parts import load_part
from streamer.sinks import SINKS
from streamer.sinks.csv import COLUMNS, CsvSink
from streamer.sinks.jsonl import JsonlSink
from streamer.sinks.memory import MemorySink

FILE_SINKS = [JsonlSink, CsvSink]
HEADER = ",".join(COLUMNS) + "\n"


def started(kind, path):
    sink = kind(path=path)
    sink.start()
    return sink


def records(path):
    """The ids in the file, whichever of the two it is."""
    text = path.read_text()
    assert text == "" or text.endswith("\n")
    if text.startswith("id,"):
        return [row["id"] for row in csv.DictReader(io.StringIO(text))]
    return [decode(line).id for line in text.splitlines()]


@pytest.mark.parametrize("name", SINKS)
def test_every_sink_can_be_chosen_by_its_name(name):
    kind = load_part("sink", SINKS, name)
    assert kind.name == name
    options_model(kind)  # its options can be read from a configuration


def test_jsonl_is_what_the_codec_writes(tmp_path, make_event):
    path = tmp_path / "new" / "folder" / "events.jsonl"
    sink = started(JsonlSink, path)
    events = [make_event(), make_event(owner={"name": "Ä, \n"}, direction=None)]
    for event in events:
        sink.send(event)
    assert [decode(line) for line in path.read_bytes().splitlines()] == events


def test_csv_has_the_header_once_and_a_row_per_event(tmp_path, make_event):
    path = tmp_path / "events.csv"
    matches = tuple(
        ListMatch(name, "deny", "AB123CD", "exact", 0.0) for name in ("=banned", "stolen", "stolen")
    )
    speed = Speed(47.3, 2.1, "lines")
    event = make_event(
        snapshot="/a, b.jpg", way="exit", watchlist=Watched("deny", matches), speed=speed
    )
    started(CsvSink, path).send(event)
    started(CsvSink, path).send(make_event("X1", direction=None, candidates=()))
    first, second = csv.DictReader(io.StringIO(path.read_text()))
    assert path.read_text().count("confidence") == 1
    assert first == {
        "id": event.id,
        "camera": "gate",
        "plate": "AB123CD",
        "confidence": "0.980",
        "candidates": "AB123CO:0.010",
        "looks": "7",
        "agreement": "0.860",
        "track_id": "42",
        "first_seen": "2026-01-02T03:04:03.678Z",
        "last_seen": "2026-01-02T03:04:05.678Z",
        "read_at": "2026-01-02T03:04:05.678Z",
        "direction": "approaching",
        **dict(zip(("x1", "y1", "x2", "y2"), ("612", "402", "790", "446"), strict=True)),
        "frame_width": "1920",
        "frame_height": "1080",
        "snapshot": "/a, b.jpg",
        "crop": "",
        "way": "exit",
        "watchlist": "deny",
        "lists": "'=banned stolen",
        "speed_kmh": "47.3",
        "speed_error_kmh": "2.1",
        "schema": "plate-event/1",
    }
    assert (second["plate"], second["direction"], second["candidates"]) == ("X1", "", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\n=1"])
def test_csv_cells_are_no_formulas(tmp_path, make_event, text):
    path = tmp_path / "events.csv"
    started(CsvSink, path).send(make_event(camera=text, crop=text))
    (row,) = csv.DictReader(io.StringIO(path.read_text(), newline=""))
    assert (row["camera"], row["crop"]) == ("'" + text, "'" + text)


@pytest.mark.parametrize("kind", FILE_SINKS)
def test_a_file_is_continued(tmp_path, make_event, kind):
    path = tmp_path / "events"
    events = [make_event() for _ in range(3)]
    for event in events:
        started(kind, path).send(event)
    assert records(path) == [event.id for event in events]


@pytest.mark.parametrize("kind", FILE_SINKS)
@pytest.mark.parametrize(
    ("cut", "kept"),
    [(0, 2), (1, 2), (2, 1), (40, 1)],
    ids=["whole", "no line end", "last letter torn", "torn"],
)
def test_a_torn_last_line_is_healed(tmp_path, make_event, kind, cut, kept):
    path = tmp_path / "events"
    sink = started(kind, path)
    events = [make_event() for _ in range(2)]
    for event in events:
        sink.send(event)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - cut])
    last = make_event()
    started(kind, path).send(last)
    assert records(path) == [event.id for event in events[:kept]] + [last.id]


def test_a_torn_header_is_healed(tmp_path, make_event):
    path = tmp_path / "events.csv"
    path.write_text(HEADER[:20])
    event = make_event()
    started(CsvSink, path).send(event)
    assert records(path) == [event.id]
    assert path.read_text().startswith(HEADER)


@pytest.mark.parametrize("kind", FILE_SINKS)
def test_a_file_that_was_moved_away_is_begun_again(tmp_path, make_event, kind):
    path = tmp_path / "events"
    sink = started(kind, path)
    events = [make_event() for _ in range(2)]
    sink.send(events[0])
    path.rename(tmp_path / "yesterday")
    sink.send(events[1])
    assert records(tmp_path / "yesterday") == [events[0].id]
    assert records(path) == [events[1].id]


@pytest.mark.parametrize("kind", FILE_SINKS)
@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: path.mkdir(), "Is a directory; it must be a file"),
        (lambda path: path.parent.touch(), "; it must be a file that may be written to"),
    ],
)
def test_a_path_that_cannot_be_is_named_at_the_start(tmp_path, kind, make, fault):
    path = tmp_path / "folder" / "events"
    if fault.startswith("Is"):
        path.parent.mkdir()
    make(path)
    with pytest.raises(SinkError) as caught:
        started(kind, path)
    assert f"file '{path}' cannot be written" in str(caught.value)
    assert fault in str(caught.value)
    assert caught.value.permanent


def test_a_file_with_other_columns_is_left_alone(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("plate,time\nX1,12:00\n")
    with pytest.raises(SinkError, match=rf"file '{path}' has other columns; move it away"):
        started(CsvSink, path)
    assert path.read_text() == "plate,time\nX1,12:00\n"


@pytest.mark.parametrize("kind", FILE_SINKS)
def test_a_full_disk_is_waited_for(make_event, kind):
    sink = started(kind, Path("/dev/full"))
    with pytest.raises(SinkError, match=r"'/dev/full' cannot be written: No space left") as caught:
        sink.send(make_event())
    assert not caught.value.permanent
    assert not caught.value.rejected


@pytest.mark.parametrize("kind", FILE_SINKS)
def test_a_line_that_did_not_fit_leaves_nothing_behind(tmp_path, make_event, monkeypatch, kind):
    path = tmp_path / "events"
    sink = started(kind, path)
    event = make_event()
    sink.send(event)
    before = path.read_bytes()

    def failing(_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", failing)
        with pytest.raises(SinkError, match="Input/output error"):
            sink.send(make_event())
    assert path.read_bytes() == before
    sink.send(event)
    assert records(path) == [event.id, event.id]


@pytest.mark.parametrize(("kind", "lines"), [(JsonlSink, 2), (CsvSink, 3)])
def test_dash_is_standard_output(make_event, capsys, kind, lines):
    sink = started(kind, Path("-"))
    assert capsys.readouterr().out == ""
    sink.send(make_event())
    sink.send(make_event())
    assert len(capsys.readouterr().out.splitlines()) == lines


def test_a_closed_standard_output_is_named(make_event, monkeypatch):
    sink = started(JsonlSink, Path("-"))

    class Closed(io.StringIO):
        def flush(self):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(SinkError, match="standard output cannot be written: Broken pipe"):
        sink.send(make_event())


def test_memory_keeps_each_event_once(make_event):
    sink = MemorySink()
    sink.start()
    events = [make_event(), make_event()]
    for event in (*events, events[0]):
        sink.send(event)
    assert sink.events == events
    assert encode(sink.events[0]) == encode(events[0])
