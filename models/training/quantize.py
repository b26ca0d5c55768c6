"""A detector in int8: a quarter of the file, about half the time, nearly the same boxes.

Static quantisation as in Jacob et al., "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference" (CVPR 2018): each tensor gets a scale from what it
held on pictures. The graph stays an ONNX graph of standard operators (QDQ), which ONNX Runtime
and OpenVINO both take. For processors that do not compute in bfloat16.
"""

import importlib.metadata
import random
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from models.base import ModelError
from models.detectors.network import Letterbox
from models.detectors.yolo import YoloDetector
from models.frameworks import TRAIN_EXTRA
from models.runtime import Session
from models.training.card import derive, write_card
from models.training.dataset import scenes_of
from models.training.evaluate import Evaluation, Material, evaluate_detector
from models.training.negatives import load_picture

PICTURES = 32
"""Calibrated on: 24, 32, 48 and 128 pictures gave the same AP50 within 0.01 (640x384)."""

OPERATORS = ("Conv", "Sigmoid", "Mul", "Add", "Concat", "MaxPool", "Resize", "Split")
"""In int8. With the activation (Sigmoid, Mul) yolo26n at 640x384 takes 0.55 of the time of f32
in ONNX Runtime, with convolutions alone 0.72; in OpenVINO it is the other way about, 0.64 and
0.53."""

Size = tuple[int, int]


def quantize_detector(
    *,
    weights: Path,
    output: Path,
    tables: Sequence[Path],
    images: Path | None = None,
    size: Size | None = None,
    pictures: int = PICTURES,
) -> Evaluation:
    """Write the ONNX file `weights` as `output` in int8, its card beside it.

    It is calibrated on `pictures` train pictures of the tables, scaled to `size` (None: the
    detector's own, or what the file is fixed to), and measured on their val pictures.
    The same input gives the same bytes. Raises `ModelError` for what is no detector, is
    quantised already, or has no picture to calibrate on, and where the extra is missing.
    """
    scenes = [scene.path for scene in scenes_of(tables, images) if scene.split == "train"]
    material = Material(tables=tables, images=images)
    return quantize(weights, output, chosen(scenes, pictures), material, size)


def quantize(
    weights: Path, output: Path, pictures: Sequence[Path], material: Material, size: Size | None
) -> Evaluation:
    """`quantize_detector` on just these pictures, measured on any material."""
    if output.suffix != ".onnx" or output.resolve() == weights.resolve():
        raise ModelError(f"{output}: expected another name than {weights.name}, ending .onnx")
    size = size or size_of(weights)
    YoloDetector(weights=weights, size=size)  # says what is wrong with it
    output.parent.mkdir(parents=True, exist_ok=True)
    # A card of earlier weights would refuse these.
    output.with_suffix(".json").unlink(missing_ok=True)
    write_int8(weights, output, pictures, size)
    try:
        evaluation = evaluate_detector(material, options={"weights": output, "size": size})
    except ModelError:
        output.unlink()  # weights without a card: nobody would know what they are
        raise
    how = f"largest and least value on {len(pictures)} train pictures at {size[0]}x{size[1]}"
    version = importlib.metadata.version("onnxruntime")
    made = {"precision": "int8", "calibration": how, "onnxruntime": version}
    write_card(derive(weights, output, evaluation, made), output)
    return evaluation


def chosen(pictures: Sequence[Path], count: int) -> list[Path]:
    """A fixed choice of the pictures. Raises `ModelError` where there is none."""
    if not pictures or count < 1:
        raise ModelError("no train picture to calibrate on: quantising needs some, best 32 or more")
    return random.Random(0).sample(sorted(pictures), min(count, len(pictures)))  # noqa: S311


def size_of(weights: Path) -> Size:
    """The (width, height) that a file is fixed to, else the detector's own."""
    height, width = Session(weights).inputs[0].shape[-2:]
    if width is not None and height is not None:
        return width, height
    defaults = YoloDetector.__init__.__kwdefaults__ or {}
    width, height = defaults["size"]
    return width, height


def write_int8(weights: Path, output: Path, pictures: Sequence[Path], size: Size) -> None:
    """Quantise a detector's ONNX file, without measuring it.

    Weights are symmetric by channel, activations uint8 with a zero point. Both leave one bit
    unused: processors without VNNI add two products in 16 bits, which would overflow, and
    results would differ from machine to machine. It costs no accuracy (AP50 0.938 for 0.940).
    Scales come from the largest and least value: percentiles lost up to 0.025 of AP50-95.
    """
    onnx, quantization = _tools()
    network = onnx.load(str(weights))
    if any(node.op_type == "QuantizeLinear" for node in network.graph.node):
        raise ModelError(f"{weights}: is quantised already; quantise the float file")
    texts = {one.key: one.value for one in network.metadata_props}
    for number, node in enumerate(network.graph.node):
        node.name = node.name or f"node_{number}"
    # Exported files are simplified already; without this mark a warning tells to do so.
    onnx.helper.set_model_props(network, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "int8.onnx"
        quantization.quantize_static(
            network,
            file,
            Calibration(network.graph.input[0].name, pictures, size),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=output_end(network.graph),
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        network = onnx.load(str(file))
    del network.graph.value_info[:]
    onnx.helper.set_model_props(network, texts | {"precision": "int8"})
    onnx.checker.check_model(network)
    output.write_bytes(network.SerializeToString(deterministic=True))


class Calibration:
    """Train pictures as the detector's input, one by one, as `quantize_static` reads them."""

    def __init__(self, name: str, pictures: Sequence[Path], size: Size) -> None:
        self._blobs = self._fill(name, pictures, Letterbox(size))

    def get_next(self) -> dict[str, Any] | None:
        """The next input by name, None after the last one."""
        return next(self._blobs, None)

    @staticmethod
    def _fill(name: str, pictures: Sequence[Path], box: Letterbox) -> Iterator[dict[str, Any]]:
        for picture in pictures:
            yield {name: box.fill(load_picture(picture))}


def output_end(graph: Any) -> list[str]:
    """The names of the nodes that stay in float: the last convolutions and what follows them.

    There pixels up to 640 and scores of 0 … 1 come together in one tensor, and with them in one
    scale. A convolution without bias is no layer: it averages the distances of older heads.
    """
    makers = {name: node for node in graph.node for name in node.output}
    names, waiting = set(), [one.name for one in graph.output]
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.name in names:
            continue
        names.add(node.name)
        is_layer = node.op_type == "Conv" and len(node.input) == 3
        # What makes a tensor whose length is asked for is no part of the end.
        if not is_layer and node.op_type != "Shape":
            waiting += node.input
    return sorted(names)


def _tools() -> tuple[ModuleType, ModuleType]:
    try:
        return import_module("onnx"), import_module("onnxruntime.quantization")
    except ImportError as error:
        raise ModelError(f"quantising needs {error.name}: {TRAIN_EXTRA}") from error
