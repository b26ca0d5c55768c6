"""The exported reader answers as the trained network, and says of itself what is true."""

import hashlib
import json

import numpy as np
import pytest

from models.base import ModelError
from models.readers.calibration import Calibration
from models.readers.ctc import CtcReader
from models.readers.informed import InformedReader
from models.runtime import Session
from reader_pictures import write_table

torch = pytest.importorskip("torch", reason="needs the training extra")
pytest.importorskip("onnx", reason="needs the training extra")
pytest.importorskip("pandas", reason="needs the training extra")

from models.training.reader_data import crop_of, load_crops  # noqa: E402
from models.training.reader_export import export_reader  # noqa: E402
from models.training.reader_network import reader_network  # noqa: E402


def card_of(weights):
    return json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))


def test_the_file_answers_as_the_network(reader_export, reader_run):
    weights, _, run = reader_export
    averaged = torch.load(run / "checkpoint.pt", weights_only=True)["averaged"]
    network = reader_network(reader_run.recipe.width)
    network.load_state_dict(
        {k.removeprefix("module."): v for k, v in averaged.items() if k.startswith("module.")}
    )
    network.eval()
    session = Session(weights)
    for count in (1, 3):
        seen = np.random.default_rng(count).normal(0, 1, (count, 3, 64, 160)).astype(np.float32)
        with torch.no_grad():
            signs, kind = network(torch.from_numpy(seen))
        places, kinds = session.run(seen)
        np.testing.assert_allclose(places, signs.softmax(-1).numpy(), atol=1e-4)
        np.testing.assert_allclose(kinds, kind.sigmoid().numpy(), atol=1e-4)
        np.testing.assert_allclose(places.sum(-1), 1, atol=1e-5)


def test_the_file_says_what_it_is_and_how_sure_to_be(reader_export):
    weights, _, _ = reader_export
    session = Session(weights)
    assert [str(port) for port in session.inputs] == ["crops[?,3,64,160]"]
    assert [port.name for port in session.outputs] == ["places", "kind"]
    assert session.metadata["licence"] == "AGPL-3.0-or-later"
    reader = CtcReader(weights=weights)
    assert isinstance(reader.calibration, Calibration)
    assert reader.calibration.to_json() == session.metadata["calibration"]
    assert InformedReader(reader).calibration == reader.calibration


def test_the_card_is_of_this_file(reader_export, reader_run):
    weights, lines, _ = reader_export
    card = card_of(weights)
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert card["file"] == weights.name
    assert card["training"]["steps"] == 6
    assert card["recipe"]["width"] == reader_run.recipe.width
    assert card["data"]["train/mine"]["pictures"] == 8
    assert card["data"]["train/drawn"]["pictures"] == 240
    assert card["note"] == "for tests"
    assert card["evaluation"]["report"] == lines
    assert json.loads(card["evaluation"]["calibration"])["weights"]
    page = weights.with_suffix(".md").read_text(encoding="utf-8")
    assert page.startswith("# tiny-reader\n")
    assert card["sha256"] in page
    assert all(f"- {line}" in page for line in lines)


def test_the_lines_say_what_was_read(reader_export, reader_tables):
    """By source and of all, as the exported file reads them with formats."""
    weights, lines, _ = reader_export
    val = load_crops(reader_tables, None).val
    reader = InformedReader(CtcReader(weights=weights))
    readings = reader.read([crop_of(one) for one in val])
    right = [r.text == one.text for r, one in zip(readings, val, strict=True)]
    assert 0 < sum(right) < len(val)
    assert lines[-1] == f"all: {sum(right)} of 20 ({sum(right) / 20:.4f})"
    assert any(line.startswith("short: ") and "of 16 val plates" in line for line in lines)
    assert lines[0].startswith("whole plates right by the formats' strength: 0: ")
    assert lines[1].startswith("expected calibration error of held-out folds: 0.")
    assert all(0 <= one.confidence <= 1 for one in readings)


def test_what_reads_nothing_right_is_exported_without_a_calibration(
    reader_run, reader_tables, tmp_path
):
    """Six steps teach nothing: there is nothing to be fitted, and that is no crash."""
    output = tmp_path / "deep" / "untaught.onnx"
    lines = export_reader(run=reader_run.run, output=output, tables=reader_tables[:1])
    assert CtcReader(weights=output).calibration is None
    assert any(line.startswith("not calibrated: ") for line in lines)
    assert lines[-1] == "all: 0 of 4 (0.0000)"
    assert card_of(output)["evaluation"]["calibration"] == "none"
    assert "note" not in card_of(output)


def test_an_export_over_an_older_one_has_its_own_card(reader_export, reader_tables, tmp_path):
    _, _, run = reader_export
    output = tmp_path / "mine.onnx"
    output.with_suffix(".json").write_text('{"sha256": "of another file"}', encoding="utf-8")
    export_reader(run=run, output=output, tables=reader_tables)
    first = output.read_bytes()
    export_reader(run=run, output=output, tables=reader_tables)
    assert output.read_bytes() == first
    CtcReader(weights=output)


def test_an_export_needs_a_training_and_val_plates(reader_run, reader_tables, tmp_path):
    output = tmp_path / "a.onnx"
    with pytest.raises(ModelError, match=r"a\.pt: weights are written as ONNX; expected a name"):
        export_reader(run=reader_run.run, output=output.with_suffix(".pt"), tables=reader_tables)
    with pytest.raises(ModelError, match=r"reader\.json: no readable record of a training"):
        export_reader(run=tmp_path, output=output, tables=reader_tables)
    (tmp_path / "reader.json").write_bytes((reader_run.run / "reader.json").read_bytes())
    with pytest.raises(ModelError, match=r"no checkpoint\.pt here; has the training begun\?"):
        export_reader(run=tmp_path, output=output, tables=reader_tables)
    ground = np.zeros((80, 200, 3), np.uint8)
    train = write_table(tmp_path, "train", [(ground, (10, 10, 90, 40), "AB12", "train")])
    with pytest.raises(ModelError, match=r"train\.csv: no val row with a plate_text"):
        export_reader(run=reader_run.run, output=output, tables=[train])
    assert not output.exists()
