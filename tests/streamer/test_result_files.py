import csv
import json
from datetime import UTC, datetime

import pytest

from streamer.data import Candidate, Character
from streamer.errors import UserError
from streamer.found import FoundPlate
from streamer.reading.files import already_read, mend, result_file
from streamer.reading.results import COLUMNS, of_picture, of_vehicle, position


def plate(text="AB123CD"):
    return FoundPlate(
        text, 0.9, (Character("A", 0.9),), (Candidate("A8123CD", 0.05),), (1.25, 2, 30, 9), "IT"
    )


def written(path, style, results, begin="anew"):
    with result_file(style, str(path), begin) as write:
        for result in results:
            write(result)
    return path.read_text()


THREE = [of_picture(f"{name}.jpg", [plate()]) for name in "abc"]


def test_lines_arrays_and_tables_say_the_same(tmp_path):
    lines = written(tmp_path / "o.jsonl", "jsonl", THREE).splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["a.jpg", "b.jpg", "c.jpg"]
    assert json.loads(written(tmp_path / "o.json", "json", THREE)) == [*map(json.loads, lines)]
    rows = list(csv.DictReader(written(tmp_path / "o.csv", "csv", THREE).splitlines()))
    assert [row["source"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert (rows[0]["plate"], rows[0]["x1"], rows[0]["country"]) == ("AB123CD", "1", "IT")


@pytest.mark.parametrize("results", [[], THREE[:1], THREE])
def test_an_array_is_whole_even_if_reading_is_interrupted(tmp_path, results):
    path = tmp_path / "o.json"

    def interrupted():
        with result_file("json", str(path)) as write:
            for result in results:
                write(result)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(json.loads(path.read_text())) == len(results)


def test_a_name_that_a_spreadsheet_would_run_is_text(tmp_path):
    text = written(tmp_path / "o.csv", "csv", [of_picture("=1+1.jpg", [plate()])])
    assert next(csv.DictReader(text.splitlines()))["source"] == "'=1+1.jpg"
    assert already_read("csv", str(tmp_path / "o.csv"), set()) == set()  # the last is read again


@pytest.mark.parametrize("style", ["jsonl", "csv"])
def test_appending_goes_on_after_what_is_there(tmp_path, style):
    path = tmp_path / "o"
    first = written(path, style, THREE[:2], "append")
    assert written(path, style, THREE[2:], "append") == written(tmp_path / "p", style, THREE)
    assert path.read_text().startswith(first)


@pytest.mark.parametrize("style", ["jsonl", "csv"])
def test_wherever_a_kill_cut_it_off_a_mended_file_can_be_gone_on_with(tmp_path, style):
    odd = [*THREE, of_picture('d "\n".jpg', [plate(), plate("XY999ZZ")]), of_picture("e", [])]
    whole = written(tmp_path / "whole", style, odd)
    path = tmp_path / "o"
    data = (tmp_path / "whole").read_bytes()
    for end in range(len(data)):
        path.write_bytes(data[:end])
        mend(style, str(path))
        read = already_read(style, str(path), set())
        left = [one for one in odd if one.source not in read]
        written(path, style, left, "resume")
        assert path.read_bytes() == data, (end, read)
    assert whole


def test_a_video_that_stands_last_is_read_again_and_others_are_not(tmp_path, make_decided):
    decided = make_decided()
    videos = {"a.mp4", "b.mp4"}
    every = [of_vehicle(name, decided, positions=True) for name in ("a.mp4", "b.mp4", "b.mp4")]
    for style in ("jsonl", "csv"):
        path = tmp_path / style
        written(path, style, [THREE[0], *every])
        assert already_read(style, str(path), videos) == {"a.jpg", "a.mp4"}
        assert path.read_text() == written(tmp_path / "p", style, [THREE[0], every[0]])


@pytest.mark.parametrize(
    ("style", "content", "says"),
    [
        ("csv", "plate,x\nA,1\n", "has other columns than source, plate"),
        ("jsonl", '{"source": "a"}\n{"schema": "plate-event/1"}\n', ":2 does not say what it was"),
        ("jsonl", "hello\n", ":1 does not say"),
        ("jsonl", "[]\n", ":1 does not say"),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path, style, content, says):
    path = tmp_path / "o"
    path.write_text(content)
    look = mend if style == "csv" else lambda *what: already_read(*what, set())
    with pytest.raises(UserError, match=says):
        look(style, str(path))
    assert path.read_text() == content


@pytest.mark.parametrize("path", ["/no/such/o", "/dev/full"])
def test_what_cannot_be_written_is_told(path):
    with pytest.raises(UserError, match=f"--output {path}: cannot be written"):
        write_one(path)


def write_one(path):
    with result_file("jsonl", path) as write:
        write(THREE[0])


def test_positions_are_seconds_into_the_recording(make_decided):
    decided = make_decided()
    frame = decided.look.frame
    event = decided.event
    after_s = (event.last_seen - event.first_seen).total_seconds()
    object.__setattr__(frame, "pts_s", 7.5)
    assert frame.at == event.last_seen
    assert position(decided) == {"at_s": 7.5, "from_s": 7.5 - after_s, "until_s": 7.5}
    plain = json.loads(of_vehicle("a.mp4", decided).json)
    told = json.loads(of_vehicle("a.mp4", decided, positions=True).json)
    assert list(told) == ["source", "at_s", "from_s", "until_s", "event"]
    assert told["event"] == plain
    (row,) = of_vehicle("a.mp4", decided).rows
    assert (row["source"], row["at_s"]) == ("a.mp4", 7.5)
    assert set(row) <= set(COLUMNS)
    assert datetime.fromisoformat(row["first_seen"]).tzinfo == UTC
