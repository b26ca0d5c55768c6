"""The same call over both runtimes, on networks of a few bytes that are built here."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models import runtime as runtime_module
from models.base import ModelError
from models.runtime import Session

onnx = pytest.importorskip("onnx", reason="the networks of these tests are built with onnx")
from onnx import TensorProto, helper  # noqa: E402

RUNTIMES = ["onnxruntime", "openvino"]


def write_network(path: Path, shape=(1, 3, "height", "width"), texts=None) -> Path:
    """Two outputs: the input times two, and its mean over the pixels of each channel."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    double = helper.make_tensor_value_info("double", TensorProto.FLOAT, [None] * len(shape))
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, [None] * len(shape))
    two = helper.make_tensor("two", TensorProto.FLOAT, [], [2.0])
    nodes = [
        helper.make_node("Mul", ["images", "two"], ["double"]),
        helper.make_node("GlobalAveragePool", ["images"], ["mean"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [image], [double, mean], [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, texts or {})
    onnx.save(model, path)
    return path


@pytest.fixture(params=RUNTIMES)
def runtime(request) -> str:
    pytest.importorskip(request.param)
    return request.param


def test_runs_and_gives_all_outputs_in_order(tmp_path, runtime):
    session = Session(write_network(tmp_path / "tiny.onnx"), runtime=runtime, input_size=(8, 4))
    blob = np.arange(96, dtype=np.float32).reshape(1, 3, 4, 8)
    double, mean = session.run(blob)
    np.testing.assert_array_equal(double, blob * 2)
    np.testing.assert_allclose(mean.ravel(), blob.mean(axis=(0, 2, 3)))
    assert session.inputs[0].name == "images"
    assert session.inputs[0].shape == (1, 3, 4, 8)
    assert [port.name for port in session.outputs] == ["double", "mean"]


def test_computes_in_float32(tmp_path, runtime):
    """bfloat16 keeps 8 bits: it could not tell 1.001 from 1."""
    session = Session(write_network(tmp_path / "tiny.onnx"), runtime=runtime, input_size=(8, 4))
    double, _ = session.run(np.full((1, 3, 4, 8), 1.001, np.float32))
    assert double.max() == pytest.approx(2.002, abs=1e-6)


def test_outputs_of_an_earlier_call_stay(tmp_path, runtime):
    session = Session(write_network(tmp_path / "tiny.onnx"), runtime=runtime, input_size=(8, 4))
    first = session.run(np.ones((1, 3, 4, 8), np.float32))[0]
    session.run(np.zeros((1, 3, 4, 8), np.float32))
    assert (first == 2).all()


def test_free_sizes_stay_free_without_input_size(tmp_path, runtime):
    session = Session(write_network(tmp_path / "tiny.onnx"), runtime=runtime)
    assert session.inputs[0].shape == (1, 3, None, None)
    for height, width in ((4, 8), (16, 2)):
        assert session.run(np.ones((1, 3, height, width), np.float32))[0].shape[2:] == (
            height,
            width,
        )


def test_metadata_of_the_file(tmp_path, runtime):
    file = write_network(tmp_path / "tiny.onnx", texts={"alphabet": "ABC", "size": "8"})
    metadata = Session(file, runtime=runtime).metadata
    assert metadata["alphabet"] == "ABC"
    assert metadata["size"] == "8"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such model file"), (b"", "no usable ONNX"), (b"PNG, honestly", "no usable ONNX")],
)
def test_a_file_that_is_no_network_is_named(tmp_path, runtime, content, message):
    file = tmp_path / "broken.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        Session(file, runtime=runtime)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_network_is_named(tmp_path, runtime):
    file = write_network(tmp_path / "tiny.onnx")
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        Session(file, runtime=runtime, input_size=(8, 4))


def test_a_size_that_the_network_does_not_take(tmp_path, runtime):
    file = write_network(tmp_path / "fixed.onnx", shape=(1, 3, 32, 64))
    with pytest.raises(ModelError, match=r"images\[1,3,32,64\] cannot take pictures of 640x384"):
        Session(file, runtime=runtime, input_size=(640, 384))
    assert Session(file, runtime=runtime, input_size=(64, 32)).inputs[0].shape == (1, 3, 32, 64)


def test_a_blob_of_another_shape_is_an_error(tmp_path, runtime):
    session = Session(write_network(tmp_path / "tiny.onnx"), runtime=runtime, input_size=(8, 4))
    with pytest.raises(ModelError, match=r"1x3x5x9"):
        session.run(np.zeros((1, 3, 5, 9), np.float32))


def test_unknown_runtime(tmp_path):
    with pytest.raises(ModelError, match=r"no such runtime 'tpu'; known: onnxruntime, openvino"):
        Session(tmp_path / "any.onnx", runtime="tpu")


def test_openvino_missing_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModelError, match=r"plate-streamer\[openvino\]"):
        Session(write_network(tmp_path / "tiny.onnx"), runtime="openvino")


def changed(file: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(write_network(file))
    change(model)
    file.write_bytes(model.SerializeToString())
    return file


def of_ir_99(model):
    model.ir_version = 99


def of_opset_99(model):
    model.opset_import[0].version = 99


def of_unknown_node(model):
    model.graph.node[0].op_type = "Frobnicate"


@pytest.mark.parametrize(
    ("runtime", "change", "message"),
    [
        ("onnxruntime", of_ir_99, r"\(Unsupported model IR version: 99, max"),
        ("onnxruntime", of_opset_99, r"\(ONNX Runtime only .*Opset 99"),
        ("onnxruntime", of_unknown_node, r"\(.*Frobnicate"),
        ("openvino", of_unknown_node, r"\(.*Frobnicate"),
    ],
)
def test_a_network_that_is_newer_than_the_runtime(tmp_path, runtime, change, message):
    """OpenVINO takes any IR and opset whose nodes it knows."""
    pytest.importorskip(runtime)
    file = changed(tmp_path / "newer.onnx", change)
    with pytest.raises(ModelError, match=rf"newer\.onnx: no usable ONNX model {message}"):
        Session(file, runtime=runtime, input_size=(8, 4))


def capabilities(monkeypatch, *names: str) -> None:
    class Core:
        def get_property(self, device: str, name: str) -> list[str]:
            assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
            return list(names)

    monkeypatch.setattr(runtime_module, "_core", Core)


@pytest.mark.parametrize(
    ("runtime", "wanted", "processor", "chosen"),
    [
        ("openvino", "auto", ["FP32", "BF16"], "bf16"),
        ("openvino", "bf16", ["FP32", "BF16"], "bf16"),
        ("openvino", "f32", ["FP32", "BF16"], "f32"),
        ("openvino", "auto", ["FP32", "INT8"], "f32"),
        ("onnxruntime", "auto", ["FP32", "BF16"], "f32"),
        ("onnxruntime", "f32", ["FP32"], "f32"),
    ],
)
def test_the_precision_that_runtime_and_processor_have(
    monkeypatch, runtime, wanted, processor, chosen
):
    capabilities(monkeypatch, *processor)
    assert runtime_module._precision(runtime, wanted) == chosen


@pytest.mark.parametrize(
    ("runtime", "wanted", "message"),
    [
        ("onnxruntime", "bf16", "onnxruntime computes in f32 alone; precision bf16 needs runtime"),
        ("openvino", "bf16", "this processor does not compute in bf16; take precision auto"),
        ("openvino", "fp16", "no such precision 'fp16'; known: auto, f32, bf16"),
        ("onnxruntime", "int8", "no such precision 'int8'"),
    ],
)
def test_a_precision_that_is_not_to_be_had(tmp_path, monkeypatch, runtime, wanted, message):
    capabilities(monkeypatch, "FP32", "INT8")
    with pytest.raises(ModelError, match=message):
        Session(tmp_path / "any.onnx", runtime=runtime, precision=wanted)


def convolution(path: Path) -> Path:
    """Adds up 64 channels, which is what runtimes compute in fewer bits."""
    shape = (1, 64, "height", "width")
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    total = helper.make_tensor_value_info("total", TensorProto.FLOAT, [None] * 4)
    ones = helper.make_tensor("ones", TensorProto.FLOAT, [64, 64, 1, 1], [1.0] * 64 * 64)
    nodes = [helper.make_node("Conv", ["images", "ones"], ["total"])]
    graph = helper.make_graph(nodes, "sum", [image], [total], [ones])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path
    )
    return path


def test_bf16_is_rougher_where_the_processor_has_it_and_auto_takes_it(tmp_path):
    openvino = pytest.importorskip("openvino")
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor does not compute in bf16")
    file = convolution(tmp_path / "sum.onnx")
    blob = np.full((1, 64, 16, 16), 1.001, np.float32)
    totals = {}
    for precision in ("f32", "bf16", "auto"):
        session = Session(file, runtime="openvino", input_size=(16, 16), precision=precision)
        totals[precision] = float(session.run(blob)[0].mean())
        assert session.precision == ("f32" if precision == "f32" else "bf16")
    assert totals["f32"] == pytest.approx(64.064, abs=1e-4)
    assert totals["bf16"] == totals["auto"] == pytest.approx(64.0, abs=0.02)


SIGNALLED = """
import os, signal, sys
from pathlib import Path
from models.runtime import Session
first, second = (Session(Path(sys.argv[1]), runtime=sys.argv[2]) for _ in range(2))
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("in order"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_is_handled_after_sessions_were_given_up(tmp_path, runtime):
    """OpenVINO has signals handled on a stack of its own, and would leave it dangling."""
    model = write_network(tmp_path / "tiny.onnx")
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(model), runtime],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "in order\n"), done.stderr
