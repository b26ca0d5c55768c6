"""How probable a text is as a plate, before anybody has looked: the formats of countries.

The table `models/formats.csv` has one format a line: the country (ISO 3166 alpha-2), for
federations the state, about how many million vehicles carry the format (only the order of
magnitude matters), and its pattern as `patterns.py` reads it. Countries whose plates cannot be
read without signs other than A-Z and 0-9 are left out or have the part in Latin signs.

The formats and a last resort for everything else (wishes, diplomats, armies, countries that
are not in the table) make up a generative model:

    P(text) = sum over formats f of w(f) P(text | f)  +  UNKNOWN P(length) 36^-length

That is a prior, never a filter: no text has probability 0.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from models.readers.decode import SIGNS
from models.readers.patterns import FormatError, Shape, shapes_of, skeleton, skeletons

UNKNOWN = 0.03
"""The share of plates that follow no format of the table."""

FOREIGN = 0.03
"""With allowed countries, the share of vehicles from all others."""

OWN = 0.5
"""The share of vehicles whose plates follow the patterns a user gave."""

LENGTHS = (0.002, 0.002, 0.005, 0.01, 0.05, 0.12, 0.28, 0.34, 0.12, 0.04, 0.02, 0.007, 0.002)
"""How many characters a plate of no known format has, from 0 on; longer ones share the rest."""

CHOICES = 16.0
"""Among how many signs a character of a plate is one, as a network that has read many plates
sees it: it is a letter or a digit, about half the time each, so the mean of 26 and 10."""

REMEMBERED = 4096
"""Texts whose probability is kept: those of the plates in view come again and again."""


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """A shape, and for each country that has it the probability of any one of its texts times
    the weight of its format in the table."""

    parts: tuple[frozenset[str], ...]
    by_country: tuple[tuple[str, float], ...]

    def makes(self, text: str) -> bool:
        """Whether the text, of the right length, has this shape."""
        at = 0
        for part in self.parts:
            end = at + len(next(iter(part)))
            if text[at:end] not in part:
                return False
            at = end
        return True


_Index = dict[str, list[_Likelihood]]
"""By skeleton of the text, so that a look-up tries few shapes."""


class Formats:
    """The prior over the texts of plates.

    `countries` are those that vehicles come from (ISO 3166 alpha-2), None for all: the others
    keep `FOREIGN` of the weight, for a visitor is to be read as well. `patterns` are the user's
    own formats, as `patterns.py` reads them, which get `OWN` of the weight.

    Raises `FormatError` that names the key, the value and what would be right.
    """

    def __init__(
        self, countries: Sequence[str] | None = None, patterns: Sequence[str] = ()
    ) -> None:
        own = [(n, pattern, _checked(n, pattern)) for n, pattern in enumerate(patterns)]
        self._own = _indexed(("", 1 / len(own), shapes) for _, _, shapes in own)
        known = 1 - UNKNOWN - (OWN if own else 0)
        self._factors = {"": OWN, **_factors(countries, known)}
        self._sole = countries[0] if countries and len(countries) == 1 else None
        self._masses = lru_cache(maxsize=REMEMBERED)(self._weigh)

    def log_prior(self, text: str) -> float:
        """The natural logarithm of the probability that a plate has this text."""
        unknown = UNKNOWN * math.exp(_log_chance(len(text), len(SIGNS)))
        return math.log(math.fsum(self._masses(text).values()) + unknown)

    def log_gain(self, text: str) -> float:
        """How much more probable the text is than one of `CHOICES` by chance, as a logarithm.

        That chance is about the prior that a network brings along itself, so this is what its
        probabilities are to be multiplied by (as with the scaled likelihoods of Bourlard and
        Morgan, "Connectionist Speech Recognition", 1994). The prior alone would make every
        further character cost, though the network has seen it. On 2,300 crops read by PP-OCR
        the mean 16 put right 31 texts more than it spoilt, 36 put right 15.
        """
        return self.log_prior(text) - _log_chance(len(text), CHOICES)

    def fits(self, text: str) -> bool:
        """Whether the text follows some format, of the table or the user's."""
        return bool(self._masses(text))

    def country(self, text: str) -> str | None:
        """The country (ISO 3166 alpha-2) that the text most probably is from; None if none fits.

        Many formats are those of several countries: the one from which more vehicles with this
        very text are to be expected is given. What rather follows a pattern of the user's is from
        the country that was allowed, if it was one.
        """
        masses = self._masses(text)
        best = max(masses, key=lambda name: (masses[name], name), default="")
        if best == "" and self._sole:
            return self._sole if masses else None
        named = [name for name in masses if name]
        return max(named, key=lambda name: (masses[name], name), default=None)

    def _weigh(self, text: str) -> dict[str, float]:
        """By country the probability that a vehicle is from there and has this text; "" for the
        user's own patterns."""
        masses: dict[str, float] = {}
        key = skeleton(text)
        for one in (*_table().get(key, ()), *self._own.get(key, ())):
            if one.makes(text):
                for country, density in one.by_country:
                    mass = density * self._factors[country]
                    masses[country] = masses.get(country, 0.0) + mass
        return masses


