"""What looking cannot decide, the format can: 0 or O, 1 or I.

In many plate fonts these pairs are one and the same shape, so no reader can tell them apart; a
reader's confidence in one of them says little about the other. Where a plate fits no known
format and would fit one with such twins exchanged, the exchanged one is the more probable.

It is a prior, never a filter: only twins are exchanged, a plate that fits some format is left
alone, and the reading as it was stays among the candidates.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import combinations

from streamer.data import Candidate, Character, Plate

TWINS = {"0": "O", "O": "0", "1": "I", "I": "1"}
TWIN_SHARE = 0.3
"""How likely a twin is the other one, whatever the reader says."""
ODDS = 100.0
"""How much more often a plate follows some known format than it follows none. Set by hand."""
MOST_EXCHANGES = 3
LEAST_CHARACTERS = 6
"""Anything shorter, half a plate too, fits some format by chance."""
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Format:
    """One format of plates: the country (ISO 3166) and the whole text as a pattern."""

    country: str
    pattern: re.Pattern[str]


@cache
def known_formats() -> tuple[Format, ...]:
    """The shipped table, `formats.csv`."""
    with (files("streamer") / "formats.csv").open(encoding="ascii") as file:
        return tuple(
            Format(row["country"], re.compile(row["pattern"])) for row in csv.DictReader(file)
        )


def fits(text: str) -> bool:
    """True if the whole text follows some known format."""
    return any(known.pattern.fullmatch(text) for known in known_formats())


def fold_twins(text: str) -> str:
    """The text with each pair of twins written as its digit: equal for all that look equal."""
    return text.replace("O", "0").replace("I", "1")


def with_formats(plate: Plate) -> Plate:
    """The plate after the prior: itself, or the twin that fits a format.

    The probabilities of the twins share what was the plate's: by Bayes, with a likelihood of
    `TWIN_SHARE` per exchange and prior odds of `ODDS` for a text that fits.
    """
    if len(plate.text) < LEAST_CHARACTERS or fits(plate.text):
        return plate
    odds = {text: ODDS * TWIN_SHARE**count for text, count in _twins(plate.text) if fits(text)}
    if not odds:
        return plate
    total = 1.0 + sum(odds.values())
    best = max(odds, key=lambda text: (odds[text], text))
    share = odds[best] / total
    rivals = [Candidate(t, plate.confidence * o / total) for t, o in odds.items() if t != best]
    rivals += [Candidate(plate.text, plate.confidence / total), *plate.candidates]
    return replace(
        plate,
        text=best,
        confidence=plate.confidence * share,
        characters=tuple(
            one if one.char == char else Character(char, one.confidence * share)
            for one, char in zip(plate.characters, best, strict=True)
        ),
        candidates=_best_others(best, rivals),
    )


def _twins(text: str) -> Iterator[tuple[str, int]]:
    places = [place for place, char in enumerate(text) if char in TWINS]
    for count in range(1, MOST_EXCHANGES + 1):
        for chosen in combinations(places, count):
            yield "".join(TWINS[c] if i in chosen else c for i, c in enumerate(text)), count


def _best_others(best: str, rivals: list[Candidate]) -> tuple[Candidate, ...]:
    shares: dict[str, float] = {}
    for one in rivals:
        if one.plate != best:
            shares[one.plate] = shares.get(one.plate, 0.0) + one.confidence
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Candidate(plate, share) for plate, share in ranked[:CANDIDATES])
