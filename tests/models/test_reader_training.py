"""Training of the reader, in small: it is kept, goes on, refuses, and learns."""

import dataclasses
import json

import numpy as np
import pytest

from models.base import ModelError
from models.readers.decode import SIGNS
from models.readers.plate_input import stretched
from models.training import reader_plates
from models.training.designs import Design
from models.training.reader_plates import draw_reader_plate
from models.training.reader_views import View
from models.training.strokes import Pen
from models.training.typefaces import Typeface

torch = pytest.importorskip("torch", reason="needs the training extra")
pytest.importorskip("pandas", reason="needs the training extra")

from models.training import reader  # noqa: E402
from models.training.reader import greedy, recorded, train_reader  # noqa: E402
from models.training.reader_data import as_batch, load_crops  # noqa: E402
from models.training.reader_network import CLASSES, PLACES, reader_network  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_core")


def state_of(run):
    return torch.load(run / "checkpoint.pt", weights_only=True)


def test_a_training_leaves_a_checkpoint_and_a_record(reader_run):
    state = state_of(reader_run.run)
    assert state["step"] == 6
    assert state["seconds"] > 0
    for part in ("network", "averaged"):
        assert all(torch.isfinite(value.float()).all() for value in state[part].values())
    recipe, counts = recorded(reader_run.run)
    assert recipe == reader_run.recipe
    assert counts == {"train/mine": 8, "train/short": 4, "val/mine": 4, "val/short": 16}
    assert sorted(one.name for one in reader_run.run.iterdir()) == ["checkpoint.pt", "reader.json"]


def test_a_second_training_does_not_overwrite_the_first(reader_run, reader_tables, tmp_path):
    with pytest.raises(ModelError, match="a training is here already; resume it, or name another"):
        train_reader(tables=reader_tables, run=reader_run.run, recipe=reader_run.recipe)
    with pytest.raises(ModelError, match=r"no checkpoint\.pt here to resume from"):
        train_reader(tables=reader_tables, run=tmp_path / "elsewhere", resume=True)
    (tmp_path / "checkpoint.pt").touch()
    with pytest.raises(ModelError, match=r"reader\.json: no readable record of a training"):
        train_reader(tables=reader_tables, run=tmp_path, resume=True)
    assert state_of(reader_run.run)["step"] == 6


def longer(run, folder, steps):
    """A copy of a finished training that is to go on to so many steps."""
    folder.mkdir()
    (folder / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes())
    record = json.loads((run / "reader.json").read_text(encoding="utf-8"))
    record["recipe"]["steps"] = steps
    (folder / "reader.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_an_interrupted_training_goes_on_where_it_was(reader_run, reader_tables, tmp_path, capsys):
    folder = longer(reader_run.run, tmp_path / "longer", 9)
    before = state_of(folder)
    # What else is given is not listened to: a training has one recipe.
    other = dataclasses.replace(reader_run.recipe, width=0.6)
    assert train_reader(tables=reader_tables, run=folder, recipe=other, resume=True).is_file()
    after = state_of(folder)
    assert after["step"] == 9
    assert after["seconds"] > before["seconds"]
    assert after["optimiser"]["state"][0]["step"] == 9
    assert not torch.equal(after["network"]["signs.weight"], before["network"]["signs.weight"])
    err = capsys.readouterr().err
    assert "step 9: text " in err
    assert "nan" not in err
    assert "val 0." in err


def test_batches_after_a_pause_are_those_that_would_have_come(
    reader_run, reader_tables, tmp_path, monkeypatch
):
    asked = []
    monkeypatch.setattr(reader._Training, "_learn", lambda _, batch: asked.append(batch) or 0.0)
    folder = longer(reader_run.run, tmp_path / "longer", 8)
    train_reader(tables=reader_tables, run=folder, resume=True)
    whole = reader._Training(
        tmp_path, reader_run.recipe, load_crops(reader_tables, None), []
    )._batches
    assert len(asked) == 2
    for batch, number in zip(asked, (6, 7), strict=True):
        assert np.array_equal(batch.seen, whole[number].seen)


def test_an_exported_reader_is_a_start(reader_run, reader_export, reader_tables, tmp_path):
    weights, _, exported = reader_export
    recipe = dataclasses.replace(reader_run.recipe, start=str(weights))
    crops = load_crops(reader_tables, None)
    training = reader._Training(tmp_path, recipe, crops, [])
    averaged = state_of(exported)["averaged"]
    for network in (training._network, training._averaged.module):
        for name, value in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                assert torch.equal(value, averaged[f"module.{name}"]), name
    assert training._step == 0


def test_what_is_no_start_is_named(reader_run, reader_tables, tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the training extra")
    crops = load_crops(reader_tables, None)
    for start, message in (
        (tmp_path / "gone.onnx", r"gone\.onnx: no readable ONNX file to start from"),
        (reader_run.run, "run: no readable ONNX file to start from"),
        (
            reader_run.run / "reader.json",
            r"reader\.json: no(ne of our readers| readable ONNX file)",
        ),
        (tmp_path / "other.onnx", r"other\.onnx: none of our readers; export-reader writes such"),
    ):
        graph = onnx.helper.make_graph([], "empty", [], [])
        onnx.save(onnx.helper.make_model(graph), str(tmp_path / "other.onnx"))
        recipe = dataclasses.replace(reader_run.recipe, start=str(start))
        with pytest.raises(ModelError, match=message):
            reader._Training(tmp_path, recipe, crops, [])


def test_without_steps_the_hours_end_it(reader_run, reader_tables, tmp_path):
    recipe = dataclasses.replace(reader_run.recipe, hours=1e-6)
    train_reader(tables=reader_tables, run=tmp_path / "short", recipe=recipe)
    assert state_of(tmp_path / "short")["step"] == 1


def test_the_learning_rate_rises_and_falls():
    shares = [reader._share(progress) for progress in np.linspace(0, 1, 201)]
    assert shares[0] == 0.01
    assert int(np.argmax(shares)) == pytest.approx(200 * reader.WARM_UP, abs=1)
    assert max(shares) <= 1.01
    assert 0 < shares[-1] < 0.01
    assert reader._share(1.2) > 0


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([], ""),
        ([0, 0, 0], ""),
        ([1], "0"),
        ([36, 36, 36], "Z"),
        ([36, 0, 36], "ZZ"),
        ([11, 11, 12, 0, 0, 2, 2], "AB1"),
        ([0, 1, 0, 1, 1, 0], "00"),
    ],
)
def test_greedy(labels, text):
    assert greedy(np.array(labels, np.int64)) == text


