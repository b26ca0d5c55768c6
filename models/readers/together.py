"""Several hypotheses on one crop, or several readings of it, taken together."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from models.base import Hypothesis, Reading
from models.edits import align

BEST = 5
"""Texts that are handed on."""


def seen(reading: Reading) -> tuple[Hypothesis, ...]:
    """The hypotheses; of a reader that gives none, its text, as sure as its characters."""
    if reading.hypotheses:
        return reading.hypotheses
    probability = math.prod(reading.confidences) if reading.text else 0.5
    return (Hypothesis(reading.text, probability, reading.confidences),)


def sureness(reading: Reading) -> float:
    """How sure a reader is of what it read, 0 for nothing."""
    best = max((one.probability for one in seen(reading) if one.text), default=0.0)
    return best * reading.plate * reading.whole


def surest(text: str, *looks: Sequence[Hypothesis]) -> tuple[float, ...]:
    """The confidences of each character, the highest of all looks that name the text."""
    named = [each.confidences for look in looks for each in look if each.text == text]
    return tuple(map(max, zip(*named, strict=True)))


def agreed(found: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The hypotheses, each character as probable as all of them are together that have it there,
    and as its own confidence says of what they leave open."""
    return tuple(Hypothesis(each.text, each.probability, _shares(each, found)) for each in found)


def mean_reading(readings: Sequence[Reading]) -> Reading:
    """Several looks at one crop as one: each text as probable as it is in their mean."""
    looks = [one.hypotheses for one in readings]
    chances: defaultdict[str, float] = defaultdict(float)
    for each in (each for look in looks for each in look):
        chances[each.text] += each.probability / len(readings)
    texts = sorted(chances, key=lambda text: (-chances[text], text))[:BEST]
    found = agreed([Hypothesis(text, chances[text], surest(text, *looks)) for text in texts])
    best = found[0] if found else Hypothesis("", 0.0, ())
    return Reading(
        best.text,
        best.confidences,
        next((one.lines for one in readings if one.text == best.text), ()),
        found,
        plate=sum(one.plate for one in readings) / len(readings),
        whole=sum(one.whole for one in readings) / len(readings),
    )


def _shares(hypothesis: Hypothesis, every: Sequence[Hypothesis]) -> tuple[float, ...]:
    left = max(1.0 - sum(each.probability for each in every), 0.0)
    shares = [left * confidence for confidence in hypothesis.confidences]
    for each in every:
        for place in _agreeing(hypothesis.text, each.text):
            shares[place] += each.probability
    return tuple(min(share, 1.0) for share in shares)


def _agreeing(text: str, other: str) -> Iterator[int]:
    """The places of `text` at which `other` has the same character."""
    for ours, theirs in align(text, other):
        if ours is not None and theirs is not None and text[ours] == other[theirs]:
            yield ours
