"""`plate-streamer train pre-label`: labels in advance, and nothing that was corrected is lost."""

import json

import cv2
import pytest
from PIL import Image

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.gate import GateScene  # noqa: E402
from models.training.tables import read_tables  # noqa: E402
from streamer.cli import main  # noqa: E402


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """Three pictures in two folders, one of them stored turned; their plates by name."""
    root = tmp_path_factory.mktemp("gate")
    plates = {}
    for name, seed in {"1.png": 7, "a/2.jpg": 8, "a/turned.jpg": 9}.items():
        scene = GateScene(seed=seed, vehicles=1)
        passage = scene.passage(0)
        image = scene.render(passage.last_s - 1.5).image
        (root / name).parent.mkdir(exist_ok=True)
        if "turned" in name:
            exif = Image.Exif()
            exif[0x0112] = 6  # shown a quarter clockwise of how it is stored
            stored = cv2.cvtColor(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), 4)
            Image.fromarray(stored).save(root / name, exif=exif, quality=95)
        else:
            cv2.imwrite(str(root / name), image)
        plates[name] = passage.plate
    return root, plates


def run(capsys, *words):
    code = main(["train", *map(str, words)])
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


@pytest.mark.parametrize("style", ["voc", "yolo", "coco"])
def test_what_is_labelled_is_imported_as_it_was_read(tmp_path, capsys, gate, style):
    root, plates = gate
    code, err = run(capsys, "pre-label", root, "--output", tmp_path / "l", "--format", style)
    assert code == 0
    assert "3 pictures labelled" in err
    words = [f"import-{style}", tmp_path / "l", "--images", root, "--no-summary"]
    assert run(capsys, *words, "--output", tmp_path / "t.csv")[0] == 0
    table = read_tables(tmp_path / "t.csv")
    assert set(table["image"]) == set(plates)
    assert set(table["width"]) == {1280}  # as shown
    texts = set(zip(table["image"], table["plate_text"], strict=True))
    assert texts >= {(name, "" if style == "yolo" else plate) for name, plate in plates.items()}
    for row in table[table["plate_text"] != ""].itertuples():
        assert 2 < (row.xmax - row.xmin) / (row.ymax - row.ymin) < 8
    before = {file: file.read_bytes() for file in (tmp_path / "l").rglob("*") if file.is_file()}
    code, err = run(capsys, "pre-label", root, "--output", tmp_path / "l", "--format", style)
    assert (code, err.count("3 of them labelled already")) == (0, 1)
    assert before == {file: file.read_bytes() for file in before}


def test_corrected_labels_stay_and_missing_ones_are_made(tmp_path, capsys, gate):
    root, plates = gate
    words = ["pre-label", root, "--output", tmp_path, "--format", "voc", "--text-as", "class"]
    run(capsys, *words)
    first, other = tmp_path / "Annotations/1.xml", tmp_path / "Annotations/a/2.xml"
    assert f"<name>{plates['1.png']}</name>" in first.read_text(encoding="utf-8")
    first.write_text("<annotation>by hand</annotation>", encoding="utf-8")
    made = other.read_bytes()
    other.unlink()
    code, err = run(capsys, *words)
    assert code == 0
    assert "2 of them labelled already" in err
    assert first.read_text(encoding="utf-8") == "<annotation>by hand</annotation>"
    assert other.read_bytes() == made
    assert not list(tmp_path.rglob(".*"))


def test_broken_pictures_are_named_at_the_end_and_the_others_are_labelled(tmp_path, capsys, gate):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "0.jpg").write_bytes(b"no picture")
    (pictures / "1.png").write_bytes((gate[0] / "1.png").read_bytes())
    words = ["pre-label", pictures, "--output", tmp_path / "l", "--format", "coco"]
    code, err = run(capsys, *words)
    assert code == 2
    assert "0.jpg: no picture that can be decoded" in err.splitlines()[-1]
    content = json.loads(
        (tmp_path / "l/annotations/instances_default.json").read_text(encoding="utf-8")
    )
    assert [one["file_name"] for one in content["images"]] == ["1.png"]


def test_what_scores_too_low_is_left_out(tmp_path, capsys, gate):
    words = ["pre-label", gate[0], "--output", tmp_path, "--format", "voc", "--min-score", "1"]
    code, err = run(capsys, *words)
    assert code == 0
    assert "3 pictures labelled: 0 plates, 0 read" in err
    assert "<object>" not in (tmp_path / "Annotations/1.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--min-score", "40"], "--min-score 40: expected a score from 0 to 1"),
        (["--text-as", "class"], "--text-as class: is for --format voc; yolo has one class here"),
        (["--config", "none.yaml"], "none.yaml"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, capsys, gate, words, message):
    base = ["pre-label", gate[0], "--output", tmp_path / "l", "--format", "yolo"]
    code, err = run(capsys, *base, *words)
    assert code == 2
    assert message in err.splitlines()[-1]
    assert not (tmp_path / "l").exists()


def test_a_folder_that_is_none_or_empty_is_named(tmp_path, capsys):
    for folder, message in (
        (tmp_path, "no picture found; known: .jpg"),
        ("none", "no such folder"),
    ):
        code, err = run(capsys, "pre-label", folder, "--output", tmp_path, "--format", "voc")
        assert (code, message in err) == (2, True)


def test_text_is_class_goes_alone(tmp_path, capsys):
    words = ["import-voc", tmp_path, "--output", tmp_path / "t.csv", "--text-is-class"]
    code, err = run(capsys, *words, "--class", "plate")
    assert (code, "goes without --class" in err) == (2, True)
