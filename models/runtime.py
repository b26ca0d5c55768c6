"""One network on one processor: ONNX Runtime and OpenVINO behind the same call.

Both run in float32 unless told otherwise. OpenVINO would choose bfloat16 by itself where the
processor has it, and then results would differ from machine to machine, so its precision is set
explicitly. What a quantised file holds in int8 runs in int8 in both.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import ModelError

STACK = ("Exception from", "Check '", "FrontEnd API", "Model wasn't fully", "Summary:")
"""How lines of OpenVINO's messages begin that do not say what is wrong."""

ORT_PLACE = re.compile(r"^\[ONNXRuntimeError\].*? failed:(?:/\S+:\d+ .*?\) (?=[A-Z]))?")
"""What ONNX Runtime puts before saying why a model cannot be loaded."""

Blob = NDArray[np.float32]
Run = Callable[[Blob], list[Blob]]

PRECISIONS = ("auto", "f32", "bf16")

WARM_UP_SIDE = 64
"""Length used in the warm-up for an input dimension that is free."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a network; a dimension is None where it is free."""

    name: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{self.name}[{','.join('?' if n is None else str(n) for n in self.shape)}]"


class Session:
    """A loaded network with one float32 input.

    `runtime` is `onnxruntime` or `openvino` (needs the extra `openvino`); `input_size`
    (width, height) fixes the two free last dimensions of a picture input, which lets the
    runtime plan its memory once. The network is loaded and warmed up here, so that a
    model that cannot be used shows at the start and not with the first vehicle.

    `precision` is what the float part of the network is computed in. `f32` gives the same
    results on every processor; `bf16` (OpenVINO alone) takes little more than half the time where
    the processor multiplies bfloat16 itself, and moves most boxes by less than a pixel, few
    by several; `auto` is `bf16` where runtime and processor have it, else `f32`. The attribute
    is what was chosen.

    `inputs` and `outputs` are as in the file (a size that was fixed is filled in), `metadata`
    is the map of texts that the file carries.

    Where a model card lies beside the file (the same name, ending `.json`), the file must have
    the SHA-256 that the card gives. Raises `ModelError` that names the file if it is absent, not
    the one of its card, no ONNX model that the runtime knows (its opset or IR may be too new),
    or does not take this input size, and for a precision that is not to be had here. One
    instance serves one thread.
    """

    def __init__(
        self,
        model: Path,
        *,
        runtime: str = "onnxruntime",
        threads: int = 1,
        input_size: tuple[int, int] | None = None,
        precision: str = "f32",
    ) -> None:
        self.model = model
        self.inputs: tuple[Port, ...]
        self.outputs: tuple[Port, ...]
        self.metadata: dict[str, str]
        open_model = _RUNTIMES.get(runtime)
        if open_model is None:
            raise ModelError(f"no such runtime {runtime!r}; known: {', '.join(_RUNTIMES)}")
        self.precision = _precision(runtime, precision)
        if not model.is_file():
            raise ModelError(f"{model}: no such model file")
        check_against_card(model)
        opened = open_model(model, threads, input_size, self.precision)
        self.inputs, self.outputs, self.metadata, self._run = opened
        self._warm_up()

    def run(self, blob: Blob) -> list[Blob]:
        """All outputs for one input, in the order of `outputs`.

        The arrays belong to the caller. Raises `ModelError` for a blob of another shape.
        """
        try:
            return self._run(blob)
        except Exception as error:  # both runtimes raise types of their own
            shape = "x".join(map(str, blob.shape))
            raise ModelError(
                f"{self.model}: {self.inputs[0]} failed on {shape}: {_line(error)}"
            ) from error

    def _warm_up(self) -> None:
        """The first call allocates and is many times slower; the first frame should not be."""
        shape = [n if n is not None else WARM_UP_SIDE for n in self.inputs[0].shape]
        if self.inputs[0].shape[0] is None:
            shape[0] = 1
        self.run(np.zeros(shape, np.float32))


def check_against_card(model: Path) -> None:
    """Raise `ModelError` if a card lies beside the model and tells of another file."""
    card = model.with_suffix(".json")
    if not card.is_file():
        return
    try:
        expected = json.loads(card.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{card}: no readable model card with a sha256 ({error!r})") from error
    found = sha256_of(model)
    if found != expected:
        raise ModelError(f"{model}: sha256 is {found}; its card {card.name} expects {expected}")


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal, by which a model card names its weights."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{file}: not readable ({error.strerror})") from error


