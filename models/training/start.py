"""A network to go on training from: exported weights, turned back into what can be trained.

Exporting folds every batch normalisation into the convolution before it. Training needs them
apart again, and needs the statistics that were thrown away: those are measured anew on
pictures, such that the network computes the same as the exported one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base import ModelError

if TYPE_CHECKING:
    import torch

PICTURES = 96
"""Measured on; the statistics of a layer come from thousands of places in each."""

BATCH = 16


def trainable_from_onnx(
    *, weights: Path, model: str, pictures: Sequence[Path], size: int, output: Path
) -> None:
    """Write `output` (`.pt`), a network of ultralytics that computes what `weights` compute.

    `weights` is an ONNX file exported from an architecture `model` of one class ("yolo26n").
    `pictures` are train pictures; they are scaled to `size` pixels. Where the architecture has
    a second head for answers without overlaps, it starts as a copy of the first. Raises
    `ModelError` where the file's tensors are not those of the architecture.
    """
    import torch

    tensors = _tensors(weights)
    network = _architecture(model)
    _fill(network, tensors, f"{weights}: not exported from {model}")
    _measure_norms(network, _blobs(pictures, size))
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network, "train_args": {}, "epoch": -1}, output)


def _tensors(weights: Path) -> dict[str, "torch.Tensor"]:
    import onnx
    import torch

    try:
        graph = onnx.load(str(weights)).graph
    except Exception as error:
        raise ModelError(f"{weights}: no readable ONNX file ({error})") from error
    arrays = ((one.name, onnx.numpy_helper.to_array(one)) for one in graph.initializer)
    return {name: torch.tensor(array) for name, array in arrays if name.startswith("model.")}


def _architecture(model: str) -> Any:
    from ultralytics.nn.tasks import DetectionModel

    return DetectionModel(f"{model}.yaml", nc=1, verbose=False)


def _fill(network: Any, tensors: dict[str, "torch.Tensor"], where: str) -> None:
    """Each convolution takes its tensor; the norm after it does nothing yet but add the bias."""
    import torch

    used = set()
    with torch.no_grad():
        for name, layer in network.named_modules():
            if not isinstance(layer, torch.nn.Conv2d):
                continue
            source = name.replace("one2one_", "")
            kernel, bias = (tensors.get(f"{source}.{part}") for part in ("weight", "bias"))
            if kernel is None or bias is None or kernel.shape != layer.weight.shape:
                raise ModelError(f"{where} (layer {name} differs)")
            used |= {f"{source}.weight", f"{source}.bias"}
            layer.weight.copy_(kernel)
            norm = _norm_after(network, name)
            (layer if norm is None else norm).bias.copy_(bias)
            if norm is not None:
                norm.weight.fill_(1.0)
                norm.running_mean.zero_()
                norm.running_var.fill_(1.0 - norm.eps)
    left = sorted(name for name in tensors if name not in used and ".conv." in name)
    if left:
        raise ModelError(f"{where} (it has {left[0]} as well)")


def _norm_after(network: Any, convolution: str) -> Any:
    """The batch normalisation behind a convolution, which ultralytics keeps in one block."""
    if not convolution.endswith(".conv"):
        return None
    return getattr(network.get_submodule(convolution.removesuffix(".conv")), "bn", None)


def _measure_norms(network: Any, blobs: Sequence["torch.Tensor"]) -> None:
    """Give every norm the mean and variance of what it gets, and undo that by its weights."""
    import torch

    norms = [one for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d)]
    sums: dict[Any, list[torch.Tensor]] = {}

    def collect(norm: Any, given: tuple["torch.Tensor", ...]) -> None:
        values = given[0].double()
        count = torch.tensor(values.numel() / values.shape[1])
        parts = [values.sum((0, 2, 3)), values.square().sum((0, 2, 3)), count]
        sums[norm] = [a + b for a, b in zip(sums.get(norm, [0, 0, 0]), parts, strict=True)]

    hooks = [norm.register_forward_pre_hook(collect) for norm in norms]
    network.eval()
    with torch.no_grad():
        for blob in blobs:
            network(blob)
        for norm, (total, squares, count) in sums.items():
            mean = total / count
            variance = (squares / count - mean.square()).clamp(min=1e-8)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.add_(mean.float())
    for hook in hooks:
        hook.remove()
    network.train()


def _blobs(pictures: Sequence[Path], size: int) -> list["torch.Tensor"]:
    """Batches (n, 3, size, size), RGB in 0..1, of a fixed choice of the pictures."""
    import cv2
    import numpy as np
    import torch

    from models.detectors.network import Letterbox

    every = sorted(pictures)
    chosen = every[:: max(1, len(every) // PICTURES)][:PICTURES]
    letterbox = Letterbox((size, size))
    loaded = [
        torch.from_numpy(letterbox.fill(np.asarray(image, np.uint8)).copy())
        for image in (cv2.imread(str(path)) for path in chosen)
        if image is not None
    ]
    if not loaded:
        raise ModelError("no readable train picture to measure the network on")
    return [torch.cat(loaded[n : n + BATCH]) for n in range(0, len(loaded), BATCH)]
