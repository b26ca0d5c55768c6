"""What a track's looks elect: one plate, the probability that it is right, and the reasons.

1. Each look counts by how good its view was, and little where its reading is not to be believed.
2. What was seen is aligned and summed by character (`streamer.evidence`).
3. The formats have their say, once, on the sum (`streamer.formats`).
4. The sum's posterior is made a probability: a logistic regression on a few figures of the vote
   (`models.readers.calibration`), fitted where the truth is known.

A pure function: the same looks, in any order, elect the same plate.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.base import Reading
from models.readers.calibration import Calibration, logit
from models.readers.formats import Formats
from streamer.data import Candidate, Character, Plate
from streamer.evidence import sum_up
from streamer.formats import as_seen, fold_twins, trust, with_formats

WORTHLESS, WORTHY = 0.5, 0.85
"""Qualities of views. On plates 14 px high (0.65) a reader that is sure to 0.97 is right in 0.84,
from 18 px (0.83) on in 0.99: far looks agree with one another, and err."""
LEAST_WORTH = 0.02

DOUBTFUL = 0.9
"""A character less sure than this is named among the reasons."""

CALIBRATION = Calibration(
    0.3844,
    {"posterior": 0.2575, "margin": 0.2246, "surest": 0.2793, "dissent": -0.3713, "fits": -0.1673},
)
"""Fitted by `benchmarks/vote_calibration.py`."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A reading and the quality (0..1) of the view that it was read in."""

    reading: Reading
    quality: float

    @property
    def view(self) -> float:
        """How much (0..1) its view is worth, whatever was read in it."""
        share = (self.quality - WORTHLESS) / (WORTHY - WORTHLESS)
        return max(min(max(share, 0.0), 1.0) ** 2, LEAST_WORTH)

    @property
    def worth(self) -> float:
        """How much (0..1) it counts."""
        return self.view * trust(self.reading)


def vote(
    opinions: Sequence[Opinion], formats: Formats, calibration: Calibration | None = CALIBRATION
) -> Plate:
    """The plate that looks elect together.

    Its `confidence` is the probability that all of it is right; with those of the `candidates`
    it sums to 1 at most. The text is empty, the confidence 0, where nothing was legible.
    `calibration` None leaves the posterior as it is.
    """
    elected = sum_up([(as_seen(one.reading), one.worth) for one in opinions])
    plate = with_formats(elected, formats)
    if not plate.text:
        return plate
    if calibration is not None:
        sure = calibration.probability(figures_of(plate, opinions, formats))
        plate = _as_sure_as(plate, sure)
    return replace(
        plate,
        as_seen=elected.text,
        agreement=sum(agrees(plate.text, one.reading) for one in opinions) / len(opinions),
        reasons=tuple(_reasons(plate, elected, opinions, formats)),
    )


def agrees(text: str, reading: Reading) -> bool:
    """Whether a look read so, as far as looking can tell: 0 and O, 1 and I look alike."""
    return fold_twins(reading.text) == fold_twins(text)


def plate_like(agreeing: Sequence[Opinion]) -> float:
    """The probability (0..1) that it is a plate at all, to the looks that read so, each by what its
    view is worth. 1 where no reader says anything of that, and without any look."""
    views = [(one.view, one.reading.plate) for one in agreeing]
    return sum(v * p for v, p in views) / sum(v for v, _ in views) if views else 1.0


def figures_of(plate: Plate, opinions: Sequence[Opinion], formats: Formats) -> Mapping[str, float]:
    """The figures of a vote that its calibration rests on.

    `posterior` (a logit) and `margin` over the runner-up (a logarithm) after the formats; the
    share that looks which disagree have of all worth (`dissent`); the confidence of the surest
    that agrees (`surest`, a logit); whether the plate `fits` a format.
    """
    agreeing = [one for one in opinions if agrees(plate.text, one.reading)]
    worth = sum(one.worth for one in agreeing)
    every = sum(one.worth for one in opinions if one.reading.text)
    rival = plate.candidates[0].confidence if plate.candidates else 0.0
    sure = max((_confidence(one.reading) for one in agreeing), default=0.0)
    return {
        "posterior": logit(plate.confidence),
        "margin": math.log(max(plate.confidence, 1e-4) / max(rival, 1e-4)),
        "dissent": 1 - worth / max(every, 1e-9),
        "surest": logit(sure),
        "fits": float(formats.fits(plate.text)),
    }


def _confidence(reading: Reading) -> float:
    if reading.confidence is not None:
        return reading.confidence
    return math.prod(reading.confidences)


def _as_sure_as(plate: Plate, sure: float) -> Plate:
    """The plate with that confidence; what is left to 1 is shared out as it was."""
    rivals = sum(one.confidence for one in plate.candidates)
    left = (1 - sure) / max(1 - plate.confidence, rivals, 1e-9)
    return replace(
        plate,
        confidence=sure,
        # That a character is right is never less probable than that all are.
        characters=tuple(
            Character(one.char, max(one.confidence, sure)) for one in plate.characters
        ),
        candidates=tuple(
            Candidate(one.plate, min(one.confidence * left, sure)) for one in plate.candidates
        ),
    )


def _reasons(
    plate: Plate, elected: Plate, opinions: Sequence[Opinion], formats: Formats
) -> list[str]:
    """What speaks for the plate and against it, for people."""
    agreeing = [one for one in opinions if agrees(plate.text, one.reading)]
    count = f"{len(agreeing)} of {len(opinions)} looks read {plate.text}"
    if agreeing:
        best = max(one.quality for one in agreeing)
        count += f", the best in a view of quality {best:.2f}"
    reasons = [count]
    others: dict[str, int] = {}
    for one in opinions:
        if one.reading.text and not agrees(plate.text, one.reading):
            others[one.reading.text] = others.get(one.reading.text, 0) + 1
    if others:
        ranked = sorted(others.items(), key=lambda one: (-one[1], one[0]))[:3]
        reasons.append("others read " + ", ".join(f"{text} ({n})" for text, n in ranked))
    reasons += [
        f"character {n}, {one.char}, is right with {one.confidence:.2f}"
        for n, one in enumerate(plate.characters, start=1)
        if one.confidence < DOUBTFUL
    ]
    if elected.text != plate.text:
        reasons.append(f"by looking alone it would be {elected.text}; the formats make it so")
    country = formats.country(plate.text)
    if formats.fits(plate.text):
        reasons.append(f"fits a format of {country}" if country else "fits a format of yours")
    else:
        reasons.append("fits no known format")
    return reasons
