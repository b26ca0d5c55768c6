"""Looks kept in a file, misreadings put into them, and votes on them."""

import gzip
from dataclasses import replace

import pytest

from models.base import Hypothesis, Reading
from models.training.traffic import Passage
from streamer.app import default_config
from streamer.cli import main
from streamer.data import Look, Looked
from streamer.errors import UserError
from streamer.evaluation.noise import Noise, noisy
from streamer.evaluation.recorded import (
    Recording,
    Seen,
    frame_at,
    picture_of,
    read,
    to_plain,
    without_needless,
)
from streamer.evaluation.revoted import clips_in, vote_again, write
from streamer.settled import Settled
from trackers.base import Track

SIZE = (1280, 720)
TRUTH = (Passage("AB123CD", 0.0, 2.0, 2.0),)


def looked(time_s, text="AB123CD", detection=0):
    frame = frame_at(time_s, picture_of(SIZE))
    box = (600.0, 300.0 + 20 * time_s, 700.0, 322.0 + 20 * time_s)
    seen = Hypothesis(text, 0.99, (0.995,) * len(text))
    reading = Reading(text, (0.995,) * len(text), (text,), (seen,), 0.9, 0.95, 0.98, "IT")
    look = Look(1, frame, box, picture_of((100, 22)), 0.9, reading)
    return Looked(frame, (Track(1, box, (0.0, 1.0), time_s, 3, detection),), (), (look,))


def line(items):
    import json

    return json.dumps(to_plain("driving", "driving, film 7", TRUTH, SIZE, items))


def recording(tmp_path, items):
    write(tmp_path / "looks.gz", iter([line(items)]))
    return tmp_path / "looks.gz"


def test_what_was_kept_is_what_was_seen(tmp_path):
    items = [looked(n / 10) for n in range(3)] + [Looked(None, (), (), ())]
    (film,) = read(recording(tmp_path, items))
    assert (film.condition, film.name, film.truth) == ("driving", "driving, film 7", TRUTH)
    assert len(film.items) == 4
    for ours, theirs in zip(film.items, items, strict=True):
        assert ours.tracks == theirs.tracks
        for one, other in zip(ours.looks, theirs.looks, strict=True):
            assert replace(one, frame=None, crop=None) == replace(other, frame=None, crop=None)
            assert one.frame.time_s == other.frame.time_s
            assert one.frame.size == SIZE
            assert one.crop.shape == other.crop.shape


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "cannot be read"),
        (gzip.compress(b"{", mtime=0), "cannot be read"),
        (gzip.compress(b"[]\n", mtime=0), "no plate-looks/1"),
        (gzip.compress(b'{"schema": "plate-looks/1"}\n', mtime=0), "is broken"),
    ],
)
def test_another_file_is_named(tmp_path, content, message):
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(read(tmp_path / "x.gz"))


def test_looks_are_voted_on_again(tmp_path):
    file = recording(tmp_path, [looked(n / 10) for n in range(20)])
    ((condition, found),) = vote_again(file, default_config("synthetic:"))
    assert condition == "driving"
    assert (found["vote"].exact, found["vote"].events) == (1, 1)
    assert found["vote"].after_look_s == pytest.approx([0.2])


def test_looks_that_nobody_would_have_asked_for_are_left_out():
    settled, seen = Settled(), Seen()
    settled.add(1)
    assert without_needless(looked(0.0), settled, 3, seen).looks == ()
    assert without_needless(looked(0.1), settled, 3, seen).looks == ()
    # Out of sight for a while: the first looks are taken anew.
    taken = [len(without_needless(looked(1 + n / 10), settled, 3, seen).looks) for n in range(5)]
    assert taken == [1, 1, 1, 0, 0]


def film_of(count):
    return Recording("c", "n", TRUTH, tuple(looked(n / 10) for n in range(count)))


def texts(film):
    return [look.reading.text for item in film.items for look in item.looks]


def test_no_noise_changes_nothing():
    film = film_of(5)
    assert texts(noisy(film, Noise(0, 0, 0, 0), 1)) == texts(film)


def test_misreadings_come_as_often_as_asked_for_and_are_the_same_again():
    film, noise = film_of(400), Noise(0.1, lost=0, doubled=0, hard=0)
    read_so = texts(noisy(film, noise, 1))
    wrong = sum(a != b for text in read_so for a, b in zip(text, "AB123CD", strict=True))
    assert 0.07 < wrong / (7 * 400) < 0.13
    assert read_so == texts(noisy(film, noise, 1)) != texts(noisy(film, noise, 2))


def test_characters_get_lost_and_doubled():
    lost = texts(noisy(film_of(50), Noise(0, lost=0.2, doubled=0, hard=0), 1))
    assert min(map(len, lost)) < 7 == max(map(len, lost))
    doubled = texts(noisy(film_of(50), Noise(0, lost=0, doubled=0.2, hard=0), 1))
    assert max(map(len, doubled)) > 7 == min(map(len, doubled))


def test_a_hard_character_is_misread_half_of_the_time():
    read_so = texts(noisy(film_of(300), Noise(0, lost=0, doubled=0, hard=1), 3))
    assert 0.4 < sum(text != "AB123CD" for text in read_so) / 300 < 0.6
    assert sum(sum(a != b for a, b in zip(t, "AB123CD", strict=True)) > 1 for t in read_so) == 0


def test_the_truth_of_clips_is_a_table(tmp_path):
    (tmp_path / "ground_truth.csv").write_text(
        "video,plate_text,first_s,last_s\na.mp4,AB123CD,0.5,2\nb.mp4,,,\n"
    )
    found = clips_in(tmp_path)
    assert found == {
        tmp_path / "a.mp4": [Passage("AB123CD", 0.5, 2.0, 1.5)], tmp_path / "b.mp4": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "ground_truth.csv: No such file"),
        ("video,plate_text\na.mp4,AB\n", "ground_truth.csv:2: .*expected the columns video"),
        ("video,plate_text,first_s,last_s\na.mp4,AB12,soon,2\n", "ground_truth.csv:2"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "ground_truth.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        clips_in(tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--noise", "0.1"], "give that, too"),
        (["--recorded", "x.gz", "--noise", "2"], "--noise 2.0: should be from 0 to 0.5"),
        (["--recorded", "x.gz", "--condition", "two lanes"], "--recorded and --clips render none"),
        (["--recorded", "nowhere.gz"], "nowhere.gz: cannot be read"),
        (["--clips", "nowhere"], "ground_truth.csv"),
    ],
)
def test_mistakes_on_the_command_line_are_named(capsys, words, message):
    assert main(["evaluate", "passages", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_records_and_votes_again(capsys, tmp_path):
    file = str(tmp_path / "looks.gz")
    films = ["--passages", "4", "--condition", "uneven time stamps", "--workers", "1"]
    assert main(["evaluate", "passages", *films, "--record", file]) == 0
    first = capsys.readouterr().out
    assert main(["evaluate", "passages", "--recorded", file]) == 0
    assert capsys.readouterr().out == first
    assert "| uneven time stamps | 4 |" in first
