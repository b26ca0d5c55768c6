"""What a reader is worth on a group of plates: how many are right, and whether it knows that."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from models.base import Reading
from models.edits import distance
from models.readers.calibration import expected_calibration_error, reliability
from models.training.plate_crops import Plate

LEGIBLE_PX = 16
"""Nobody says which crops are legible; below this height few are."""

BINS = 10
COVERAGES = tuple(step / 20 for step in range(1, 21))


@dataclass(frozen=True, slots=True)
class Look:
    """A plate, and what a reader made of it; of a plate that no detector found, nothing."""

    plate: Plate
    reading: Reading
    least: float = 0.0

    @property
    def right(self) -> bool:
        """Whether the whole plate is read right."""
        return self.reading.text == self.plate.truth

    @property
    def errors(self) -> int:
        """Characters to be changed, added or left out."""
        return distance(self.plate.truth, self.reading.text)

    @property
    def accepted(self) -> bool:
        """Whether the reading would be believed."""
        return is_accepted(self.reading, self.least)


@dataclass(frozen=True, slots=True)
class Score:
    """What a reader does on one group of plates.

    `character_errors` is the sum of edit distances over the sum of the characters that there
    are; `legible` counts plates of LEGIBLE_PX rows or more, and `accepted` the readings that
    would be believed; shares are None where nothing is counted.
    """

    group: str
    plates: int
    right: int
    character_errors: float
    legible: int
    legible_right: int
    accepted: int
    accepted_right: int
    calibration_error: float

    @property
    def accuracy(self) -> float:
        """Of whole plates."""
        return self.right / self.plates

    @property
    def legible_accuracy(self) -> float | None:
        """Of whole plates of LEGIBLE_PX rows or more."""
        return self.legible_right / self.legible if self.legible else None

    @property
    def accepted_share(self) -> float:
        """How many readings would be believed."""
        return self.accepted / self.plates

    @property
    def accepted_accuracy(self) -> float | None:
        """Of the readings that would be believed."""
        return self.accepted_right / self.accepted if self.accepted else None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Readings whose confidence is from `low` to `high`: its mean, and how many are right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def confidence_of(reading: Reading) -> float:
    """That all of it is right: as calibrated, else the product over its characters, 0 if none."""
    if not reading.text:
        return 0.0
    return prod(reading.confidences) if reading.confidence is None else reading.confidence


def is_accepted(reading: Reading, least: float) -> bool:
    """Whether a reading is believed: text, no doubt, and at least this confidence."""
    return bool(reading.text) and reading.reason is None and confidence_of(reading) >= least


def score_of(group: str, looks: Sequence[Look]) -> Score:
    """The figures of one group, which must not be empty."""
    legible = [one for one in looks if one.plate.height_px >= LEGIBLE_PX]
    accepted = [one for one in looks if one.accepted]
    return Score(
        group,
        plates=len(looks),
        right=sum(one.right for one in looks),
        character_errors=sum(x.errors for x in looks) / sum(len(x.plate.truth) for x in looks),
        legible=len(legible),
        legible_right=sum(one.right for one in legible),
        accepted=len(accepted),
        accepted_right=sum(one.right for one in accepted),
        calibration_error=expected_calibration_error(*_said_and_right(looks), BINS, "width"),
    )


def reliability_of(looks: Sequence[Look], bins: int = BINS) -> tuple[Reliability, ...]:
    """Bins of equal width that hold any reading."""
    points = reliability(*_said_and_right(looks), bins, "width")
    # The mean of a bin lies in it.
    places = [min(int(point.said * bins), bins - 1) for point in points]
    return tuple(
        Reliability(place / bins, (place + 1) / bins, point.count, point.said, point.right)
        for place, point in zip(places, points, strict=True)
    )


def _said_and_right(looks: Sequence[Look]) -> tuple[list[float], list[bool]]:
    return [confidence_of(one.reading) for one in looks], [one.right for one in looks]


def coverage_of(looks: Sequence[Look]) -> tuple[tuple[float, float], ...]:
    """(share, accuracy) of the surest readings: what is won by believing fewer."""
    surest = sorted(looks, key=lambda one: -confidence_of(one.reading))
    right = np.cumsum([one.right for one in surest])
    counts = [max(1, round(share * len(looks))) for share in COVERAGES]
    return tuple(
        (share, float(right[count - 1]) / count)
        for share, count in zip(COVERAGES, counts, strict=True)
    )
