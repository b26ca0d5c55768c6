"""From what a reader and the formats say to the probability that the whole plate is right.

Networks are surer than they are right (Guo et al. 2017, "On Calibration of Modern Neural
Networks"), and a plate is right only if all of its characters are. Logistic regression on a few
figures of each decision, fitted where the truth is known, makes a probability of them (Platt
1999, "Probabilistic Outputs for Support Vector Machines"). Whether it is one is measured: among
plates of which 0.9 is said, nine in ten should be right.
"""

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.base import ModelError, Reading
from models.readers.knowledge import STRENGTH, Decision

Floats = NDArray[np.float64]

FEATURES = ("posterior", "weakest", "margin", "plate", "whole", "fits", "short", "long")

L2 = 1.0
"""How strongly weights are held back: as much as so many examples would."""

STEPS = 50
"""Newton's method is there after ten; a fit that is not has no finite end."""

_SURE = 1e-4
"""Beyond this a probability's logit says more about rounding than about the plate."""

_USUAL = (6, 8)
"""Characters of most plates."""


def features_of(decision: Decision, reading: Reading) -> dict[str, float]:
    """The figures, by the names of `FEATURES`, that the calibration of a decision rests on.

    `posterior` and how likely it is a whole plate (`plate`, `whole`) as logits, the `weakest`
    character's confidence and the odds against the runner-up (`margin`) as logarithms, whether
    a format `fits`, and how many characters it is `short` or `long` of most plates.
    """
    second = decision.candidates[0].probability if decision.candidates else 0.0
    count = len(decision.text)
    return {
        "posterior": logit(decision.posterior),
        "weakest": math.log(max(min(decision.confidences, default=0.0), _SURE)),
        "margin": math.log(max(decision.posterior, _SURE) / max(second, _SURE)),
        "plate": logit(reading.plate),
        "whole": logit(reading.whole),
        "fits": float(decision.fits),
        "short": float(max(_USUAL[0] - count, 0)),
        "long": float(max(count - _USUAL[1], 0)),
    }


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression: `bias` and a weight for each of some `FEATURES`.

    It holds for decisions that were made with the formats at the same `strength`.
    """

    bias: float
    weights: Mapping[str, float]
    strength: float = STRENGTH

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability (0..1) that the whole plate is right."""
        score = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(min(score, 30.0), -30.0)))

    def to_json(self) -> str:
        """One line of JSON, as the metadata `calibration` of a reader's ONNX file has it."""
        return json.dumps(
            {"bias": self.bias, "weights": dict(self.weights), "strength": self.strength}
        )


def calibration_from(text: str, place: str) -> Calibration:
    """What `to_json` wrote; `place` (a file) is named in the `ModelError` if it is not that."""
    try:
        raw = json.loads(text)
        weights = {str(name): float(weight) for name, weight in raw["weights"].items()}
        bias, strength = float(raw["bias"]), float(raw.get("strength", STRENGTH))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f'{place}: no calibration ({error}); it is JSON as {{"bias": 0.0, "weights": {{…}}}}'
        ) from None
    for name in weights:
        if name not in FEATURES:
            known = ", ".join(FEATURES)
            raise ModelError(
                f"{place}: calibration by {name!r}, which is not known; known: {known}"
            )
    if not all(map(math.isfinite, [bias, strength, *weights.values()])):
        raise ModelError(f"{place}: a calibration's numbers are finite; this has NaN or infinity")
    return Calibration(bias, weights, strength)


def fit(
    features: Sequence[Mapping[str, float]],
    right: Sequence[bool],
    l2: float = L2,
    strength: float = STRENGTH,
) -> Calibration:
    """The calibration that makes the outcomes most probable, its weights held back by `l2`.

    `features` and `right` (whether the whole plate was right) come in the same order; one
    example of each outcome is needed at least. The penalty is on weights for features that are
    scaled to variance 1, not on the bias. Targets are Platt's, (n + 1) / (n + 2) for those that
    are right and 1 / (n + 2) for the others, n being their numbers. Newton's method (IRLS).
    `strength` is that with which the decisions were made.
    """
    names = sorted(features[0]) if features else []
    table = np.array([[row[name] for name in names] for row in features], np.float64)
    outcome = np.asarray(right, bool)
    if not 0 < int(outcome.sum()) < len(outcome):
        raise ValueError(f"{int(outcome.sum())} of {len(outcome)} right; some of both are needed")
    middle, scale = table.mean(0), table.std(0)
    varied = scale > 1e-9  # what is always the same says nothing
    scaled = np.where(varied, (table - middle) / np.where(varied, scale, 1.0), 0.0)
    count = int(outcome.sum())
    above, below = (count + 1) / (count + 2), 1 / (len(outcome) - count + 2)
    found = _newton(scaled, np.where(outcome, above, below), l2)
    weights = np.where(varied, found[1:] / np.where(varied, scale, 1.0), 0.0)
    return Calibration(
        float(found[0] - (weights * middle).sum()),
        {name: float(weight) for name, weight in zip(names, weights, strict=True)},
        strength,
    )


