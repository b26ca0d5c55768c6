"""The examples of the documentation, as modules, and rendered pictures for them."""

import importlib.util

import cv2
import pytest

from clips import gate_film
from examples_of_docs import EXAMPLES
from models.training.gate import GateScene


@pytest.fixture
def example():
    """`example(name)`: the module, run anew."""

    def load(name):
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def car(tmp_path_factory):
    """A rendered picture of a car before the barrier, and its plate."""
    scene = GateScene(seed=7, vehicles=1)
    passage = scene.passage(0)
    path = tmp_path_factory.mktemp("pictures") / "car.jpg"
    cv2.imwrite(str(path), scene.render(passage.last_s - 1.5).image)
    return path, passage.plate


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A film of one vehicle at the gate (see `clips.Clip`)."""
    return gate_film(tmp_path_factory.mktemp("clips") / "gate.mp4", size=(1280, 720))