def logits_of(text):
    """Logits that say a text for certain, one place for each sign and a blank behind it."""
    logits = torch.full((PLACES, CLASSES), -20.0)
    logits[:, 0] = 0.0
    for number, sign in enumerate(text):
        logits[2 * number, SIGNS.index(sign) + 1] = 40.0
    return logits


def test_the_loss_is_of_told_texts_alone():
    seen = np.zeros((64, 160, 3), np.uint8)
    views = [View(seen, "AB12"), View(seen, None, whole=False), View(seen, "", plate=False)]
    batch = as_batch(views)
    right = torch.stack([logits_of("AB12"), logits_of("XXXX"), logits_of("")])
    assert float(reader._ctc(right, batch)) == pytest.approx(0, abs=1e-4)
    # What was not told may be read as anything; what is nothing may not.
    wrong = torch.stack([logits_of("AB13"), logits_of(""), logits_of("")])
    assert float(reader._ctc(wrong, batch)) > 1
    something = torch.stack([logits_of("AB12"), logits_of(""), logits_of("7")])
    assert float(reader._ctc(something, batch)) > 1


@pytest.mark.parametrize("width", [0.3, 1.0])
def test_the_networks_answers_have_their_shapes(width):
    network = reader_network(width).eval()
    with torch.no_grad():
        signs, kind = network(torch.zeros(2, 3, 64, 160))
    assert signs.shape == (2, PLACES, CLASSES)
    assert kind.shape == (2, 2)


FEW = Design("few", ("AA",), (280, 200), letters="ABCE")
"""Plates of two letters, of four."""


@pytest.mark.slow
def test_it_learns_to_read(reader_run, reader_tables, tmp_path, monkeypatch):
    """Sixteen plates by heart: that takes seconds, reading unknown ones an hour."""
    monkeypatch.setattr(reader_plates, "draw_typeface", lambda _: Typeface(pen=Pen()))
    plates = [draw_reader_plate(np.random.default_rng(n), FEW) for n in range(16)]
    batch = as_batch([View(stretched(one.image), one.text) for one in plates])
    recipe = dataclasses.replace(reader_run.recipe, steps=1000)
    training = reader._Training(tmp_path, recipe, load_crops(reader_tables, None), [])
    training._step = 40  # beyond the warm-up
    for _ in range(900):  # on some processors a little over 300
        text, kind = training._learn(batch)
        if text < 0.03:
            break
    assert text < 0.03
    assert kind < 0.1
    with torch.no_grad():
        signs, _ = training._network(torch.from_numpy(batch.seen))
    read = [greedy(labels) for labels in signs.argmax(-1).numpy()]
    assert sum(text == one.text for text, one in zip(read, plates, strict=True)) >= 15