def _newton(table: Floats, target: Floats, l2: float) -> Floats:
    """Bias and weights of a logistic regression, the weights with a penalty of l2 / 2 w²."""
    design = np.column_stack([np.ones(len(table)), table])
    penalty = np.diag([1e-9, *[max(l2, 1e-9)] * table.shape[1]])
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (target - said) - penalty @ found
        curve = (design * (said * (1 - said) + 1e-12)[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        # A full step from far away may overshoot where the curve is flat.
        found += step / max(1.0, float(np.abs(step).max()) / 5)
        if float(np.abs(step).max()) < 1e-8:
            break
    return found


def held_out(
    features: Sequence[Mapping[str, float]],
    right: Sequence[bool],
    l2: float = L2,
    folds: int = 5,
    groups: Sequence[Hashable] | None = None,
) -> Floats:
    """For each example the probability that a fit on the other folds gives it (0..1).

    `groups` keeps what belongs together (looks at one plate) in one fold; None: each example
    stands for itself. The folds are drawn with a fixed seed.
    """
    labels: Sequence[Hashable] = range(len(features)) if groups is None else groups
    kinds = {label: n for n, label in enumerate(dict.fromkeys(labels))}
    drawn = np.random.default_rng(0).permutation(len(kinds)) % folds
    fold_of = np.array([drawn[kinds[label]] for label in labels])
    said = np.zeros(len(features))
    for fold in range(folds):
        others = np.flatnonzero(fold_of != fold).tolist()
        fitted = fit([features[n] for n in others], [right[n] for n in others], l2)
        for n in np.flatnonzero(fold_of == fold).tolist():
            said[n] = fitted.probability(features[n])
    return said


def best_l2(
    features: Sequence[Mapping[str, float]],
    right: Sequence[bool],
    choices: Sequence[float] = (0.1, 1.0, 10.0, 100.0),
    groups: Sequence[Hashable] | None = None,
) -> float:
    """The choice that makes held-out outcomes most probable (least logarithmic loss)."""
    outcome = np.asarray(right, bool)

    def loss(l2: float) -> float:
        said = held_out(features, right, l2, groups=groups).clip(1e-9, 1 - 1e-9)
        return float(-np.log(np.where(outcome, said, 1 - said)).mean())

    return min(choices, key=loss)


@dataclass(frozen=True, slots=True)
class Bin:
    """A point of a reliability diagram: of `count` plates `said` is the mean probability (0..1)
    and `right` the share that was right."""

    count: int
    said: float
    right: float


def reliability(
    probabilities: Sequence[float] | Floats,
    right: Sequence[bool],
    bins: int = 10,
    equal: Literal["mass", "width"] = "mass",
) -> list[Bin]:
    """The points of a reliability diagram, by rising probability; empty bins are left out.

    Bins of equal `mass` hold as many plates each, those of equal `width` a tenth (one by
    `bins`) of the range from 0 to 1.
    """
    said, outcome = np.asarray(probabilities, np.float64), np.asarray(right, bool)
    order = np.argsort(said, kind="stable")
    if equal == "mass":
        parts = np.array_split(order, bins)
    else:
        place = np.minimum((said * bins).astype(int), bins - 1)
        parts = [np.flatnonzero(place == n) for n in range(bins)]
    return [
        Bin(len(part), float(said[part].mean()), float(outcome[part].mean()))
        for part in parts
        if len(part)
    ]


def expected_calibration_error(
    probabilities: Sequence[float] | Floats,
    right: Sequence[bool],
    bins: int = 10,
    equal: Literal["mass", "width"] = "mass",
) -> float:
    """How far, on average over plates, what is said is from what is right (Guo et al. 2017).

    Equal widths are the usual definition; where most plates are said to be certain, nearly all
    stand in one bin, and equal masses look closer. 0 without plates.
    """
    points = reliability(probabilities, right, bins, equal)
    total = sum(point.count for point in points)
    return sum(point.count * abs(point.said - point.right) for point in points) / max(total, 1)


def logit(probability: float) -> float:
    """The logarithm of the odds, at most as far from 0 as `_SURE` lets it be."""
    clipped = min(max(probability, _SURE), 1 - _SURE)
    return math.log(clipped / (1 - clipped))
