"""Whether two readings, at the entry and at the exit, are of one plate. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self, TypeVar

from pydantic import TypeAdapter

from streamer.data import Candidate, Character, PlateEvent
from streamer.formats import fold_twins
from streamer.likeness import CLEAR, differences

ALLOWED = 0.01
"""What two readings agree on with less than this probability, they do not agree on."""
T = TypeVar("T")


class Likeness(IntEnum):
    """How two readings of one plate may differ; the least is the likest."""

    EXACT = 0
    ALIKE = 1
    """By one letter for the digit that looks like it, or by O for 0 and I for 1 alone."""
    DOUBTFUL = 2
    """By one character, lost, added or another, that was not read clearly."""
    CANDIDATE = 3
    """One names the other among its candidates, or both name the same."""


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What one plate event read, and how sure (0..1) of it."""

    plate: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]

    @classmethod
    def of(cls, event: PlateEvent) -> Self:
        """What the event read; candidates that are hardly possible are left out."""
        allowed = tuple(one for one in event.candidates if one.confidence >= ALLOWED)
        return cls(event.plate, event.confidence, event.characters, allowed)

    @staticmethod
    def from_json(text: str) -> "PlateRead":
        """What `to_json` wrote."""
        return _JSON.validate_json(text)

    def to_json(self) -> str:
        """For the store."""
        return _JSON.dump_json(self).decode()

    def texts(self) -> dict[str, float]:
        """All that the plate may be, and how probable each is."""
        others = {one.plate: one.confidence for one in self.candidates}
        return {**others, self.plate: self.confidence}


_JSON: TypeAdapter[PlateRead] = TypeAdapter(PlateRead)


def likeness(one: PlateRead, two: PlateRead) -> Likeness | None:
    """How much two readings are alike; None if they are of two plates."""
    if one.plate == two.plate:
        return Likeness.EXACT
    if fold_twins(one.plate) == fold_twins(two.plate):
        return Likeness.ALIKE
    if is_one_edit(one.plate, two.plate):
        found = _by_one_character(one, two)
        if found is not None:
            return found
    return Likeness.CANDIDATE if agreement(one, two) >= ALLOWED else None


def _by_one_character(one: PlateRead, two: PlateRead) -> Likeness | None:
    if len(one.plate) != len(two.plate):
        shorter, longer = sorted((one, two), key=lambda read: len(read.plate))
        # Nobody said how sure they were of a character they did not see: the plate says it.
        clear = min(_surety_of_more(shorter, longer), shorter.confidence) >= CLEAR
        return None if clear else Likeness.DOUBTFUL
    (difference,) = differences(one.characters, two.characters)
    if difference.slip:
        return Likeness.ALIKE
    return Likeness.DOUBTFUL if difference.confidence < CLEAR else None


def _surety_of_more(shorter: PlateRead, longer: PlateRead) -> float:
    """How sure (0..1) the longer reading was of the character that it has more."""
    place = _common(shorter.plate, longer.plate)
    more = longer.plate[place]
    # Which of several equal ones in a row it is, nobody knows.
    start = len(longer.plate[: place + 1].rstrip(more))
    return min(one.confidence for one in longer.characters[start : place + 1])


def _common(shorter: str, longer: str) -> int:
    """How many characters at the beginning are the same."""
    return next((n for n, char in enumerate(shorter) if char != longer[n]), len(shorter))


def is_one_edit(one: str, two: str) -> bool:
    """Whether one character must be changed, added or left out to make one text of the other.

    The same as an edit distance of 1, in a small part of the time: a car park asks it of
    everybody inside.
    """
    shorter, longer = sorted((one, two), key=len)
    if len(longer) - len(shorter) > 1 or one == two:
        return False
    same = _common(shorter, longer)
    skipped = same + (len(longer) == len(shorter))
    return shorter[skipped:] == longer[same + 1 :]


def agreement(one: PlateRead, two: PlateRead) -> float:
    """How probable (0..1) the likeliest text is that both readings allow; 0 if there is none."""
    ours, theirs = one.texts(), two.texts()
    return max((ours[text] * theirs[text] for text in ours.keys() & theirs.keys()), default=0.0)


def nearest(
    found: PlateRead, known: Iterable[tuple[T, Sequence[PlateRead]]]
) -> tuple[T | None, Likeness | None]:
    """Whose readings are likest to `found`, and how alike; None for both if nobody's are.

    Of several that are equally alike it is the one whose plate the candidates speak for most;
    nobody (None, with the likeness) if they do not decide.
    """
    ranked = [
        (alike, one, reads) for one, reads in known if (alike := _likest(found, reads)) is not None
    ]
    if not ranked:
        return None, None
    least = min(alike for alike, _, _ in ranked)
    best = [
        (max(agreement(found, read) for read in reads), one)
        for alike, one, reads in ranked
        if alike == least
    ]
    most = max(share for share, _ in best)
    chosen = [one for share, one in best if share == most]
    return (chosen[0] if len(chosen) == 1 else None), least


def _likest(found: PlateRead, reads: Sequence[PlateRead]) -> Likeness | None:
    return min((one for read in reads if (one := likeness(found, read)) is not None), default=None)
