"""The notebooks run from their first cell to their last, at small sizes."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools import require_tool

nbformat = pytest.importorskip("nbformat", reason="needs the extra notebooks")
nbclient = pytest.importorskip("nbclient", reason="needs the extra notebooks")
pytest.importorskip("ipykernel", reason="needs the extra notebooks")

FOLDER = Path(__file__).parents[2] / "notebooks"
SIZES = {
    "NOTEBOOK_SECONDS": "4",
    "NOTEBOOK_PICTURES": "18",
    "NOTEBOOK_EPOCHS": "1",
    "NOTEBOOK_STEPS": "4",
}


def run(name, tmp_path, monkeypatch):
    """What the cells print, one after the other."""
    for key, value in SIZES.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=550, kernel_name="python3")
    client.execute(cwd=str(tmp_path))
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    return outputs, "".join(one.get("text", "") for one in outputs)


@pytest.mark.slow
def test_usage(tmp_path, monkeypatch):
    outputs, text = run("usage", tmp_path, monkeypatch)
    assert sum("image/png" in one.get("data", {}) for one in outputs) >= 3
    assert "looks read" in text  # the reasons of the vote
    assert "AB128CD" in text


@pytest.mark.slow
def test_training(tmp_path, monkeypatch):
    for name in ("torch", "ultralytics", "pandas", "onnx"):
        if find_spec(name) is None:  # ultralytics imported here would call home
            pytest.skip(f"{name} is missing: needs the extra train")
    require_tool("tesseract")
    _, text = run("training", tmp_path, monkeypatch)
    for file in ("mine.onnx", "reader.onnx", "tables/mine.csv"):
        assert next(tmp_path.glob(f"*/{file}")).stat().st_size > 0
    assert "ours" in text


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_output_is_committed(path):
    """Outputs grow old, and pictures make the repository grow; a reader makes his own."""
    for cell in json.loads(path.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
