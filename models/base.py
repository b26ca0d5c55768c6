"""What every detector takes and gives, and what every reader takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: (height, width, 3) uint8, channel order BGR."""

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the picture; x2 and y2 lie just outside."""

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Four (x, y) in pixels: top left, top right, bottom right, bottom left of the plate as read."""


class ModelError(Exception):
    """A model that cannot be used: the message names the file, the fault and what is right."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One plate in one image."""

    box: Box
    score: float
    corners: Corners | None = None


Reason = Literal["too_small", "blurred", "no_format", "low_confidence", "partial"]
"""Why a reading should not be believed."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One text that a crop may show, as far as looking alone can tell.

    `probability` (0..1) is that of the whole text before any knowledge of formats;
    `confidences` has one probability per character of `text`.
    """

    text: str
    probability: float
    confidences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one crop.

    `text` holds upper-case letters and digits only and may be empty (nothing legible);
    `confidences` has one probability (0..1) per character of `text`; `lines` is the text
    row by row, top row first, and joined gives `text`.

    `hypotheses` are what the reader saw, the most probable first, before any knowledge of
    formats; their probabilities sum to 1 at most. What looking alone cannot decide is decided
    on these. `plate` is the probability that the crop shows a plate at all, `whole` that no
    character is missing at its edges; readers that cannot tell leave both at 1.

    `confidence` is the calibrated probability (0..1) that all of `text` is right, None where
    nothing was calibrated; `country` (ISO 3166 alpha-2) the one whose format fits best, if any;
    `reason` why the reading should not be believed, None if it may be.
    """

    text: str
    confidences: tuple[float, ...]
    lines: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    plate: float = 1.0
    whole: float = 1.0
    confidence: float | None = None
    country: str | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if len(self.text) != len(self.confidences):
            raise ValueError(
                f"a reading of {len(self.text)} characters has {len(self.confidences)} confidences"
            )


class Detector(Protocol):
    """Finds plates. One instance serves one thread."""

    def detect(self, image: Image) -> list[Detection]:
        """The plates of one picture, best score first, boxes clipped to the picture."""
        ...


class Reader(Protocol):
    """Reads plates. One instance serves one thread."""

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in the order of the crops."""
        ...
