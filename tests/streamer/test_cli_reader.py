"""`plate-streamer train reader` and `export-reader`: options, and mistakes in one line."""

import dataclasses

import cv2
import numpy as np
import pytest

from models.training.recipes import ReaderRecipe
from reader_pictures import write_table
from streamer.cli import main
from streamer.commands.reader import RECIPE_HELP

pytest.importorskip("pandas", reason="tables need the extra train")
pytest.importorskip("torch", reason="needs the training extra")


def train(capsys, *words):
    code = main(["train", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def table(root, text, split="train", name="mine"):
    ground = np.full((80, 200, 3), 90, np.uint8)
    return write_table(root, name, [(ground, (10, 10, 90, 40), text, split)])


def help_of(capsys, command):
    with pytest.raises(SystemExit) as left:
        main(["train", command, "--help"])
    assert left.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_lists_every_part_of_the_recipe_with_its_default(capsys):
    text = help_of(capsys, "reader")
    for field in dataclasses.fields(ReaderRecipe):
        assert f"--{field.name.replace('_', '-')}" in text
        assert f"{RECIPE_HELP[field.name]} (default: {field.default})" in text
    assert set(RECIPE_HELP) == {field.name for field in dataclasses.fields(ReaderRecipe)}
    assert "--no-taught" in text
    assert "--resume" in text


def test_help_of_the_export(capsys):
    text = help_of(capsys, "export-reader")
    for option in ("--data", "--images", "--run", "--output WEIGHTS.onnx", "--note"):
        assert option in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reader"], "the following arguments are required: --data"),
        (["export-reader", "--data", "a.csv"], "the following arguments are required: --output"),
        (["reader", "--data", "a.csv", "--steps", "many"], "argument --steps: invalid int value"),
        (["reader", "--data", "a.csv", "--width", "wide"], "argument --width: invalid float value"),
    ],
)
def test_words_that_are_no_command(words, message, capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", *words])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def one_line(err):
    """The message; nothing else, and no traceback."""
    (line,) = err.splitlines()
    return line


def test_no_tables(tmp_path, capsys):
    empty = tmp_path / "annotations"
    empty.mkdir()
    code, _, err = train(capsys, "reader", "--data", empty, "--run", tmp_path / "run")
    assert code == 2
    assert "no annotation table given; expected at least one CSV file" in one_line(err)
    code, _, err = train(capsys, "reader", "--data", tmp_path / "x.csv", "--run", tmp_path / "run")
    assert code == 2
    assert "x.csv: no readable table" in one_line(err)


@pytest.mark.parametrize(("text", "split"), [("", "train"), ("AB123", "val"), ("?!", "train")])
def test_no_texts_to_learn(tmp_path, capsys, text, split):
    mine = table(tmp_path, text, split)
    code, _, err = train(capsys, "reader", "--data", mine, "--run", tmp_path / "run")
    assert code == 2
    assert "mine.csv: no train row with a plate_text; a reader needs some" in one_line(err)


def test_what_failed_at_its_data_may_be_begun_again(tmp_path, capsys):
    """The folder of a run that never began is no training that would have to be resumed."""
    words = ["reader", "--data", table(tmp_path, ""), "--run", tmp_path / "run"]
    assert train(capsys, *words)[2] == train(capsys, *words)[2]


def test_a_run_that_is_here_already(tmp_path, capsys):
    run, mine = tmp_path / "run", table(tmp_path, "AB123")
    run.mkdir()
    (run / "checkpoint.pt").touch()
    code, _, err = train(capsys, "reader", "--data", mine, "--run", run)
    assert code == 2
    assert f"{run}: a training is here already; resume it, or name another folder" in one_line(err)
    code, _, err = train(capsys, "reader", "--data", mine, "--run", tmp_path / "other", "--resume")
    assert code == 2
    assert "other: no checkpoint.pt here to resume from" in one_line(err)


def test_no_weights_to_start_from(tmp_path, capsys):
    mine = table(tmp_path, "AB123")
    words = [
        "--data",
        mine,
        "--run",
        tmp_path / "run",
        "--start",
        tmp_path / "gone.onnx",
        "--no-taught",
    ]
    code, _, err = train(capsys, "reader", *words)
    assert code == 2
    assert "gone.onnx: no readable ONNX file to start from" in err.splitlines()[-1]


def test_an_unreadable_picture_is_named(tmp_path, capsys):
    mine = table(tmp_path, "AB123")
    (tmp_path / "images/mine/0.png").write_bytes(b"no picture")
    code, _, err = train(capsys, "reader", "--data", mine, "--run", tmp_path / "run")
    assert code == 2
    assert "mine/0.png: no readable picture" in one_line(err)


def test_an_export_without_a_training(tmp_path, capsys):
    mine, run = table(tmp_path, "AB123"), tmp_path / "run"
    words = ["export-reader", "--data", mine, "--run", run, "--output"]
    code, _, err = train(capsys, *words, tmp_path / "a.onnx")
    assert code == 2
    assert "run/reader.json: no readable record of a training" in one_line(err)
    code, _, err = train(capsys, *words, tmp_path / "a.pt")
    assert code == 2
    assert "a.pt: weights are written as ONNX; expected a name ending .onnx" in one_line(err)


@pytest.mark.slow
def test_from_annotations_to_weights(tmp_path, capsys):
    """Two steps and an export, as a user types them."""
    rows = []
    for number in range(6):
        rng = np.random.default_rng(number)
        image = rng.integers(60, 120, (120, 240, 3), np.uint8)
        cv2.putText(image, "AB12", (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (255,) * 3, 3)
        rows.append((image, (35, 40, 180, 90), "AB12", "train" if number < 4 else "val"))
    mine, run = write_table(tmp_path, "mine", rows), tmp_path / "run"
    small = ["--width", 0.3, "--batch", 8, "--steps", 2, "--no-taught"]
    code, _, err = train(capsys, "reader", "--data", mine, "--run", run, *small)
    assert code == 0
    assert f"now: plate-streamer train export-reader --data DATA --run {run}" in err
    output = tmp_path / "mine.onnx"
    code, out, _ = train(
        capsys, "export-reader", "--data", mine, "--run", run, "--output", output, "--note", "Hi."
    )
    assert code == 0
    assert out.splitlines()[-1] == "all: 0 of 2 (0.0000)"
    assert "\nHi.\n" in output.with_suffix(".md").read_text(encoding="utf-8")
