"""From the softmax of a text recogniser to the characters of a plate.

The recognisers were trained on all sorts of text: thousands of characters, upper and lower case.
A plate has 36. All characters that a plate would show as the same sign are one group here, and
the probability of a group is the sum over its members, so that "o", "O" and "Ö" do not split
the evidence for an O among them.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.base import Hypothesis

Probabilities = NDArray[np.float32]
"""(..., classes): each row a softmax."""

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What a plate's text is made of."""

_TWINS = {
    "GREEK": "ALPHA A BETA B EPSILON E ZETA Z ETA H IOTA I KAPPA K MU M NU N OMICRON O RHO P"
    " TAU T UPSILON Y CHI X",
    "CYRILLIC": "A A VE B IE E KA K EM M EN H O O ER P ES C TE T U Y HA X",
}
"""Capitals that look like Latin ones. Greek and Russian plates use only these, to be read as
either; a recogniser that knows those scripts may take one for the other."""

_LATIN = re.compile(r"LATIN (?:CAPITAL|SMALL) LETTER (?:DOTLESS )?([A-Z])(?: WITH .+)?")
"""Unicode's name of a letter with or without what is drawn through, over or under it."""


_TWIN_SIGNS = {
    f"{script} CAPITAL LETTER {name}": sign
    for script, words in _TWINS.items()
    for name, sign in zip(words.split()[::2], words.split()[1::2], strict=True)
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of text: a probability (0..1) per character of `text`, and where each stands.

    `centres` are in the frame of the picture that was read, 0 its left and 1 its right edge.
    `hypotheses` are what else the row may say and how probable each text is, where that was
    asked; the best of them need not be `text`, which is the best path's.
    """

    text: str
    confidences: tuple[float, ...]
    centres: tuple[float, ...]
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def confidence(self) -> float:
        """The mean over the characters; 0 if there are none."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


class Alphabet:
    """The classes of a recogniser, folded to the signs of plates.

    Class 0 is the blank of CTC, class n the n-th of `characters`. Those that are no sign of a
    plate (dots, dashes, blanks, other scripts) are left out of the text; what probability they
    and the blank have at a character is missing from its confidence.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        signs = [fold(character) for character in characters]
        members = [[n for n, one in enumerate(signs, start=1) if one == sign] for sign in SIGNS]
        self.classes = len(characters) + 1
        self._members = np.array([n for same in members for n in same], np.intp)
        present = [(index, len(same)) for index, same in enumerate(members) if same]
        self._present = np.array([index for index, _ in present], np.intp)
        self._starts = np.cumsum([0, *(count for _, count in present)])[:-1]

    def group(self, probabilities: Probabilities) -> Probabilities:
        """(..., classes) to (..., 38): the blank, the 36 signs, and all the rest in one."""
        if probabilities.shape[-1] != self.classes:
            raise ValueError(f"{probabilities.shape[-1]} classes, the alphabet has {self.classes}")
        blank = probabilities[..., :1]
        # No matrix product, simple as that were: BLAS would wake its threads for it, and they
        # wait by spinning, which took the second core of a camera's box.
        sums = np.add.reduceat(probabilities[..., self._members], self._starts, axis=-1)
        signs = np.zeros((*probabilities.shape[:-1], len(SIGNS)), np.float32)
        signs[..., self._present] = sums
        rest = 1.0 - blank - signs.sum(-1, keepdims=True)
        return np.concatenate([blank, signs, rest.clip(0.0)], axis=-1, dtype=np.float32)


def fold(character: str) -> str:
    """The sign that a plate shows for a character: `é` and `Ø` are E and O; "" if none."""
    if len(character) != 1:
        return ""
    if unicodedata.decomposition(character).startswith("<wide>"):
        character = unicodedata.normalize("NFKC", character)
    name = unicodedata.name(character, "")
    letter = _LATIN.fullmatch(name)
    sign = letter[1] if letter else _TWIN_SIGNS.get(name, character)
    return sign if sign in SIGNS else ""


def decode(grouped: Probabilities, used: float = 1.0) -> Line:
    """The most probable label of every frame, repeats collapsed, blanks dropped (greedy CTC).

    `grouped` is (frames, 38) as `Alphabet.group` gives it; `used` the share of the frames that
    the picture fills, the rest being padding. A character's confidence is the largest
    probability of its group over the frames it spans, and it stands at that frame.
    (Graves et al. 2006, "Connectionist Temporal Classification", best path decoding.)
    """
    best = grouped.argmax(-1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    text, confidences, centres = "", [], []
    for start, end in pairwise([*starts, len(best)]):
        label = int(best[start])
        if not 1 <= label <= len(SIGNS):
            continue
        peak = int(start + grouped[start:end, label].argmax())
        text += SIGNS[label - 1]
        # Sums of float32 may pass 1 by a rounding.
        confidences.append(min(float(grouped[peak, label]), 1.0))
        centres.append(min((peak + 0.5) / len(best) / used, 1.0))
    return Line(text, tuple(confidences), tuple(centres))
