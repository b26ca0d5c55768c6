"""How near one plate is to another, as readers misread: a weighted edit distance.

Costs are logarithms of how often it happens, 1 meaning about one in a thousand or rarer:
cost = -log10(share) / 3. Counted on 696 validation crops of six sources (`plate-streamer
evaluate reader --reader ensemble`): of 44 O six were read as 0, 14 %, hence 0.3; of 94 D three as
0 or O, of 138 H two as K, 1 to 3 %, hence 0.6, which the other pairs have for being mixed up
elsewhere (`streamer.likeness.LETTERS_LIKE_DIGITS`). All else costs 1, as does a character lost or
added.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streamer.formats import fold_twins
from streamer.likeness import LETTERS_LIKE_DIGITS

TWIN, ALIKE, OTHER = 3, 6, 10
"""In tenths, so that sums are exact."""
CONFUSED = (("O", "D"), ("O", "Q"), ("D", "Q"), ("H", "K"), ("M", "N"), ("V", "Y"))
"""Pairs of letters that look alike. Digits for digits are no such pairs, though 9 is read as 8
now and then: in a fleet, digits are all that tells its plates apart."""
SHORT = 5
"""Of fewer signs a plate says too little to be recognised with one of them wrong."""


def _pairs() -> dict[tuple[str, str], int]:
    like_digits = [(d, letter) for d, some in LETTERS_LIKE_DIGITS.items() for letter in some]
    costs = {}
    for one, other in (*CONFUSED, *like_digits):
        cost = TWIN if fold_twins(one) == fold_twins(other) else ALIKE
        costs[one, other] = costs[other, one] = cost
    return costs


COSTS = _pairs()


def _classes() -> dict[int, str]:
    """For `str.translate`: each sign to the least of those it can be reached from by `COSTS`."""
    least = {sign: sign for pair in COSTS for sign in pair}
    for _ in least:
        for one, other in COSTS:
            least[one] = min(least[one], least[other])
    return str.maketrans(least)


_FOLDS = _classes()
_BASE = 0x9E3779B97F4A7C15
"""Any odd number with many bits."""


def distance(one: str, other: str) -> float:
    """What the misreadings between two plates (A-Z, 0-9) cost; 0 if and only if they are equal.

    Levenshtein 1966, with the costs above; symmetric.
    """
    return tenths(one, other) / 10


@lru_cache(maxsize=4096)
def tenths(one: str, other: str) -> int:
    """`distance` in tenths."""
    row = [OTHER * n for n in range(len(other) + 1)]
    for i, sign in enumerate(one, start=1):
        above, row = row, [OTHER * i]
        for j, their in enumerate(other, start=1):
            change = 0 if sign == their else COSTS.get((sign, their), OTHER)
            row.append(min(above[j - 1] + change, above[j] + OTHER, row[j - 1] + OTHER))
    return row[-1]


def reach_of(plate: str, max_distance: float) -> float:
    """How far the entries may be that are still near this plate: less for short ones."""
    return min(max_distance, 0.9) if len(plate) < SHORT else max_distance


def folded(plate: str) -> str:
    """The same for all plates between which less than 1 lies, and for some others."""
    return plate.translate(_FOLDS)


def neighbourhood(plates: Sequence[str]) -> NDArray[np.uint64]:
    """(plates, signs + 1) keys of plates of one length; those at a distance below 2 share one.

    Between two such plates at most one change costs 1; the others stay within a class of
    `folded`. So what is left after taking out one sign, or none, is the same in both somewhere
    (the deletion neighbourhood of Bocek et al. 2007, "Fast Similarity Search"). Each key is a
    hash of what is left, so plates that are farther apart may share one too.
    """
    text = "".join(map(folded, plates)).encode("ascii")
    signs = np.frombuffer(text, np.uint8).astype(np.uint64).reshape(len(plates), -1)
    length = signs.shape[1]
    powers = np.cumprod(np.full(length, _BASE, np.uint64))
    left = [signs, *(np.delete(signs, n, axis=1) for n in range(length))]
    return np.stack([some @ powers[: some.shape[1]] for some in left], axis=1)
