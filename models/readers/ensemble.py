"""Two readers as one: the second is asked where the first is unsure, and both are believed.

Readers that were made differently err differently, so what both say is more probable than what
either says alone. By Bayes, with readers that err independently and no text favoured before:

    p(text) = p1(text) p2(text) / (sum of that over all texts that either names + r1 r2)

where r is what a reader's hypotheses leave for texts that it does not name, at least `DOUBT`, and a
text that only the other one names has r / `UNNAMED` of it. So 0.6 and 0.7 for the same text
make 0.78; 0.6 for one and 0.9 for another make 0.44 for that other one, and much doubt.
"""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from annotated_types import Ge, Le

from models.base import Hypothesis, Image, ModelError, Reader, Reading
from models.readers import READERS
from models.readers.calibration import Calibration
from models.readers.crops import read_legible
from models.readers.informed import in_rows
from models.readers.together import BEST, agreed, seen, sureness, surest

DOUBT = 0.02
"""No reader is surer than this leaves room for: both were trained on the same kind of signs."""

UNNAMED = 10.0
"""Among how many texts what a reader leaves open is divided."""

ASK_BELOW = 0.8
"""From 0.7 on as many plates are read right; at 0.8 the second is asked about one crop in six."""

CALIBRATION = Calibration(
    bias=-0.456,
    weights={"posterior": 0.817, "weakest": 0.071, "margin": 0.285, "fits": 0.113, "long": 0.850,
             "short": -0.566},
    strength=0.5,
)  # fmt: skip
"""Of the bundled readers as they stand by default. Fitted on 696 validation crops of six sources,
each cut with three margins, of which the ensemble reads 94 % right; on folds that were held out, by
plates, the expected calibration error is 0.005 (bins of equal mass)."""


class EnsembleReader:
    """Reads with `first`, and with `second` those crops of which `first` is less than
    `ask_below` sure.

    Either is a reader's name, or a mapping of its `name` and its options. How sure a reader is
    of a crop is the probability of its best hypothesis, times those that it is a plate, and the
    whole of one. The second is asked once a call, with all those crops.

    A character's confidence is the probability of all hypotheses that have it there, and its
    reader's own as far as they leave room. Raises `ModelError` if a reader is not known, has
    no such option or cannot be used, and what its readers raise. One instance serves one thread.
    """

    def __init__(
        self,
        *,
        first: str | dict[str, Any] = "ctc",
        second: str | dict[str, Any] = "rapidocr",
        ask_below: Annotated[float, Ge(0), Le(1)] = ASK_BELOW,
    ) -> None:
        default = (first, second, ask_below) == ("ctc", "rapidocr", ASK_BELOW)
        self.calibration = CALIBRATION if default else None
        self._first, self._second = _made("first", first), _made("second", second)
        self._ask_below = ask_below

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in their order; crops of any size and kind (`crops.as_crop`)."""
        return read_legible(crops, self._read)

    def _read(self, crops: Sequence[Image]) -> list[Reading]:
        readings = self._first.read(crops)
        unsure = [n for n, one in enumerate(readings) if sureness(one) < self._ask_below]
        if unsure:
            others = self._second.read([crops[n] for n in unsure])
            for n, other in zip(unsure, others, strict=True):
                readings[n] = combined(readings[n], other)
        return readings


def combined(one: Reading, other: Reading) -> Reading:
    """What two readers say together of a crop. Of what only one can tell, that one's word."""
    both = weighed(seen(one), seen(other))
    best = both[0]
    lines = next((each.lines for each in (one, other) if each.text == best.text), None)
    if lines is None:
        lines = in_rows(max(one.lines, other.lines, key=len), best.text)
    return Reading(
        best.text,
        best.confidences,
        lines,
        both[:BEST],
        plate=min(one.plate, other.plate),
        whole=min(one.whole, other.whole),
    )


def weighed(one: Sequence[Hypothesis], other: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """All hypotheses of both with their common probability, the most probable first."""
    texts = {each.text: each for each in (*other, *one)}
    chances = {text: _chance(one, text) * _chance(other, text) for text in texts}
    total = sum(chances.values()) + _left(one) * _left(other)
    ranked = sorted(texts, key=lambda text: (-chances[text], text))
    found = [Hypothesis(text, chances[text] / total, surest(text, one, other)) for text in ranked]
    return agreed(found)


def _left(hypotheses: Sequence[Hypothesis]) -> float:
    return max(1.0 - sum(each.probability for each in hypotheses), DOUBT)


def _chance(hypotheses: Sequence[Hypothesis], text: str) -> float:
    """The probability of a text by one reader, whether it names it or not."""
    return next(
        (each.probability for each in hypotheses if each.text == text),
        _left(hypotheses) / UNNAMED,
    )


def _made(option: str, given: str | Mapping[str, Any]) -> Reader:
    """The reader behind an option. Raises `ModelError` that begins with the option's name."""
    options = {"name": given} if isinstance(given, str) else dict(given)
    name = options.pop("name", None)
    if name not in READERS:
        raise ModelError(f"{option}: no such reader {name!r}; known: {', '.join(READERS)}")
    module, _, attribute = READERS[str(name)].partition(":")
    make = getattr(importlib.import_module(module), attribute)
    known = list(inspect.signature(make).parameters)
    for key in options:
        if key not in known:
            raise ModelError(f"{option}: {name} has no option {key!r}; it has: {', '.join(known)}")
    try:
        reader: Reader = make(**options)
    except (ModelError, TypeError, ValueError) as error:
        raise ModelError(f"{option}: {name}: {' '.join(str(error).split())}") from error
    return reader
