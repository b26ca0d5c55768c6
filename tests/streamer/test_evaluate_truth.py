"""`plate-streamer evaluate --truth`: whole pictures held against a table of their plates."""

import json

import cv2
import numpy as np
import pytest

from models.training.gate import GateScene
from streamer.cli import main
from streamer.errors import UserError
from streamer.evaluation.truth import KnownPlate, paired, read_truth


def write(folder, text, name="truth.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_table_has_a_row_a_plate(tmp_path):
    table = write(
        tmp_path,
        "image,plate\nberlin/a.jpg,B-AB 1234\nberlin/a.jpg,w0b0x\nmunich/b.jpg,\nc.jpg,Ö1\n",
    )
    a, b, c = read_truth(table)
    assert (a.name, a.source) == ("berlin/a.jpg", "berlin")
    assert [one.text for one in a.plates] == ["BAB1234", "W0B0X"]
    assert b.plates == []
    assert (c.source, c.plates) == ("all pictures", [KnownPlate("O1")])


def test_tables_of_annotations_are_taken_as_they_are(tmp_path):
    table = write(
        tmp_path,
        "image,width,height,xmin,ymin,xmax,ymax,plate_text,split\n"
        "a.jpg,100,80,1,2,30.5,9,AB1,val\na.jpg,100,80,50,2,90,9,,val\nb.jpg,9,9,1,1,2,2,X1,train\n",
    )
    (picture,) = read_truth(table, "val")
    assert picture.plates == [
        KnownPlate("AB1", (1.0, 2.0, 30.5, 9.0)),
        KnownPlate("", (50.0, 2.0, 90.0, 9.0)),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("picture,plate\na.jpg,AB1\n", "no column names the pictures; one should be called image"),
        ("image,words\na.jpg,AB1\n", "no column names the plates"),
        ("", "there are: none"),
        ("image,plate\n", "has no rows"),
        ("image,plate\n,AB1\n", "truth.csv:2: image is empty"),
        ("image,plate\na.jpg,---\n", "truth.csv:2: plate '---' has no letter and no digit"),
        ("image,plate,xmin,ymin,xmax,ymax\na.jpg,A1,1,2,3,x\n", "truth.csv:2: the box 1,2,3,x"),
    ],
)
def test_a_faulty_table_is_named_with_its_line(tmp_path, text, complaint):
    with pytest.raises(UserError, match=complaint.replace("(", r"\(")):
        read_truth(write(tmp_path, text))


def test_plates_are_paired_by_box_where_it_is_known_else_by_text():
    left, right = (0.0, 0.0, 50.0, 10.0), (100.0, 0.0, 150.0, 10.0)
    by_box = [KnownPlate("AAA1", right), KnownPlate("BBB2", left)]
    assert paired(by_box, [("BBB2", right), ("AAA1", left)]) == ({0: 0, 1: 1}, [])
    by_text = [KnownPlate("AB123"), KnownPlate("XY777")]
    found = [("XY771", left), ("QQQQQ", left), ("AB123", right)]
    assert paired(by_text, found) == ({0: 2, 1: 0}, [1])
    assert paired([], [("AB123", left)]) == ({}, [0])
    assert paired(by_text, []) == ({}, [])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two rendered vehicles, the second with a wrong truth, and a picture without any."""
    folder = tmp_path_factory.mktemp("truth")
    lines = ["image,plate"]
    for seed in (7, 11):
        scene = GateScene((960, 540), seed=seed, vehicles=1)
        cv2.imwrite(str(folder / f"{seed}.png"), scene.render(7.0).image)
        lines.append(f"{seed}.png,{scene.passage(0).plate if seed == 7 else 'XX00XX'}")
    cv2.imwrite(str(folder / "empty.png"), np.full((270, 480, 3), 90, np.uint8))
    write(folder, "\n".join([*lines, "empty.png,", "gone.png,AB1"]) + "\n")
    return folder


def test_the_report_says_what_is_right_and_what_is_not(pictures, tmp_path, capsys):
    figures, page = tmp_path / "figures.json", tmp_path / "wrong.html"
    words = ["--truth", pictures / "truth.csv", "--json", figures, "--gallery", page, "--wrong"]
    assert main(["evaluate", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    assert "gone.png" in err
    assert out.startswith("4 pictures, 3 plates, ")
    assert "11.png: XX00XX was read as " in out
    written = json.loads(figures.read_text(encoding="utf-8"))
    right = [one["picture"] for one in written["read"] if one["truth"] == one["plate"]]
    assert right == ["7.png"]
    assert len(written["faults"]) == 1
    assert "XX00XX" not in page.read_text(encoding="utf-8").split("<body")[0]
    assert "11.png" in page.read_text(encoding="utf-8")


def test_a_users_mistakes_are_named(tmp_path, capsys):
    assert main(["evaluate"]) == 2
    assert "--truth CSV" in capsys.readouterr().err
    assert main(["evaluate", "--truth", str(tmp_path / "no.csv")]) == 2
    assert "no.csv: cannot be opened: No such file" in capsys.readouterr().err
    table = write(tmp_path, "image,plate\ngone.png,AB1\n")
    assert main(["evaluate", "--truth", str(table)]) == 2
    assert "no picture of the table could be read" in capsys.readouterr().err
    empty = tmp_path / "empty.png"
    cv2.imwrite(str(empty), np.full((90, 160, 3), 90, np.uint8))
    assert main(["evaluate", "--truth", str(write(tmp_path, "image,plate\nempty.png,\n"))]) == 2
    assert "no plate with a text" in capsys.readouterr().err
