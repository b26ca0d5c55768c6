"""One event per passage: has this plate been reported a moment ago?

A track breaks when a plate is hidden for longer than the tracker waits, and a second track on
the same plate may read it a little differently. Two vehicles behind one another may, on the
other hand, have plates that differ in one character. What tells these apart is how clearly the
differing characters were read, and whether they are ones that readers mix up.
"""

from collections import deque
from dataclasses import dataclass

from models.edits import align
from streamer.data import Plate

CLEAR = 0.9
"""A character surer than this was read, not guessed."""
LETTERS_LIKE_DIGITS = {
    "0": "ODQ", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
}  # fmt: skip
"""Hardly any country allows both a letter and a digit at one place of its plates: where two
readings differ by such a pair, one of them is wrong, however sure of itself."""
REMEMBERED = 1000
SLIPS = 2
SHARE_OF_SLIPS = 3
"""Two slips are forgiven in a plate of two times three characters, one in any."""


@dataclass(slots=True, eq=False)
class Passage:
    """A plate that was reported, and when (scene seconds) its track was last seen."""

    plate: Plate
    last_s: float


class Passages:
    """The plates that one camera reported lately; times are seconds of the scene."""

    def __init__(self, dedup_seconds: float) -> None:
        self._dedup_seconds = dedup_seconds
        self._recent: deque[Passage] = deque(maxlen=REMEMBERED)

    def find(self, plate: Plate, since_s: float) -> Passage | None:
        """The passage to which a track belongs that reads so and is there since then."""
        # Not since it could be read: a vehicle may stand in the glare for minutes.
        same = (
            one
            for one in self._recent
            if since_s - one.last_s <= self._dedup_seconds and is_same(one.plate, plate)
        )
        return max(same, key=lambda one: one.last_s, default=None)

    def begin(self, plate: Plate, seen_s: float) -> Passage:
        """A new passage: its event is published now."""
        passage = Passage(plate, seen_s)
        self._recent.append(passage)
        return passage

    def seen(self, passage: Passage, seen_s: float) -> None:
        """A track of this passage is still there."""
        passage.last_s = max(passage.last_s, seen_s)
        if passage not in self._recent:
            self._recent.append(passage)

    def __len__(self) -> int:
        return len(self._recent)


def is_same(known: Plate, found: Plate) -> bool:
    """Whether two readings from one camera, close in time, are of one plate.

    They are if equal; if one is a part of the other, at least half of it (a plate half out of
    the picture, a country's letter read along); if they differ by slips alone: a character
    lost or doubled, a letter for the digit that looks like it; or if they differ in just one
    character which the less sure of them did not read clearly.
    """
    shorter, longer = sorted((known.text, found.text), key=len)
    if not shorter:
        return False
    if shorter in longer and 2 * len(shorter) >= len(longer):
        return True
    differences = _differences(known, found)
    if sum(difference.gap for difference in differences) != len(longer) - len(shorter):
        return False  # one character lost and another gained: AB123CD is not AB231CD
    if all(difference.slip for difference in differences):
        return len(differences) <= min(SLIPS, max(1, len(longer) // SHARE_OF_SLIPS))
    return len(differences) == 1 and differences[0].confidence < CLEAR


@dataclass(frozen=True, slots=True)
class _Difference:
    """Whether readers slip like this, and how sure the less sure reading was of it."""

    gap: bool
    slip: bool
    confidence: float


def _differences(known: Plate, found: Plate) -> list[_Difference]:
    one, two = known.characters, found.characters
    return [
        _Difference(True, True, 0.0)
        if i is None or j is None
        else _Difference(
            False, _alike(one[i].char, two[j].char), min(one[i].confidence, two[j].confidence)
        )
        for i, j in align(known.text, found.text)
        if i is None or j is None or one[i].char != two[j].char
    ]


def _alike(one: str, two: str) -> bool:
    return two in LETTERS_LIKE_DIGITS.get(one, "") or one in LETTERS_LIKE_DIGITS.get(two, "")
