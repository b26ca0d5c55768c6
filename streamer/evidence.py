"""What looks at a plate say together, by character: evidence is aligned and summed.

The readings are aligned to the one that is nearest to all others, so that characters at the
same place of the plate stand in one column, with a gap where a reading has none. Each column
then sums the evidence, as logarithms of likelihoods.

A look gives each column a distribution: what it read has the confidence c that it was read with;
what its other hypotheses have there shares the rest by their probabilities; and what nobody
named, one of `LOOK_ALIKES` others each, has what is left. That the wrong alternatives are few is
what keeps two agreeing misreadings from counting as certainty: a reader errs in the same way
again.

Looks at the same plate are not independent either. With weights w (0..1, how much each look is
worth) they count as (sum of w)^`INDEPENDENCE` independent ones. Looks at which nothing was
legible lower the sum, by the square root of their share.

The sum's probabilities are not calibrated, and know nothing of formats: see `streamer.voting`.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.base import Hypothesis, Reading
from models.edits import align, distance
from streamer.data import Candidate, Character, Plate

GAP = ""
CEILING = 0.995
"""No single look is surer of a character than this, whatever the reader says."""
FLOOR = 0.25
"""A character that was read is never evidence against itself (that begins at 1 / 5)."""
GAP_CEILING = 0.9
"""Readers drop and double characters more readily than they mistake them."""
LOOK_ALIKES = 4
INDEPENDENCE = 0.5
LEAST_WEIGHT = 0.01
CANDIDATES = 3
CONSIDERED = 32
"""Whole plates looked at to find the best and its rivals."""

HYPOTHESES = 4
"""Of each look; further ones are improbable."""
LEAST_SHARE = 0.02
"""Of the first hypothesis' probability; what is less probable is not told from noise."""

Weighted = tuple[Reading, float]
Cell = Mapping[str, float]
"""What one look says of one column: the probability of each symbol it named, GAP among them."""
Choice = tuple[str, float]
"""A symbol of a column and its probability."""


@dataclass(frozen=True, slots=True)
class _Column:
    """The probability of each symbol that somebody read here; what is missing to 1 is others'."""

    shares: Mapping[str, float]

    @property
    def best_first(self) -> list[Choice]:
        return sorted(self.shares.items(), key=lambda share: (-share[1], share[0]))


def sum_up(looks: Sequence[Weighted]) -> Plate:
    """The plate that readings, each with a weight (0..1), make the most probable together.

    A reading's `text` is what it saw, its `hypotheses` what else it may be.

    The order of the looks does not matter. Only characters that some look named can be elected.
    The text is empty, its confidence 0, where no look has text. Candidates are the next best
    whole plates; with the elected one their probabilities sum to 1 at most.
    """
    ballots = sorted(
        ((reading, min(max(weight, LEAST_WEIGHT), 1.0)) for reading, weight in looks),
        key=lambda ballot: (ballot[0].text, ballot[0].confidences, ballot[1]),
    )
    legible = [ballot for ballot in ballots if ballot[0].text]
    ranked = _ranked(_count(legible, ballots)) if legible else []
    if not ranked or not ranked[0].text:
        return Plate("", 0.0, (), (), len(looks), _agreement("", looks))
    first, *others = ranked
    return Plate(
        text=first.text,
        confidence=min(first.share, 1.0),
        characters=tuple(Character(char, share) for char, share in first.path if char != GAP),
        candidates=tuple(Candidate(one.text, one.share) for one in others if one.text)[:CANDIDATES],
        looks=len(looks),
        agreement=_agreement(first.text, looks),
    )


def _agreement(text: str, looks: Sequence[Weighted]) -> float:
    return sum(reading.text == text for reading, _ in looks) / len(looks) if looks else 0.0


def _count(legible: Sequence[Weighted], all_looks: Sequence[Weighted]) -> list[_Column]:
    weights = [weight for _, weight in legible]
    legible_share = sum(weights) / sum(weight for _, weight in all_looks)
    independent: float = (sum(weights) * math.sqrt(legible_share)) ** INDEPENDENCE
    powers = [weight / sum(weights) * independent for weight in weights]
    rows = _aligned(legible)
    return [_posterior(column, powers) for column in zip(*rows, strict=True)]


def _posterior(cells: Sequence[Cell], powers: Sequence[float]) -> _Column:
    symbols = sorted({symbol for cell in cells for symbol in cell})
    unread = max(1, LOOK_ALIKES - (len(symbols) - 1))
    unnamed = [_unnamed(cell) for cell in cells]
    evidence = {
        symbol: math.fsum(
            power * math.log(cell.get(symbol, rest))
            for cell, rest, power in zip(cells, unnamed, powers, strict=True)
        )
        for symbol in symbols
    }
    against = math.fsum(power * math.log(rest) for rest, power in zip(unnamed, powers, strict=True))
    top = max(evidence.values())
    likelihoods = {symbol: math.exp(value - top) for symbol, value in evidence.items()}
    total = sum(likelihoods.values()) + unread * math.exp(against - top)
    return _Column({symbol: value / total for symbol, value in likelihoods.items()})


def _unnamed(cell: Cell) -> float:
    """The probability of each symbol that a look did not name."""
    return max(1 - sum(cell.values()), 1 - CEILING) / LOOK_ALIKES


