import csv
import io
import json
import os
import re
import subprocess
import sys

import cv2
import pytest

from clips import gate_film
from models.training.gate import GateScene
from processes import plate_streamer
from streamer.cli import main
from streamer.codec import decode


@pytest.fixture(scope="module")
def scene():
    return GateScene(seed=7, vehicles=1)


@pytest.fixture(scope="module")
def picture(scene, tmp_path_factory):
    """A picture of a car before the barrier, and its plate."""
    passage = scene.passage(0)
    path = tmp_path_factory.mktemp("pictures") / "car 1.png"
    cv2.imwrite(str(path), scene.render(passage.last_s - 1.5).image)
    return path, passage.plate


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_picture_gives_one_json_line_with_its_plates(capsys, picture):
    path, plate = picture
    code, out, _ = run(capsys, "read", path)
    assert code == 0
    (line,) = out.splitlines()
    result = json.loads(line)
    assert result["source"] == str(path)
    best = result["plates"][0]
    assert list(best) == [
        "plate", "confidence", "characters", "candidates", "box", "country", "reason"
    ]  # fmt: skip
    assert best["plate"] == plate
    assert "".join(one["char"] for one in best["characters"]) == plate
    assert 0.5 < best["confidence"] <= 1
    x1, y1, x2, y2 = best["box"]
    assert 60 < x2 - x1 < 400
    assert y1 < y2


def test_a_folder_gives_a_line_per_picture_in_natural_order(capsys, picture, tmp_path):
    image = cv2.imread(str(picture[0]))
    for number in (10, 9):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), image)
    cv2.imwrite(str(tmp_path / "11.png"), image[:100, :100])
    code, out, _ = run(capsys, "read", tmp_path)
    results = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [os.path.basename(result["source"]) for result in results] == [
        "9.jpg",
        "10.jpg",
        "11.png",
    ]
    assert results[2]["plates"] == []


def test_csv_is_a_table_for_spreadsheets(capsys, picture):
    path, plate = picture
    _, out, _ = run(capsys, "read", path, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["source"], row["plate"]) == (str(path), plate)
    assert int(row["x1"]) < int(row["x2"])


@pytest.mark.slow
def test_a_video_gives_one_event_line_per_vehicle(capsys, tmp_path):
    film = gate_film(tmp_path / "gate.mp4", size=(1280, 720))
    code, out, _ = run(capsys, "read", film.path, "--annotate", tmp_path / "out")
    (line,) = out.splitlines()
    event = decode(line)
    assert code == 0
    assert event.plate == film.plate
    drawn = cv2.imread(str(tmp_path / "out" / f"{event.id}.jpg"))
    assert drawn.shape[1::-1] == film.size


def test_results_go_where_they_are_asked_to(capsys, picture, tmp_path):
    path, plate = picture
    code, out, _ = run(
        capsys, "read", path, "--output", tmp_path / "out.jsonl", "--annotate", tmp_path / "drawn"
    )
    assert (code, out) == (0, "")
    assert json.loads((tmp_path / "out.jsonl").read_text())["plates"][0]["plate"] == plate
    drawn, original = cv2.imread(str(tmp_path / "drawn/car 1.jpg")), cv2.imread(str(path))
    assert drawn.shape == original.shape
    assert abs(drawn.astype(int) - original).max() > 100


def test_what_cannot_be_read_is_named_and_the_rest_is_read(capsys, picture, tmp_path):
    path, plate = picture
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    code, out, err = run(capsys, "read", tmp_path / "gone.jpg", tmp_path / "broken.jpg", path)
    assert code == 2
    assert [json.loads(line)["plates"][0]["plate"] for line in out.splitlines()] == [plate]
    assert "gone.jpg" in err
    assert "broken.jpg" in err
    assert "Traceback" not in err


CAMERA = "cameras: [{name: gate, url: 'synthetic:'}]\n"


@pytest.mark.parametrize(
    ("words", "config", "says"),
    [
        (["check-config"], "cameras: [{nam: gate}]", ["cameras[0].nam: unknown key; did you mean"]),
        (["check-config"], CAMERA + "detector: yol", ["no such detector 'yol'; known: yolo"]),
        (["check-config"], CAMERA + "vote: {x: 1}\nlooks: {y: 1}", ["vote.x", "looks.y"]),
        (["run"], "cameras: [{name: gate, url: /no/such.mp4}]", ["/no/such.mp4", "no such file"]),
        (["run"], "cameras: [{name: gate, url: 'rtps://x/'}]", ["rtps", "rtsp"]),
        (["run"], CAMERA + "detector: {weights: /no/such.onnx}", ["/no/such.onnx"]),
        (["run"], CAMERA + "sinks: {jsonl: {path: /proc/no/such}}", ["/proc/no/such"]),
        (["run"], CAMERA + "store: {folder: /proc/no}", ["/proc/no"]),
        (["run"], CAMERA + "sinks: {mqtt: {host: h, tls: true, ca_file: /no/ca}}", ["/no/ca"]),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_line_and_exit_code_2(
    capsys, tmp_path, monkeypatch, words, config, says
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.yaml").write_text(config + "\nmetrics: {port: 0}\n")
    code, out, err = run(capsys, *words, "gate.yaml")
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    for words_said in says:
        assert words_said in err


def test_check_config_tells_of_all_models_that_cannot_be_loaded(capsys, tmp_path):
    faulty = "detector: {weights: /no/d.onnx}\nreader: {name: ctc, weights: /no/r.onnx}\n"
    path = tmp_path / "gate.yaml"
    path.write_text(CAMERA + faulty)
    code, _, err = run(capsys, "check-config", path)
    assert code == 2
    assert "Traceback" not in err
    for section, file in (("detector", "/no/d.onnx"), ("reader", "/no/r.onnx")):
        assert re.search(f"gate.yaml: {section}: .*{file}", err), err
    code, _, err = run(capsys, "check-config", "--without-models", path)
    assert code == 0, err


def test_a_good_configuration_is_called_good(capsys, tmp_path):
    (tmp_path / "gate.yaml").write_text(CAMERA)
    code, _, err = run(capsys, "check-config", tmp_path / "gate.yaml")
    assert code == 0
    assert "good; cameras: gate" in err


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["run", "--help"], ["train", "detector", "--help"]]
)
def test_help_is_there(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == (0 if words else 2)


def test_help_loads_nothing_heavy():
    program = (
        "import sys; sys.argv=['x','--help']\nfrom streamer.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = ('cv2', 'onnxruntime', 'torch', 'av', 'scipy', 'pydantic')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")


def test_the_module_runs_as_the_command():
    assert plate_streamer("--version").stdout.startswith("plate-streamer ")


@pytest.mark.slow
def test_the_demo_reads_every_vehicle_once():
    done = plate_streamer("demo", "--fast", "--vehicles", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 plates read right, one event each" in done.stdout


def terminated(rest):
    """A process that gets SIGTERM while it runs a command; `rest` follows in the program."""
    code = (
        "import os, signal, time\n"
        "from streamer import cli\n"
        "with cli._ended_in_order():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(20)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code + rest],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_sigterm_unwinds_what_runs():
    """As Ctrl-C does: else the loaders of a training would outlive it."""
    done = terminated("    finally:\n        print('unwound')\n")
    assert (done.returncode, done.stdout) == (143, "unwound\n"), done.stderr


def test_sigterm_while_a_module_is_loaded_is_no_failure():
    """Compiled modules turn the exit into an ImportError of their own."""
    done = terminated(
        "    except SystemExit as error:\n"
        "        raise ImportError('initialization failed') from error\n"
    )
    assert (done.returncode, done.stderr) == (143, "")
