"""Scripts that no other test runs still find what they import from us."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("docs/*.py")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_it_imports_is_there(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.split(".")[0] not in {"streamer", "models", "trackers"}:
            continue
        module = importlib.import_module(node.module)
        for one in node.names:
            assert hasattr(module, one.name) or importlib.import_module(f"{node.module}.{one.name}")