@dataclass(frozen=True, slots=True)
class _Ranked:
    text: str
    share: float
    path: tuple[Choice, ...]


def _ranked(columns: Sequence[_Column]) -> list[_Ranked]:
    """Whole plates, the most probable first; ways to the same text are added up."""
    found: dict[str, _Ranked] = {}
    for path in _best_paths([column.best_first for column in columns]):
        text = "".join(symbol for symbol, _ in path)
        share = math.prod(share for _, share in path)
        known = found.get(text)
        found[text] = _Ranked(
            text, share + (known.share if known else 0.0), known.path if known else path
        )
    return sorted(found.values(), key=lambda one: (-one.share, one.text))


def _best_paths(columns: Sequence[list[Choice]]) -> Iterator[tuple[Choice, ...]]:
    """Ways through the columns by falling probability, `CONSIDERED` at most."""

    def loss(choice: tuple[int, ...]) -> float:
        return -sum(
            math.log(max(column[n][1], 1e-300)) for column, n in zip(columns, choice, strict=True)
        )

    start = (0,) * len(columns)
    heap, seen = [(loss(start), start)], {start}
    for _ in range(CONSIDERED):
        if not heap:
            return
        _, choice = heapq.heappop(heap)
        yield tuple(column[n] for column, n in zip(columns, choice, strict=True))
        for place, n in enumerate(choice):
            following = (*choice[:place], n + 1, *choice[place + 1 :])
            if n + 1 < len(columns[place]) and following not in seen:
                seen.add(following)
                heapq.heappush(heap, (loss(following), following))


def _aligned(looks: Sequence[Weighted]) -> list[list[Cell]]:
    """One row per look, all of the same length, by alignment with the look in the middle."""
    middle = _medoid(looks)
    rows = [_slots(middle, reading) for reading, _ in looks]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _filled(row, widths, {GAP: _sureness_of_gap(reading)})
        for row, (reading, _) in zip(rows, looks, strict=True)
    ]


def _medoid(looks: Sequence[Weighted]) -> str:
    """The text with the least weighted distance to all; the first of equals by the alphabet."""
    weights: dict[str, float] = {}
    for reading, weight in looks:
        weights[reading.text] = weights.get(reading.text, 0.0) + weight

    def strangeness(text: str) -> tuple[float, str]:
        return sum(w * distance(text, other) for other, w in weights.items()), text

    return min(weights, key=strangeness)


def _slots(middle: str, reading: Reading) -> list[list[Cell]]:
    """The cells of one reading: before, at, between, … and after the characters of `middle`."""
    read = _placed(middle, reading.text)
    others = [(_placed(middle, one.text), one) for one in _others(reading)]
    unknown = max(1 - sum(one.probability for one in reading.hypotheses), 0.0)
    slots: list[list[Cell]] = [[] for _ in range(2 * len(middle) + 1)]
    for place in sorted({*read, *(place for where, _ in others for place in where)}):
        index = read.get(place)
        rivals: dict[str, float] = {}
        for where, one in others:
            symbol = one.text[where[place]] if place in where else GAP
            rivals[symbol] = rivals.get(symbol, 0.0) + one.probability
        slots[place[0]].append(_cell(reading, index, rivals, unknown))
    return slots


Place = tuple[int, int]
"""A slot, and which of the characters in it."""


def _placed(middle: str, text: str) -> dict[Place, int]:
    """Where the characters of `text` stand, by their index."""
    found: dict[Place, int] = {}
    passed = extra = 0
    for ours, theirs in align(middle, text):
        slot = 2 * passed if ours is None else 2 * ours + 1
        extra = extra + 1 if ours is None else 0
        passed += ours is not None
        if theirs is not None:
            found[slot, extra] = theirs
    return found


def _others(reading: Reading) -> list[Hypothesis]:
    """The hypotheses beside what was read that are worth a thought."""
    # That there may be nothing at all says nothing of single characters.
    others = [one for one in reading.hypotheses if one.text not in ("", reading.text)]
    likely = others[: HYPOTHESES - 1]
    first = max((one.probability for one in reading.hypotheses), default=0.0)
    return [one for one in likely if one.probability >= LEAST_SHARE * first]


def _cell(reading: Reading, index: int | None, rivals: dict[str, float], unknown: float) -> Cell:
    """What a look says of a place: of the character it read there (None: of the gap), and, for
    the rest, of its `rivals` by their probabilities. What nobody named is as probable here as
    it is of the whole (`unknown`)."""
    if index is None:
        symbol, sureness = GAP, _sureness_of_gap(reading)
    else:
        symbol = reading.text[index]
        sureness = min(max(reading.confidences[index], FLOOR), CEILING)
    rivals.pop(symbol, None)
    left = (1 - sureness) / max(sum(rivals.values()) + unknown, 1e-9)
    return {symbol: sureness, **{one: max(share * left, 1e-6) for one, share in rivals.items()}}


def _filled(row: list[list[Cell]], widths: Sequence[int], gap: Cell) -> list[Cell]:
    return [
        cell
        for slot, width in zip(row, widths, strict=True)
        for cell in slot + [gap] * (width - len(slot))
    ]


def _sureness_of_gap(reading: Reading) -> float:
    """A look is as sure of the number of its characters as of the characters."""
    mean = sum(reading.confidences) / len(reading.confidences)
    return min(max(mean, FLOOR), GAP_CEILING)
