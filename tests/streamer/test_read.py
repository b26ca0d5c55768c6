"""`plate-streamer read` as its users run it."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from clips import gate_film
from file_server import FileServer
from models.training.gate import GateScene
from processes import in_time, plate_streamer
from streamer.cli import main
from streamer.codec import decode
from streamer.picture_reader import PlateReader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """`1.jpg` … `3.jpg`, three cars, and what stands on their plates."""
    folder = tmp_path_factory.mktemp("cars")
    plates = {}
    for number in (1, 2, 3):
        scene = GateScene((1280, 720), seed=number + 1, vehicles=1)
        passage = scene.passage(0)
        path = folder / f"{number}.jpg"
        cv2.imwrite(str(path), scene.render(passage.last_s - 1.5).image)
        plates[str(path)] = passage.plate
    return folder, plates


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return gate_film(tmp_path_factory.mktemp("film") / "gate.mp4", size=(1280, 720))


def read(capsys, *words):
    code = main(["read", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def plates_of(text):
    return {one["source"]: one["plates"][0]["plate"] for one in map(json.loads, text.splitlines())}


def test_a_folder_is_read_in_its_order_whatever_comes_between(capsys, folder, tmp_path):
    place, plates = folder
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    code, out, err = read(capsys, tmp_path / "broken.jpg", place, tmp_path / "gone.jpg")
    assert code == 2
    assert list(plates_of(out).items()) == list(plates.items())
    assert err.splitlines()[-1] == (
        "plate-streamer: 3 of 5 read, 2 could not be read (named above)"
    )


def test_workers_give_the_same_and_draw_the_same(folder, tmp_path):
    place, _ = folder
    for count in (1, 2):
        done = plate_streamer(
            "read", place, "--quiet", "--workers", count, "--annotate", tmp_path / str(count),
            "--output", tmp_path / f"{count}.jsonl",
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "1.jsonl").read_text() == (tmp_path / "2.jsonl").read_text()
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_one_array_is_json(capsys, folder):
    code, out, _ = read(capsys, folder[0], "--format", "json")
    assert code == 0
    assert [one["source"] for one in json.loads(out)] == list(folder[1])


def test_lists_and_standard_input(folder):
    place, plates = folder
    names = b"\0".join(path.encode() for path in reversed(plates))
    command = [sys.executable, "-m", "streamer", "read"]
    done = subprocess.run(
        [*command, "--from", "-", "-0"], input=names, capture_output=True, check=True
    )
    assert list(plates_of(done.stdout.decode()).items()) == list(reversed(plates.items()))
    picture = (place / "1.jpg").read_bytes()
    done = subprocess.run([*command, "-"], input=picture, capture_output=True, check=True)
    assert plates_of(done.stdout.decode()) == {"-": plates[str(place / "1.jpg")]}
    done = subprocess.run([*command, "-"], input=b"text", capture_output=True, check=False)
    assert done.returncode == 2
    assert b"standard input: no picture that can be decoded" in done.stderr


def test_a_picture_on_a_server(capsys, folder):
    place, plates = folder
    with FileServer() as server:
        server.files["/snapshot.jpg"] = (place / "1.jpg").read_bytes()
        server.files["/page"] = b"<html>"
        login = server.url.replace("//", "//user:secret@")
        good, bad, gone = (f"{login}/{name}" for name in ("snapshot.jpg", "page", "gone"))
        code, out, err = read(capsys, good, bad, gone)
    assert code == 2
    shown = server.url.replace("//", "//***@")
    assert plates_of(out) == {f"{shown}/snapshot.jpg": plates[str(place / "1.jpg")]}
    assert f"{shown}/page: no picture" in err
    assert f"{shown}/gone: the server answers 404" in err
    assert "secret" not in out + err
    code, _, err = read(capsys, good)
    assert (code, "cannot be fetched (ConnectionError)" in err) == (2, True)


@pytest.mark.parametrize("style", ["jsonl", "csv"])
def test_what_was_read_is_not_read_again(capsys, folder, tmp_path, style):
    place, _ = folder
    output = tmp_path / "plates"
    words = ("--format", style, "--output", output)
    read(capsys, place, *words)
    whole = output.read_bytes()
    first = str(place / "1.jpg").encode()
    # Had it been read again, it would not say so any more.
    output.write_bytes(whole[:-40].replace(b"0.9", b"0.8", 1))
    kept = output.read_bytes().splitlines()[: 1 if style == "jsonl" else 2]
    assert first in kept[-1]
    assert read(capsys, place, *words, "--resume")[0] == 0
    lines = output.read_bytes().splitlines()
    assert lines[: len(kept)] == kept
    assert lines[len(kept) :] == whole.splitlines()[len(kept) :]


def test_appending_adds_rows_under_one_header(capsys, folder, tmp_path):
    place, plates = folder
    for name in ("1.jpg", "2.jpg"):
        read(capsys, place / name, "--format", "csv", "--output", tmp_path / "log.csv", "--append")
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["plate"] for row in rows] == list(plates.values())[:2]


@pytest.mark.slow
def test_the_steps_of_a_video_are_those_of_the_best_look_at_each_vehicle(capsys, film, tmp_path):
    code, out, err = read(capsys, film.path, "--quiet", "--debug-images", tmp_path)
    assert (code, err) == (0, "")
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names[0] == f"0001-gate-{film.plate}-01-plates.png"
    assert names[-1].endswith("-read.png")
    assert len({name.split("-")[3] for name in names}) == len(names)
    look = cv2.imread(str(tmp_path / names[0]))
    assert look.shape == (720, 1280, 3)
    crop = cv2.imread(str(tmp_path / next(name for name in names if "crop" in name)))
    assert PlateReader().read(look)[0].plate == film.plate
    x1, y1, x2, y2 = decode(out.splitlines()[0]).box
    assert crop.shape[1] / crop.shape[0] == pytest.approx((x2 - x1) / (y2 - y1), rel=0.6)


@pytest.mark.slow
def test_a_video_says_where_its_vehicles_are(capsys, film, tmp_path):
    code, out, err = read(capsys, film.path, "--quiet", "--positions", "--annotate", tmp_path)
    assert (code, err) == (0, "")
    told = json.loads(out)
    event = decode(json.dumps(told["event"]))
    assert (told["source"], event.plate) == (str(film.path), film.plate)
    assert 0 <= told["from_s"] <= told["at_s"] <= told["until_s"] < film.frames / film.fps
    assert {path.name for path in tmp_path.iterdir()} == {"gate.mp4", f"{event.id}.jpg"}
    _, out, _ = read(capsys, film.path, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert float(row["at_s"]) == told["at_s"]


@pytest.mark.slow
def test_videos_are_resumed_by_their_positions(capsys, film, folder, tmp_path):
    place, _ = folder
    output = tmp_path / "o.jsonl"
    words = (film.path, place / "1.jpg", "--output", output, "--resume")
    code, _, err = read(capsys, *words)
    assert code == 2
    assert "--resume: with videos it needs --positions or --format csv" in err
    read(capsys, *words, "--positions")
    before = output.read_text()
    read(capsys, *words, "--positions")
    assert output.read_text() == before


def test_what_is_read_is_never_drawn_upon(capsys, folder, tmp_path):
    place, _ = folder
    picture = tmp_path / "car.jpg"
    picture.write_bytes((place / "1.jpg").read_bytes())
    assert read(capsys, picture, "--annotate", tmp_path)[0] == 0
    assert picture.read_bytes() == (place / "1.jpg").read_bytes()
    assert (tmp_path / "car-2.jpg").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "nothing to read: name pictures"),
        (["-", "--from", "-"], "not both"),
        (["-0", "a.jpg"], "--from"),
        (["a.jpg", "--append"], "--append needs a file"),
        (["a.jpg", "--resume"], "--resume needs a file"),
        (["a.jpg", "--resume", "--output", "o", "--format", "json"], "use --format jsonl or csv"),
        (["--from", "/no/such"], "--from /no/such: cannot be read"),
        (["a.jpg", "--output", "/no/such/o"], "--output /no/such/o: cannot be written"),
        (["a.jpg", "--config", "/no/such.yaml"], "/no/such.yaml"),
    ],
)
def test_a_mistake_is_told_in_a_line(capsys, words, says):
    code, out, err = read(capsys, *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert says in err


@pytest.mark.parametrize("count", ["0", "1.5", "many"])
def test_a_number_of_workers_is_one(capsys, count):
    with pytest.raises(SystemExit) as ended:
        main(["read", "a.jpg", "--workers", count])
    assert ended.value.code == 2
    assert "should be a number from 1 on" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("lines", [0, 3])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_at_once_with_its_processes(folder, tmp_path, number, code, lines):
    """Ctrl-C reaches all processes of the terminal, SIGTERM the first one alone."""
    os.mkfifo(tmp_path / "stuck.jpg")
    output = tmp_path / "o.jsonl"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "streamer", "read", folder[0], tmp_path / "stuck.jpg",
            "--workers", "2", "--quiet", "--output", output,
        ],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: output.exists() and output.read_text().count("\n") >= lines)
        time.sleep(0 if lines else 0.3)  # while its processes load
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        began_s = time.monotonic()
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (code, "")
        assert in_time(time.monotonic() - began_s)
        wait_for(lambda: not living(process.pid))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def living(group):
    """The processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found


def wait_for(condition, timeout_s=180.0):
    until_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until_s, "nothing came"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_stream_is_read_until_somebody_ends_it(rtsp_camera):
    process = subprocess.Popen(
        [sys.executable, "-m", "streamer", "read", rtsp_camera.url, "--positions"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told = json.loads(process.stdout.readline())
        assert told["event"]["plate"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        assert process.returncode == 130
    finally:
        process.kill()
        process.wait()
