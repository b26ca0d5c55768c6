"""How passages are counted, and the command that counts them."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from models.base import Reading
from models.training.traffic import Passage
from streamer.cli import main
from streamer.commands.evaluate_passages import spread
from streamer.data import Frame, Look
from streamer.evaluation.passages import Bar, Published, Tally, best_looks, every_look, tally

FIRST, SECOND = Passage("AB123CD", 2.0, 6.0, 4.0), Passage("XY987ZW", 10.0, 14.0, 4.0)
BAR = Bar(min_confidence=0.6, min_characters=4, dedup_seconds=60.0)
HIDDEN = Passage("HH555HH", None, 0.0, 0.0)


def counted(*events, truth=(FIRST, SECOND)):
    found = tally(truth, [Published(plate, at_s) for plate, at_s in events], "film")
    return (
        found.passages, found.exact, found.wrong, found.missed, found.repeated, found.invented
    )  # fmt: skip


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([("AB123CD", 3.0), ("XY987ZW", 11.0)], (2, 2, 0, 0, 0, 0)),
        ([("AB123CD", 3.0)], (2, 1, 0, 1, 0, 0)),
        ([("AB128CD", 3.0), ("XY987ZW", 11.0)], (2, 1, 1, 0, 0, 0)),
        ([("AB123CD", 3.0), ("AB123CD", 5.0), ("XY987ZW", 11.0)], (2, 2, 0, 0, 1, 0)),
        ([("AB128CD", 3.0), ("AB123CD", 5.0), ("XY987ZW", 11.0)], (2, 2, 0, 0, 1, 0)),
        ([("AB123CD", 3.0), ("XY987ZW", 11.0), ("QQ444QQ", 4.0)], (2, 2, 0, 0, 0, 1)),
        # Nearly the second's plate, long before the second came.
        ([("AB123CD", 3.0), ("XY987ZV", 3.0)], (2, 1, 0, 1, 0, 1)),
        ([], (2, 0, 0, 2, 0, 0)),
    ],
)
def test_events_are_held_against_the_truth(events, counts):
    assert counted(*events) == counts


def test_who_was_never_legible_need_not_be_told_but_may():
    assert counted(truth=[HIDDEN]) == (0, 0, 0, 0, 0, 0)
    assert counted(("HH555HH", 5.0), truth=[HIDDEN]) == (1, 1, 0, 0, 0, 0)
    glimpse = Passage("AB123CD", 2.0, 2.1, 0.1)
    assert counted(truth=[glimpse]) == (0, 0, 0, 0, 0, 0)


def test_waits_count_from_when_the_plate_was_legible():
    found = tally([FIRST], [Published("AB123CD", 2.5)], "film")
    assert found.waits_s == pytest.approx([0.5])
    assert tally([FIRST], [Published("AB123CD", 1.0)], "film").waits_s == [0.0]


def test_tallies_add_up():
    total = Tally()
    assert (total.recall, total.wrong_share, total.median_wait_s) == (1.0, 0.0, None)
    total.add(tally([FIRST], [Published("AB123CD", 3.0)], "a"))
    total.add(tally([FIRST], [Published("AB128CD", 3.0)], "b"))
    assert (total.passages, total.recall, total.wrong_share) == (2, 0.5, 0.5)
    assert total.median_wait_s == pytest.approx(1.0)
    assert total.faults == ["b: AB123CD told as AB128CD"]


def look(track, at_s, text, quality=0.5, confidence=0.9, reason=None):
    image = np.zeros((4, 4, 3), np.uint8)
    frame = Frame("film", 0, datetime(2026, 1, 2, tzinfo=UTC), at_s, image, pts_s=at_s)
    reading = Reading(
        text, (confidence,) * len(text), (text,), confidence=confidence, reason=reason
    )  # fmt: skip
    return Look(track, frame, (0, 0, 4, 4), image, quality, reading)


def test_the_best_look_of_each_track_speaks_when_it_has_ended():
    looks = [
        look(1, 1.0, "AB128CD", 0.3), look(1, 2.0, "AB123CD", 0.8), look(1, 3.0, "A8123CD", 0.4),
        look(2, 3.5, "AB123CD"), look(3, 4.0, "ZZ11", confidence=0.5),
        look(4, 5.0, "ZZ11", reason="no_format"), look(5, 6.0, "Z1"), look(6, 90.0, "AB123CD"),
    ]  # fmt: skip
    assert best_looks(looks, BAR) == [Published("AB123CD", 3.0), Published("AB123CD", 90.0)]


def test_every_look_speaks_at_once():
    looks = [look(1, 1.0, "AB128CD"), look(1, 2.0, "AB123CD"), look(1, 3.0, "AB123CD")]
    assert every_look(looks, BAR) == [Published("AB128CD", 1.0), Published("AB123CD", 2.0)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--condition", "snow"], "no such condition 'snow'; known: driving through,"),
        (["--passages", "0"], "--passages: 0; expected 1 or more"),
        (["--workers", "-1"], "--workers: -1; expected 1 or more"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--json", "no/such/folder/figures.json"], "no/such/folder"),
    ],
)
def test_mistakes_are_named(capsys, words, message):
    assert main(["evaluate", "passages", *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_the_command_counts_rendered_passages(capsys, tmp_path):
    words = ["--passages", "4", "--condition", "uneven time stamps", "--workers", "1"]
    assert main(["evaluate", "passages", *words, "--json", str(tmp_path / "all.json")]) == 0
    out, err = capsys.readouterr()
    assert "film 1 of 1" in err
    figures = json.loads((tmp_path / "all.json").read_text())
    one = figures["vote"]["uneven time stamps"]
    assert one["passages"] == one["exact"] + one["wrong"] + one["missed"] == 4
    assert one["exact"] >= 3
    assert one["repeated"] == 0
    assert set(figures) == {"vote", "best look", "every look"}
    assert "| uneven time stamps | 4 |" in out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ([], ""),
        ([1.0], "1.00, 90 %: 1.00"),
        ([2.0, 1.0], "1.50, 90 %: 2.00"),
        (range(10), "4.50, 90 %: 8.00"),
    ],
)
def test_nine_in_ten_do_not_exceed_it(seconds, text):
    assert spread(list(seconds)) == text
