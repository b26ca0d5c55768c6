"""The formats' say in a vote: once, on what all looks elect together.

A look's own text has been decided with formats already (`models.readers.informed`). Summing
such texts would count the formats as often as there are looks, so that a vote sums what was
seen before, and the formats come in at its end.
"""

from dataclasses import replace

from models.base import Hypothesis, Reading
from models.readers.formats import Formats
from models.readers.knowledge import decide
from streamer.data import Candidate, Character, Plate

TRUST = {"partial": 0.1, "no_format": 0.1}
"""How much a reading counts that is not to be believed, by its reason. Of a plate that is cut,
and of lettering, the characters may be certain and the text wrong all the same; what is small,
blurred or doubtful says so itself in its characters' confidences. They do not count for nothing:
one look after the other may be at a plate that fits nothing."""

LEAST = 1e-9
"""A plate less probable than this has nothing that formats could share out."""


LETTERS_LIKE_DIGITS = {
    "0": "ODQ", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
}  # fmt: skip
"""Hardly any country allows both a letter and a digit at one place of its plates: where two
readings differ by such a pair, one of them is wrong, however sure of itself."""


def fold_twins(text: str) -> str:
    """The text with each pair of twins written as its digit: equal for all that look equal."""
    return text.replace("O", "0").replace("I", "1")


def as_seen(reading: Reading) -> Reading:
    """The reading as looking alone has it: its best hypothesis, before any formats."""
    if not reading.hypotheses:
        return reading
    best = reading.hypotheses[0]
    return replace(reading, text=best.text, confidences=best.confidences, lines=())


def trust(reading: Reading) -> float:
    """How much (0..1) a reading counts in a vote."""
    return TRUST.get(reading.reason or "", 1.0)


def with_formats(plate: Plate, formats: Formats) -> Plate:
    """The plate that a vote elected, after the formats: itself, a candidate, or a twin of these.

    `confidence` and the candidates' become posteriors; `looks` and `agreement` stay the vote's.
    """
    if not plate.text or plate.confidence < LEAST:
        return plate
    decision = decide(_hypotheses(plate), formats)
    return replace(
        plate,
        text=decision.text,
        confidence=decision.posterior,
        characters=tuple(map(Character, decision.text, decision.confidences)),
        candidates=tuple(Candidate(o.text, o.probability) for o in decision.candidates if o.text),
    )


def _hypotheses(plate: Plate) -> list[Hypothesis]:
    """What the vote makes probable. A candidate's characters that the plate has at the same
    place are as sure as there, others as the candidate."""
    elected = Hypothesis(
        plate.text, plate.confidence, tuple(one.confidence for one in plate.characters)
    )
    others = [
        Hypothesis(
            one.plate,
            one.confidence,
            tuple(
                plate.characters[n].confidence
                if len(one.plate) == len(plate.text) and sign == plate.text[n]
                else one.confidence
                for n, sign in enumerate(one.plate)
            ),
        )
        for one in plate.candidates
    ]
    return [elected, *others]
