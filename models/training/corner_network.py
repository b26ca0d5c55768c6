"""The network of the second look, and what its answers cost in training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from models.detectors.corners import SIZE, to_input
from models.training.corner_samples import Sample

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as tensors; NaN where corners or box are unknown."""

    seen: "torch.Tensor"
    corners: "torch.Tensor"
    boxes: "torch.Tensor"
    plates: "torch.Tensor"
    sources: "torch.Tensor"


def corner_network(width: int) -> Any:
    """(n, 3, 64, 128) → (n, 17); `width` channels at first, four times as many in the end."""
    from torch import nn

    def block(a: int, b: int, stride: int) -> list[nn.Module]:
        convolution = nn.Conv2d(a, b, 3, stride, 1, bias=False)
        return [convolution, nn.BatchNorm2d(b), nn.ReLU(inplace=True)]

    w = width
    return nn.Sequential(
        *block(3, w, 2), *block(w, 2 * w, 2), *block(2 * w, 2 * w, 1), *block(2 * w, 4 * w, 2),
        *block(4 * w, 4 * w, 1), *block(4 * w, 4 * w, 2), *block(4 * w, 4 * w, 1),
        nn.Flatten(), nn.Dropout(0.1), nn.Linear(4 * w * (SIZE[0] // 16) * (SIZE[1] // 16), 192),
        nn.ReLU(inplace=True), nn.Linear(192, 17),
    )  # fmt: skip


def as_batch(samples: Sequence[Sample], sources: Sequence[str]) -> Batch:
    """Samples as tensors; `sources` gives each source its number."""
    import torch

    tensor = partial(torch.tensor, dtype=torch.float32)
    return Batch(
        torch.from_numpy(np.stack([to_input(one.seen) for one in samples])),
        tensor(np.stack([one.corners for one in samples])),
        tensor(np.stack([one.box for one in samples])),
        tensor([float(one.plate) for one in samples]),
        torch.tensor([sources.index(one.source) for one in samples]),
    )


def losses(
    answers: "torch.Tensor", batch: Batch, habits: "torch.Tensor"
) -> dict[str, "torch.Tensor"]:
    """What the answers cost: `corners` where known, `boxes` of hand-drawn ones, `spread`, `plate`.

    The Laplace likelihood is split: its scale sees the error, but does not weaken the pull on
    the corners of plates that are hard.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    corners, scales = answers[:, :8].reshape(-1, 4, 2), answers[:, 8:16].reshape(-1, 4, 2)
    known = ~batch.corners.isnan().any(dim=(1, 2))
    error = (corners[known] - batch.corners[known]).abs()
    likelihood = error.detach() * (-scales[known]).exp() + scales[known]
    drawn = ~batch.boxes.isnan().any(dim=1)
    outline = torch.cat([corners.amin(dim=1), corners.amax(dim=1)], dim=1)[drawn]
    sides = (outline[:, 2:] - outline[:, :2]).detach().repeat(1, 2)
    beside = (outline + habits[batch.sources[drawn]] * sides - batch.boxes[drawn]).abs()
    # A target short of certainty: some plates are not annotated, and mined as something else.
    plate = binary_cross_entropy_with_logits(answers[:, 16], batch.plates * 0.96 + 0.02)
    count = len(answers)
    return {
        "corners": 20 * error.mean(dim=(1, 2)).sum() / count,
        "boxes": 10 * beside.mean(dim=1).sum() / count,
        "spread": 0.1 * likelihood.mean(dim=(1, 2)).sum() / count,
        "plate": 0.5 * plate,
    }
