"""What readers mix up, and what they do not: whether two readings differ as one plate's may."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.edits import align
from streamer.data import Character

CLEAR = 0.9
"""A character surer than this was read, not guessed."""
LETTERS_LIKE_DIGITS = {
    "0": "ODQ", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
}  # fmt: skip
"""Hardly any country allows both a letter and a digit at one place of its plates: where two
readings differ by such a pair, one of them is wrong, however sure of itself."""


def alike(one: str, two: str) -> bool:
    """Whether one is a letter and the other a digit that looks like it."""
    return two in LETTERS_LIKE_DIGITS.get(one, "") or one in LETTERS_LIKE_DIGITS.get(two, "")


@dataclass(frozen=True, slots=True)
class Difference:
    """Whether a character is missing from one reading, whether readers slip like this, and how
    sure (0..1) the less sure of those who read a character here was of it."""

    gap: bool
    slip: bool
    confidence: float


def differences(one: Sequence[Character], two: Sequence[Character]) -> list[Difference]:
    """Where two readings differ, with the fewest changes from one to the other."""
    return [
        _difference(None if i is None else one[i], None if j is None else two[j])
        for i, j in align(_text(one), _text(two))
        if i is None or j is None or one[i].char != two[j].char
    ]


def _text(characters: Sequence[Character]) -> str:
    return "".join(character.char for character in characters)


def _difference(one: Character | None, two: Character | None) -> Difference:
    least = min(character.confidence for character in (one, two) if character is not None)
    if one is None or two is None:
        return Difference(True, True, least)
    return Difference(False, alike(one.char, two.char), least)