def known_countries() -> list[str]:
    """The countries of the table, ISO 3166 alpha-2, in alphabetical order."""
    return sorted(_weights())


def _factors(countries: Sequence[str] | None, known: float) -> dict[str, float]:
    """By country, what its weights in the table are multiplied by."""
    weights = _weights()
    if countries is None:
        return dict.fromkeys(weights, known / sum(weights.values()))
    if not countries:
        raise FormatError(("countries",), "[] allows nothing; null allows all countries")
    for n, country in enumerate(countries):
        if country not in weights:
            hint = _MEANT.get(country.upper(), "")
            right = f"is it {hint}?" if hint else f"known: {', '.join(sorted(weights))}"
            raise FormatError(("countries", n), f"no formats of {country!r}; {right}")
    home = sum(weights[country] for country in set(countries))
    abroad = sum(weights.values()) - home
    return {
        country: known * ((1 - FOREIGN) / home if country in countries else FOREIGN / abroad)
        for country in weights
    }


_MEANT = {"UK": "GB", "EL": "GR", "ENG": "GB", "USA": "US", "D": "DE", "F": "FR", "GER": "DE"}


def _checked(n: int, pattern: str) -> list[Shape]:
    try:
        return shapes_of(pattern)
    except ValueError as error:
        raise FormatError(("patterns", n), f"{pattern!r} {error}") from None


@cache
def _rows() -> tuple[tuple[str, float, str], ...]:
    """Country, weight and pattern of each format of the shipped table."""
    with (files("models") / "formats.csv").open(encoding="ascii") as file:
        return tuple(
            (row["country"], float(row["weight"]), row["pattern"]) for row in csv.DictReader(file)
        )


@cache
def _weights() -> dict[str, float]:
    weights: dict[str, float] = {}
    for country, weight, _ in _rows():
        weights[country] = weights.get(country, 0.0) + weight
    return weights


@cache
def _table() -> _Index:
    return _indexed((country, weight, shapes_of(pattern)) for country, weight, pattern in _rows())


def _indexed(formats: Iterator[tuple[str, float, list[Shape]]]) -> _Index:
    """The shapes of all formats, each once with all the countries that have it."""
    merged: dict[Shape, dict[str, float]] = {}
    for country, weight, shapes in formats:
        for shape in shapes:
            by_country = merged.setdefault(Shape(shape.parts, 1.0), {})
            density = weight * shape.share / shape.texts
            by_country[country] = by_country.get(country, 0.0) + density
    index: _Index = {}
    for shape, by_country in merged.items():
        likelihood = _Likelihood(shape.parts, tuple(by_country.items()))
        for key in set(skeletons(shape)):
            index.setdefault(key, []).append(likelihood)
    return index


def _log_chance(length: int, choices: float) -> float:
    """The logarithm of the probability of one text by chance, and of its length."""
    if length < len(LENGTHS):
        share = LENGTHS[length]
    else:
        share = (1 - sum(LENGTHS)) * 0.5 ** (length - len(LENGTHS) + 1)
    return math.log(share) - length * math.log(choices)
