"""The bundled detector in int8 and for one shape, held against itself on rendered scenes."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import ModelError
from models.detectors.yolo import BUNDLED, YoloDetector
from models.runtime import Session, sha256_of
from models.training.dataset import render_scenes
from models.training.evaluate import Material
from models.training.quantize import (
    chosen,
    output_end,
    quantize_detector,
    size_of,
    write_int8,
)
from models.training.recipes import Recipe
from models.training.scores import iou_matrix
from models.training.tables import COLUMNS
from streamer.cli import main

onnx = pytest.importorskip("onnx", reason="quantising needs the extra train")
pytest.importorskip("pandas", reason="tables need the extra train")
from onnx import TensorProto, helper  # noqa: E402

SIZE = (416, 256)
CALIBRATED_ON = 3


def write_table(folder: Path, splits: dict[str, int]) -> Path:
    """Rendered scenes as an annotation table, in the layout of our data."""
    rows = []
    for split, count in splits.items():
        for scene in render_scenes(folder / "images", split, count, seed=0):
            rows += [[scene.path.name, *scene.size, *box, "", split] for box in scene.boxes]
    table = folder / "annotations" / "drawn.csv"
    table.parent.mkdir()
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("data"), {"train": 4, "val": 4})


@pytest.fixture(scope="module")
def int8(table, tmp_path_factory):
    """The bundled weights in int8, quantised from the command line."""
    output = tmp_path_factory.mktemp("int8") / "mine.onnx"
    words = ["train", "quantize", BUNDLED, "--data", table, "--output", output]
    words += ["--size", *SIZE, "--pictures", CALIBRATED_ON]
    assert main([str(word) for word in words]) == 0
    return output


def val_pictures(table: Path) -> list[np.ndarray]:
    files = sorted((table.parent.parent / "images").glob("*val*.jpg"))
    assert files
    return [cv2.imread(str(file)) for file in files]


@pytest.mark.parametrize(
    "runtime", ["onnxruntime", pytest.param("openvino", marks=pytest.mark.slow)]
)
def test_int8_finds_the_same_plates(int8, table, runtime):
    pytest.importorskip(runtime)
    exact = YoloDetector(size=SIZE, min_score=0.5)
    rough = YoloDetector(weights=int8, size=SIZE, min_score=0.3, runtime=runtime)
    plates = 0
    for picture in val_pictures(table):
        expected = [one.box for one in exact.detect(picture)]
        found = [one.box for one in rough.detect(picture)]
        plates += len(expected)
        if expected:
            assert (iou_matrix(expected, found).max(axis=1) > 0.8).all()
    assert plates >= 4


def test_int8_is_a_quarter_of_the_file_and_its_ends_are_float(int8):
    assert int8.stat().st_size < 0.33 * BUNDLED.stat().st_size
    graph = onnx.load(int8).graph
    kinds = {one.name: one.data_type for one in graph.initializer}
    convolutions = {node.name: node for node in graph.node if node.op_type == "Conv"}
    in_float = sorted(
        name for name, node in convolutions.items() if kinds.get(node.input[1]) == TensorProto.FLOAT
    )
    heads = [f"cv{branch}.{level}" for branch in (2, 3) for level in range(3)]
    assert in_float == [f"/model.23/{head}/{head}.2/Conv" for head in heads]
    assert len(convolutions) > 90
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    assert last.op_type == "Concat"


def test_the_card_of_int8(int8):
    card = json.loads(int8.with_suffix(".json").read_text(encoding="utf-8"))
    source = json.loads(BUNDLED.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["file"] == "mine.onnx"
    assert card["sha256"] == sha256_of(int8)
    assert card["output"] == source["output"]
    assert card["data"] == source["data"]
    assert card["licence"] == source["licence"]
    assert card["training"]["made_from_sha256"] == sha256_of(BUNDLED)
    assert card["training"]["precision"] == "int8"
    assert f"{CALIBRATED_ON} train pictures at 416x256" in card["training"]["calibration"]
    assert card["evaluation"]["picture_size"] == list(SIZE)
    overall = card["evaluation"]["scores"][-1]
    assert overall["pictures"] == 4
    assert overall["recall"] > 0.5  # of half a dozen plates
    assert card["sha256"] in int8.with_suffix(".md").read_text(encoding="utf-8")
    assert Session(int8).metadata["precision"] == "int8"
    assert Session(int8).metadata["names"] == '["plate"]'


def test_what_is_int8_is_not_quantised_again(int8, tmp_path):
    with pytest.raises(ModelError, match=r"mine\.onnx: is quantised already"):
        write_int8(int8, tmp_path / "twice.onnx", [], SIZE)


def network_of(*nodes, tensors=()) -> onnx.GraphProto:
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), "tiny", [image], [answer], list(tensors))


def node(kind: str, name: str, *inputs: str) -> onnx.NodeProto:
    return helper.make_node(kind, list(inputs), [f"{name}_out"], name=name)


def test_the_end_is_what_follows_the_last_layers():
    """With a head whose distances are averaged by a convolution without bias, as in YOLOv8."""
    graph = network_of(
        node("Conv", "body", "images", "w", "b"),
        node("Shape", "length", "body_out"),
        node("Conv", "boxes", "body_out", "w", "b"),
        node("Conv", "scores", "body_out", "w", "b"),
        node("Softmax", "shares", "boxes_out"),
        node("Conv", "average", "shares_out", "w"),
        node("Reshape", "flat", "scores_out", "length_out"),
        helper.make_node("Concat", ["average_out", "flat_out"], ["answer"], name="join", axis=1),
    )
    assert output_end(graph) == [
        "average", "boxes", "flat", "join", "length", "scores", "shares",
    ]  # fmt: skip


def test_the_same_pictures_are_chosen_each_time():
    pictures = [Path(f"{n}.jpg") for n in range(50)]
    assert chosen(pictures, 5) == chosen(list(reversed(pictures)), 5)
    assert len(set(chosen(pictures, 99))) == 50


def test_the_size_is_the_detectors_own_unless_the_file_has_one(tmp_path):
    from models.training.export import write_fixed

    assert size_of(BUNDLED) == YoloDetector.__init__.__kwdefaults__["size"]
    write_fixed(BUNDLED, tmp_path / "fixed.onnx", (96, 64))
    assert size_of(tmp_path / "fixed.onnx") == (96, 64)


def test_a_fixed_size_gives_the_same_boxes_and_takes_no_other(table, tmp_path):
    from models.training.export import fix_size

    fixed = tmp_path / "fixed.onnx"
    evaluation = fix_size(BUNDLED, fixed, SIZE, Material(tables=[table]))
    assert evaluation.size == SIZE
    card = json.loads(fixed.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["input"]["shape"] == [1, 3, 256, 416]
    assert card["training"]["made_from"] == BUNDLED.name
    first, second = (YoloDetector(weights=one, size=SIZE) for one in (BUNDLED, fixed))
    for picture in val_pictures(table):
        wide = picture[:, : picture.shape[0] * 13 // 8]  # the shape of the canvas
        pairs = zip(first.detect(wide), second.detect(wide), strict=True)
        for one, two in pairs:
            assert one.box == pytest.approx(two.box, abs=0.05)
    with pytest.raises(ModelError, match="cannot take pictures of 640x384"):
        YoloDetector(weights=fixed, size=(640, 384))


def finished_run(folder: Path, table: Path) -> Path:
    """What a training leaves behind, as far as its exported weights can be made variants of."""
    pictures = folder / "dataset" / "images" / "train"
    pictures.mkdir(parents=True)
    (folder / "training").mkdir()
    for name in ("rendered__a.jpg", "camera__b.jpg"):
        source = next((table.parent.parent / "images").glob("*train*.jpg"))
        (pictures / name).write_bytes(source.read_bytes())
    recipe = {**asdict(Recipe()), "rendered_val": 0}
    places = {"tables": [str(table)], "images": None}
    for name, content in (("recipe", recipe), ("tables", places), ("pictures", {})):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "training" / "results.csv").write_text("epoch,time\n1,2.0\n", encoding="utf-8")
    return folder


@pytest.mark.slow
def test_variants_of_an_export(table, tmp_path):
    from models.training.export import export_variants

    run = finished_run(tmp_path / "run", table)
    weights = tmp_path / "mine.onnx"
    shutil.copyfile(BUNDLED, weights)
    assert export_variants(run=run, weights=weights) == {}
    variants = export_variants(run=run, weights=weights, fixed=(256, 160), int8=True)
    assert [file.name for file in variants] == ["mine-256x160.onnx", "mine-256x160-int8.onnx"]
    fixed, int8 = (
        json.loads(file.with_suffix(".json").read_text(encoding="utf-8")) for file in variants
    )
    assert fixed["input"]["shape"] == int8["input"]["shape"] == [1, 3, 160, 256]
    assert int8["training"]["made_from_sha256"] == fixed["sha256"]
    assert "1 train pictures at 256x160" in int8["training"]["calibration"]  # the drawn one is not
    for file, evaluation in variants.items():
        assert evaluation.size == (256, 160)
        YoloDetector(weights=file, size=(256, 160)).detect(np.zeros((90, 160, 3), np.uint8))
    with pytest.raises(ModelError, match="size 100x160: both must be multiples of 32"):
        export_variants(run=run, weights=weights, fixed=(100, 160))


BYTES = """
import pathlib, sys
from models.training.quantize import write_int8
weights, output, picture = map(pathlib.Path, sys.argv[1:])
write_int8(weights, output, [picture], (64, 64))
"""


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(table, tmp_path):
    picture = next((table.parent.parent / "images").glob("*train*.jpg"))
    for seed in ("1", "2"):
        command = [sys.executable, "-c", BYTES, BUNDLED, tmp_path / f"{seed}.onnx", picture]
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, check=True, timeout=400)
    assert (tmp_path / "1.onnx").read_bytes() == (tmp_path / "2.onnx").read_bytes()


def test_what_cannot_be_quantised_is_named(table, tmp_path, monkeypatch):
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"PNG, honestly")
    output = tmp_path / "out.onnx"
    with pytest.raises(ModelError, match=r"junk\.onnx: no usable ONNX model"):
        quantize_detector(weights=junk, output=output, tables=[table])
    with pytest.raises(ModelError, match=r"absent\.onnx: no such model file"):
        quantize_detector(weights=tmp_path / "absent.onnx", output=output, tables=[table])
    with pytest.raises(ModelError, match=r"plate-detector\.onnx: expected another name"):
        quantize_detector(weights=BUNDLED, output=BUNDLED, tables=[table])
    with pytest.raises(ModelError, match="no train picture to calibrate on"):
        quantize_detector(weights=BUNDLED, output=output, tables=[table], pictures=0)
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(ModelError, match=r"plate-streamer\[train\]"):
        quantize_detector(weights=BUNDLED, output=output, tables=[table])
    assert not output.exists()


def test_a_table_without_val_pictures_says_so(tmp_path):
    table = write_table(tmp_path, {"train": 1})
    with pytest.raises(ModelError, match="no val picture"):
        quantize_detector(
            weights=BUNDLED, output=tmp_path / "out.onnx", tables=[table], size=(64, 64)
        )
    assert not (tmp_path / "out.onnx").exists()
