"""`plate-streamer benchmark`: what it says of a recording that is known."""

import json

import cv2
import numpy as np
import pytest

from clips import gate_film
from streamer.app import default_config
from streamer.cli import main
from streamer.errors import UserError
from streamer.evaluation import throughput
from streamer.evaluation.throughput import measure


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return gate_film(tmp_path_factory.mktemp("films") / "gate.mp4")


def test_what_it_prints_and_writes_is_of_the_recording(film, tmp_path, capsys):
    assert main(["benchmark", str(film.path), "--json", str(tmp_path / "b.json"), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == (
        f"gate.mp4: {film.frames} frames of 640x360, {film.fps}.0 a second as filmed;"
        f" plates: {film.plate}"
    )
    names = [line.split()[0] for line in lines[1:]]
    assert names == ["decoding", "all", "processor", "detect", "track", "read", "vote"]
    (one,) = json.loads((tmp_path / "b.json").read_text())
    assert (one["frames"], one["size"], one["plates"]) == (film.frames, [640, 360], [film.plate])
    assert one["of_decoding"] == pytest.approx(one["fps_stages"] / one["fps_decoding"])
    assert 0 < one["of_decoding"] < 1  # the stages decode, too
    for cost in one["stages"]:
        assert 0 < cost["busy"] < 1
        seconds = one["frames"] / one["fps_stages"]
        assert cost["ms_per_frame"] * one["frames"] == pytest.approx(1000 * cost["busy"] * seconds)


def test_only_the_first_seconds(film):
    seen = []
    one = measure(str(film.path), default_config("unused"), 1.0, seen.append)
    assert one.frames == len(seen) == film.fps
    assert one.fps_filmed == pytest.approx(film.fps)


def test_a_film_without_a_clock_or_with_one_frame_has_no_rate(tmp_path):
    cv2.imwrite(str(tmp_path / "one.jpg"), np.full((60, 80, 3), 200, np.uint8))
    one = measure(str(tmp_path / "one.jpg"), default_config("unused"))
    assert (one.frames, one.fps_filmed, one.plates) == (1, None, ())


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("gone.mp4", "gone.mp4: no such file; expected a recording such as clip.mp4"),
        ("car.jpg", "car.jpg: a picture; expected a recording such as clip.mp4"),
        ("words.mp4", "words.mp4: no video that can be decoded"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path, capsys, name, complaint):
    (tmp_path / "car.jpg").write_bytes(b"")
    (tmp_path / "words.mp4").write_text("no film")
    assert main(["benchmark", str(tmp_path / name)]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "much"])
def test_seconds_are_a_number_above_0(capsys, seconds):
    with pytest.raises(SystemExit) as ended:
        main(["benchmark", f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert "should be a number of seconds above 0" in capsys.readouterr().err


def test_a_folder_for_the_figures_must_be_there(film, tmp_path, capsys):
    assert main(["benchmark", str(film.path), "--json", str(tmp_path / "no" / "b.json")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_a_recording_that_breaks_off_is_an_error(tmp_path, film):
    (tmp_path / "half.mp4").write_bytes(film.path.read_bytes()[:-2000])
    with pytest.raises(UserError, match="half.mp4"):
        measure(str(tmp_path / "half.mp4"), default_config("unused"))


def test_without_a_recording_a_gate_is_rendered(monkeypatch, capsys):
    monkeypatch.setattr(throughput, "RENDERED_S", 1)
    assert main(["benchmark"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("gate.mp4: 25 frames of 1280x720, 25.0 a second as filmed; plates: none")
    assert "rendering a film of 1 s" in err
