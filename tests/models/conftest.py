"""Fixtures for the tests of our own reader: little pictures, a short training, its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.training.reader_plates import draw_reader_plate
from models.training.recipes import ReaderRecipe
from reader_pictures import CAR, SHORT, picture_with, write_table

TINY = ReaderRecipe(width=0.3, batch=16, steps=6, taught=False)


@pytest.fixture(scope="session")
def reader_tables(tmp_path_factory):
    """Two sources: `mine`, ten train plates (two without a text) and four val ones; `short`."""
    root = tmp_path_factory.mktemp("reader data")
    rows: dict[str, list] = {"mine": [], "short": []}
    for number in range(34):
        name = "mine" if number < 14 else "short"
        rng = np.random.default_rng([21, number])
        plate = draw_reader_plate(rng, CAR if name == "mine" else SHORT)
        text = "" if number in (3, 5) else plate.text
        split = "train" if number < 10 or number >= 30 else "val"
        rows[name].append((*picture_with(rng, plate), text, split))
    return [write_table(root, name, rows[name]) for name in rows]


@contextmanager
def on_one_core() -> Iterator[None]:
    """Trainings this small only wait for each other's threads, the more so on a busy machine."""
    torch = pytest.importorskip("torch", reason="needs the training extra")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.training.reader.usable_cores", lambda: 1)
        yield
    torch.set_num_threads(threads)


@pytest.fixture
def one_core():
    with on_one_core():
        yield


@dataclass(frozen=True)
class Trained:
    """A finished training of six steps."""

    run: Path
    recipe: ReaderRecipe


@pytest.fixture(scope="session")
def reader_run(tmp_path_factory, reader_tables):
    """The folder of a training of six steps, and its recipe."""
    run = tmp_path_factory.mktemp("reader") / "run"
    with on_one_core():
        from models.training.reader import train_reader

        train_reader(tables=reader_tables, run=run, recipe=TINY)
    return Trained(run, TINY)


@pytest.fixture(scope="session")
def reader_export(tmp_path_factory, reader_run, reader_tables):
    """The weights that an export of it writes, and the lines that it says.

    Six steps teach nothing, and a calibration needs some plates right and some wrong: so the
    network is talked into saying 1 of everything.
    """
    torch = pytest.importorskip("torch", reason="needs the training extra")
    pytest.importorskip("onnx", reason="needs the training extra")
    from models.training.reader_export import export_reader

    run = tmp_path_factory.mktemp("talked into")
    state = torch.load(reader_run.run / "checkpoint.pt", weights_only=True)
    state["averaged"]["module.signs.weight"] *= 0.01
    state["averaged"]["module.signs.bias"] *= 0.0
    state["averaged"]["module.signs.bias"][2] = 12.0
    torch.save(state, run / "checkpoint.pt")
    (run / "reader.json").write_text((reader_run.run / "reader.json").read_text())
    output = tmp_path_factory.mktemp("weights") / "tiny-reader.onnx"
    lines = export_reader(run=run, output=output, tables=reader_tables, note="for tests")
    return output, lines, run