def _precision(runtime: str, wanted: str) -> str:
    """What a runtime computes in here, "f32" or "bf16"; `ModelError` for what is not to be had."""
    if wanted not in PRECISIONS:
        raise ModelError(f"no such precision {wanted!r}; known: {', '.join(PRECISIONS)}")
    if wanted == "f32" or (wanted == "auto" and runtime != "openvino"):
        return "f32"
    if runtime != "openvino":
        raise ModelError(
            f"runtime {runtime} computes in f32 alone; precision bf16 needs runtime openvino"
        )
    capabilities = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "BF16" in capabilities:
        return "bf16"
    if wanted == "auto":
        return "f32"
    raise ModelError("this processor does not compute in bf16; take precision auto or f32")


_Opened = tuple[tuple[Port, ...], tuple[Port, ...], dict[str, str], Run]


def _open_onnxruntime(
    model: Path, threads: int, input_size: tuple[int, int] | None, _: str
) -> _Opened:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised; in the log they would stand twice
    # Waiting threads would spin, which costs other cameras their core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        free = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        inputs = [Port(one.name, _free(one.shape)) for one in free.get_inputs()]
        session = free
        if input_size is not None:
            inputs[0], names = _with_size(model, inputs[0], input_size), free.get_inputs()[0].shape
            for name, length in zip(names, inputs[0].shape, strict=True):
                if isinstance(name, str) and length is not None:
                    options.add_free_dimension_override_by_name(name, length)
            session = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{model}: no usable ONNX model ({_line(error)})") from error
    outputs = tuple(Port(one.name, _free(one.shape)) for one in session.get_outputs())
    first = inputs[0].name

    def run(blob: Blob) -> list[Blob]:
        return [np.asarray(one) for one in session.run(None, {first: blob})]

    return tuple(inputs), outputs, dict(session.get_modelmeta().custom_metadata_map), run


@cache
def _kept_core(openvino: Any) -> Any:
    return openvino.Core()


def _core() -> Any:
    """The one core of this process, which is never given up.

    Its plugin has signals of the whole process handled on a stack of its own, and with several
    of them, given up in another order than begun, that stack is gone when the next signal comes
    (seen in 2026.4): SIGTERM would then be a segmentation fault and not a stop in order.
    """
    return _kept_core(_openvino())


def _openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise ModelError(
            "runtime openvino is not installed: pip install 'plate-streamer[openvino]'"
        ) from error
    return openvino


def _open_openvino(
    model: Path, threads: int, input_size: tuple[int, int] | None, precision: str
) -> _Opened:
    core = _core()
    try:
        network = core.read_model(model)
        inputs = [Port(one.get_any_name(), _lengths(one)) for one in network.inputs]
        if input_size is not None:
            inputs[0] = _with_size(model, inputs[0], input_size)
            network.reshape({0: [-1 if n is None else n for n in inputs[0].shape]})
        metadata = _onnx_metadata(network)
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        compiled = core.compile_model(network, "CPU", settings)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{model}: no usable ONNX model ({_line(error)})") from error
    outputs = tuple(Port(one.get_any_name(), _lengths(one)) for one in compiled.outputs)
    request = compiled.create_infer_request()

    def run(blob: Blob) -> list[Blob]:
        request.infer([blob], share_inputs=True)
        # The request's own arrays are overwritten by the next call.
        return [np.array(request.get_output_tensor(n).data) for n in range(len(outputs))]

    return tuple(inputs), outputs, metadata, run


_RUNTIMES: dict[str, Callable[[Path, int, tuple[int, int] | None, str], _Opened]] = {
    "onnxruntime": _open_onnxruntime,
    "openvino": _open_openvino,
}


def _free(shape: Sequence[int | str | None]) -> tuple[int | None, ...]:
    return tuple(n if isinstance(n, int) else None for n in shape)


def _lengths(port: Any) -> tuple[int | None, ...]:
    return tuple(n.get_length() if n.is_static else None for n in port.get_partial_shape())


def _onnx_metadata(network: Any) -> dict[str, str]:
    """The texts of the ONNX file; OpenVINO files them as "framework" in its own."""
    info = network.get_rt_info()
    if "framework" not in info:
        return {}
    return {str(key): str(value.value) for key, value in info["framework"].items()}


def _with_size(model: Path, port: Port, size: tuple[int, int]) -> Port:
    """The input with width and height filled in, if it leaves them free or has just these."""
    width, height = size
    wanted = (*port.shape[:-2], height, width)
    fits = all(n is None or n == m for n, m in zip(port.shape, wanted, strict=True))
    if len(port.shape) != 4 or not fits:
        raise ModelError(f"{model}: input {port} cannot take pictures of {width}x{height}")
    return Port(port.name, wanted)


def _line(error: Exception) -> str:
    """What a message says: the runtimes put places in their own source around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(STACK)] or lines
    return ORT_PLACE.sub("", telling[0]) if telling else type(error).__name__
