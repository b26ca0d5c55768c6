"""A reader that knows plates: what another reader saw, decided, calibrated, and doubted.

It is a reader itself, so that whoever has one need not know which networks and which knowledge
are behind it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.base import Hypothesis, Image, Reader, Reading, Reason
from models.edits import align
from models.quality import quality_of
from models.readers.calibration import Calibration, features_of
from models.readers.crops import as_crop
from models.readers.formats import Formats
from models.readers.knowledge import STRENGTH, Decision, decide

SURE = 0.5
"""Below this confidence a reading is more probably wrong than right."""

SMALL_PX = 14.0
"""Rows of pixels below which it is the size that makes a reading doubtful."""

BLURRED = 0.1
"""Sharpness (`models.quality`) below which it is the blur."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    decision: Decision
    sureness: float
    calibrated: bool


class InformedReader:
    """Reads with `reader`, and decides with formats what looking alone cannot.

    `calibration` makes the confidence a probability; None takes the inner reader's attribute
    `calibration`, if it has one. Where there is none, `confidence` stays None, and doubts go by
    the posterior instead. A calibration holds for the formats' strength that it was fitted with,
    so it brings that along.

    A reading below `min_confidence`, or of something that is no whole plate, gets a `reason`;
    it keeps its text and confidence. Raises what the inner reader raises. One instance serves
    one thread.
    """

    def __init__(
        self,
        reader: Reader,
        formats: Formats | None = None,
        calibration: Calibration | None = None,
        *,
        min_confidence: float = SURE,
    ) -> None:
        self._reader = reader
        self._formats = formats or Formats()
        self.calibration = calibration or getattr(reader, "calibration", None)
        self._min_confidence = min_confidence

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in the order of the crops. `hypotheses` stay what was seen."""
        readings = self._reader.read(crops)
        return [self._informed(one, crop) for one, crop in zip(readings, crops, strict=True)]

    def decide(self, reading: Reading) -> Decision:
        """What follows from a reading's hypotheses; from its text where it has none."""
        strength = self.calibration.strength if self.calibration else STRENGTH
        return decide(reading.hypotheses or _only(reading), self._formats, strength)

    def _informed(self, reading: Reading, crop: Image) -> Reading:
        verdict = self._verdict(reading)
        decision, sureness = verdict.decision, verdict.sureness
        return replace(
            reading,
            text=decision.text,
            # That a character is right is never less probable than that all are.
            confidences=tuple(max(one, sureness) for one in decision.confidences),
            lines=in_rows(reading.lines, decision.text),
            confidence=sureness if verdict.calibrated else None,
            country=decision.country,
            reason=reading.reason or self._reason(reading, verdict, crop),
        )

    def _verdict(self, reading: Reading) -> _Verdict:
        decision = self.decide(reading)
        if not decision.text:
            return _Verdict(decision, 0.0, self.calibration is not None)
        if self.calibration is None:
            sureness = decision.posterior * reading.plate * reading.whole
            return _Verdict(decision, sureness, calibrated=False)
        features = features_of(decision, reading)
        return _Verdict(decision, self.calibration.probability(features), calibrated=True)

    def _reason(self, reading: Reading, verdict: _Verdict, crop: Image) -> Reason | None:
        """Why not to believe it. What is wrong with the look comes before what it shows, for
        another look may mend that."""
        sure = verdict.sureness >= self._min_confidence
        if not sure and crop.shape[0] < SMALL_PX:
            return "too_small"
        if not sure and quality_of(as_crop(crop)).sharpness < BLURRED:
            return "blurred"
        if reading.whole < 0.5:
            return "partial"
        decision = verdict.decision
        lettering = not any(sign.isdigit() for sign in decision.text)
        if reading.plate < 0.5 or (not decision.fits and (lettering or not sure)):
            return "no_format"
        return None if sure else "low_confidence"


def _only(reading: Reading) -> tuple[Hypothesis, ...]:
    """What a reader that gives no hypotheses saw: its text, as sure as its characters."""
    if not reading.text:
        return ()
    return (Hypothesis(reading.text, math.prod(reading.confidences), reading.confidences),)


def in_rows(lines: Sequence[str], text: str) -> tuple[str, ...]:
    """The text in the rows in which it was read."""
    if len(lines) < 2 or not text:
        return (text,) if text else ()
    ends, passed = [], 0
    for line in lines:
        passed += len(line)
        ends.append(passed)
    rows = [""] * len(lines)
    row = 0
    for ours, theirs in align("".join(lines), text):
        while ours is not None and ours >= ends[row]:
            row += 1
        if theirs is not None:
            rows[row] += text[theirs]
    return tuple(one for one in rows if one)
