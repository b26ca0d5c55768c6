"""Tables of annotated pictures that were written by other hands."""

import sys

import pytest

pytest.importorskip("pandas", reason="tables need the extra train")
from models.training.tables import COLUMNS, AnnotationError, read_tables
from streamer.cli import main

ROW = "a.jpg,80,60,10,20,40,30,AB123,train"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["image,width", "a.jpg,80"], r"no column height, xmin"),
        ([",".join(COLUMNS), ROW.replace("train", "test")], r"row 2 split 'test'; known: train"),
        ([",".join(COLUMNS), ROW, ROW.replace("10,", "x,")], r"column xmin holds"),
        ([",".join(COLUMNS), ROW.replace("40,30", "81,30")], r"row 2 box \[10, 20, 81, 30\]"),
        ([",".join(COLUMNS), ROW.replace("40,30", "10,30")], r"is not inside its picture of 80x60"),
        ([",".join(COLUMNS), ROW, ROW.replace("train", "val")], r"a\.jpg is in train and in val"),
        ([""], r"no readable table"),
    ],
)
def test_faults_of_a_table_are_named(tmp_path, lines, message):
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(AnnotationError, match=message) as caught:
        read_tables(file)
    assert str(file) in str(caught.value)


def test_several_tables_are_one(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text(f"{','.join(COLUMNS)}\n{ROW}\n", encoding="utf-8")
    table = read_tables(tmp_path / "one.csv", tmp_path / "two.csv")
    assert table["source"].tolist() == ["one", "two"]
    assert table["plate_text"].tolist() == ["AB123", "AB123"]


def test_no_or_a_missing_table(tmp_path):
    with pytest.raises(AnnotationError, match="no annotation table given"):
        read_tables()
    with pytest.raises(AnnotationError, match=r"gone\.csv"):
        read_tables(tmp_path / "gone.csv")


def test_plate_texts_stay_texts(tmp_path):
    """`NA` is a plate here, not a missing value; so is 007."""
    file = tmp_path / "mine.csv"
    rows = [ROW.replace("AB123", "NA"), ROW.replace("AB123", "007"), ROW.replace("AB123", "")]
    file.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    assert read_tables(file)["plate_text"].tolist() == ["NA", "007", ""]


@pytest.mark.parametrize(
    "words",
    [
        "evaluate reader --data mine.csv",
        "evaluate detector --data mine.csv",
        "train quantize models/weights/plate-detector.onnx --data mine.csv --output q.onnx",
        "train corners --data mine.csv --run r",
        "train reader --data mine.csv --run r",
        "train export-labels mine.csv --output again --format coco",
    ],
)
def test_who_lacks_the_extra_is_told_its_name(monkeypatch, capsys, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "mine.csv").write_text(f"{','.join(COLUMNS)}\n{ROW}\n", encoding="utf-8")
    assert main(words.split()) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith("tables need pandas: pip install 'plate-streamer[train]'")
