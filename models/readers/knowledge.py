"""What looking cannot decide, knowledge of plates may: by Bayes, over what was seen.

The posterior of a text is its probability by looking times how much more probable its format
makes it (`Formats.log_gain`) to the power of `strength`. The texts are the hypotheses of a
reader and the twins of the likeliest: in many fonts 0 and O, or 1 and I, are one shape, so a
reader's certainty of one of them says little about the other.

Formats are a prior, never a filter that invents a plate: a text that looking makes `FLOOR`
times less probable than the best is not considered, however well it fits; and a plate that
fits nothing is reported as it was read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from models.base import Hypothesis
from models.readers.formats import Formats

STRENGTH = 0.7
"""1 takes the formats at their word. But a network that was trained on plates knows some of them
already, which counts them twice, and many plates are in no table. On 2,300 crops read by PP-OCR
0.5 to 0.7 reads most; whoever calibrates a reader finds its own."""

TWINS: Mapping[str, Mapping[str, float]] = {
    "0": {"O": 0.1, "D": 0.002, "Q": 0.002},
    "O": {"0": 0.2, "D": 0.002, "Q": 0.002},
    "1": {"I": 0.02},
    "I": {"1": 0.2},
    "B": {"8": 0.002},
    "8": {"B": 0.002},
    "S": {"5": 0.002},
    "5": {"S": 0.002},
    "Z": {"2": 0.002},
    "2": {"Z": 0.002},
    "G": {"6": 0.002},
    "6": {"G": 0.002},
    "D": {"0": 0.002, "O": 0.002},
    "Q": {"0": 0.002, "O": 0.002},
}
"""How likely a sign is to be another, beside whatever the reader says. The first pairs are the
same shape in many fonts, 1 and I in fewer. A letter is a digit more often than a digit a letter:
on 3173 crops PP-OCR sees 225 O, of which 66 are 0, and 1269 0, of which 34 are O; 245 I, of which
49 are 1, and 1260 1, of which 18 are I (`benchmarks/twins.py`). Formats know part of that, so the
numbers are less far apart; with 0.1 for all four, 9 fewer of 2477 train crops are read right
(2151), and of 696 validation crops 1 fewer (630). Ours takes none of 351 for the other. The rest
differ, and a doubtful look has both among its hypotheses; theirs is the chance that a reader is
certain and wrong."""

MOST_EXCHANGES = 3
"""Twins in one text. More are a text of another kind."""

FLOOR = 1e-3
"""How probable by looking, relative to the best, a text must be to be considered at all."""

_LEAST = 1e-100
"""Less than this is nothing, and nothing cannot be shared out."""

HEADS = 3
"""Hypotheses whose twins are considered."""

CANDIDATES = 3
"""Runners-up that are reported."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a plate says, all considered.

    `confidences` has one probability per character of `text`; `posterior` is the probability of
    the whole text, `candidates` are the next best texts, best first, with theirs in
    `probability`; all of them sum to 1 at most. `country` (ISO 3166 alpha-2) is where the text
    is likeliest from and `fits` whether it follows a format. `looked` is the probability of
    `text` by looking alone. None of these is calibrated.
    """

    text: str
    confidences: tuple[float, ...]
    posterior: float
    candidates: tuple[Hypothesis, ...]
    country: str | None
    fits: bool
    looked: float


NOTHING = Decision("", (), 0.0, (), None, False, 0.0)
"""What follows from no hypotheses."""


def decide(
    hypotheses: Sequence[Hypothesis], formats: Formats, strength: float = STRENGTH
) -> Decision:
    """The text that looking and formats together make the most probable.

    `hypotheses` come with their probabilities before any formats (they sum to 1 at most); what
    is missing to 1 is that of texts nobody named, and stays theirs: formats share out only what
    was seen among the texts that were seen. `strength` (0 or more) is the power to which the
    formats' gain is taken; 0 is looking alone.
    """
    looked = _considered(hypotheses)
    if not looked:
        return NOTHING
    weights = {
        text: share * math.exp(strength * formats.log_gain(text)) for text, share in looked.items()
    }
    scale = min(math.fsum(looked.values()), 1.0) / math.fsum(weights.values())
    posteriors = {text: weight * scale for text, weight in weights.items()}
    ranked = sorted(posteriors, key=lambda text: (-posteriors[text], text))
    best, *others = ranked
    return Decision(
        best,
        _confidences(best, posteriors, hypotheses),
        posteriors[best],
        tuple(
            Hypothesis(text, posteriors[text], _confidences(text, posteriors, hypotheses))
            for text in others[:CANDIDATES]
        ),
        formats.country(best),
        formats.fits(best),
        looked[best],
    )


def _considered(hypotheses: Sequence[Hypothesis]) -> dict[str, float]:
    """The texts worth considering, each with its probability by looking, twins included.

    A text shares its probability with its twins, so that the sum stays what it was.
    """
    ranked = sorted(hypotheses, key=lambda one: (-one.probability, one.text))
    looked: dict[str, float] = {}
    for n, one in enumerate(ranked):
        twins = {one.text: 1.0, **(dict(_twins(one.text)) if n < HEADS else {})}
        total = math.fsum(twins.values())
        for text, share in twins.items():
            looked[text] = looked.get(text, 0.0) + one.probability * share / total
    floor = max(looked.values(), default=0.0) * FLOOR
    return {text: share for text, share in looked.items() if share >= max(floor, _LEAST)}


def _twins(text: str) -> Iterator[tuple[str, float]]:
    """Texts that look like this one, with how likely they are beside it, down to the floor."""
    exchanges = [(n, *twin) for n, sign in enumerate(text) for twin in TWINS.get(sign, {}).items()]
    for count in range(1, MOST_EXCHANGES + 1):
        for chosen in combinations(exchanges, count):
            share = math.prod(one[2] for one in chosen)
            if share >= FLOOR and len({place for place, *_ in chosen}) == count:
                signs = list(text)
                for place, sign, _ in chosen:
                    signs[place] = sign
                yield "".join(signs), share


def _confidences(
    text: str, posteriors: Mapping[str, float], hypotheses: Sequence[Hypothesis]
) -> tuple[float, ...]:
    """Per character the probability that it is right.

    It is the probability that one of the signs stands there which somebody named for that place
    (the sum of their confidences by looking), times this sign's share of the posterior among
    them. Only texts of the same length have the same places.
    """
    alike = [(other, share) for other, share in posteriors.items() if len(other) == len(text)]
    total = math.fsum(share for _, share in alike)
    found = []
    for place, sign in enumerate(text):
        named: dict[str, float] = {}
        for one in hypotheses:
            if len(one.text) == len(text):
                seen = one.text[place]
                named[seen] = max(named.get(seen, 0.0), one.confidences[place])
        share = math.fsum(share for other, share in alike if other[place] == sign) / total
        found.append(min(math.fsum(named.values()), 1.0) * min(share, 1.0))
    return tuple(found)
