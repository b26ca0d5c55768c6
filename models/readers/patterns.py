"""Formats of plates as patterns, and the texts that a pattern makes.

A pattern is a regular expression for a whole plate, of a kind that makes only texts of limited
length: signs (`AB1`), classes (`[A-Z]`, `[^IOQ]`), `\\d` and `.`, groups and alternatives
(`(KL|M)`), and the counts `?`, `{2}` and `{1,3}`. It is read as a recipe for texts, not as a
test: each count of a `{n,m}` is as probable as another, each alternative weighs as much as
it has ways, each sign of a class is as probable as another. So a pattern gives every text a
probability, and they sum to 1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from models.base import ModelError
from models.readers.decode import SIGNS

LONGEST = 14
"""No plate has more characters."""

MOST_SHAPES = 2000
"""Ways to combine counts and alternatives; a pattern with more says next to nothing."""

_TOKEN = re.compile(r"\[(\^?)([A-Z0-9-]+)\]|(\\d)|\{(\d+)(?:,(\d+))?\}|(\(\?:|[()|?.])|([A-Z0-9])")


class FormatError(ModelError, ValueError):
    """A pattern or a country that cannot be used.

    `key` is the place below the section of the formats, such as ("patterns", 0); `fault` names
    the value and says what would be right.
    """

    def __init__(self, key: tuple[str | int, ...], fault: str) -> None:
        place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in key)
        super().__init__(f"formats{place}: {fault}")
        self.key = key
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Shape:
    """Texts of one length: a set of strings for each part, any of which may stand there.

    All strings of a part have the same length. `share` is the probability of the shape among
    those of its pattern; its texts are all as probable as each other.
    """

    parts: tuple[frozenset[str], ...]
    share: float

    @property
    def texts(self) -> int:
        """How many texts have this shape, one that can be made in two ways counted twice."""
        count = 1
        for part in self.parts:
            count *= len(part)
        return count


def shapes_of(pattern: str) -> list[Shape]:
    """The shapes of a pattern; their shares sum to 1.

    Raises `ValueError` that says what is wrong with the pattern and what would be right.
    """
    parser = _Parser(pattern.removeprefix("^").removesuffix("$"))
    found: dict[tuple[frozenset[str], ...], float] = {}
    for shape in parser.whole():
        found[shape.parts] = found.get(shape.parts, 0.0) + shape.share
    shapes = [Shape(parts, share) for parts, share in found.items()]
    lengths = [sum(len(next(iter(part))) for part in shape.parts) for shape in shapes]
    if min(lengths) == 0:
        raise ValueError("also fits a plate without characters; say what must be there")
    if max(lengths) > LONGEST:
        raise ValueError(f"makes {max(lengths)} characters; a plate has {LONGEST} at most")
    return shapes


class _Parser:
    """Reads a pattern from left to right, by the grammar in the text above."""

    def __init__(self, pattern: str) -> None:
        self._tokens: list[re.Match[str]] = []
        self._next = 0
        at = 0
        while at < len(pattern):
            token = _TOKEN.match(pattern, at)
            if token is None:
                raise ValueError(_unknown(pattern[at:]))
            self._tokens.append(token)
            at = token.end()

    def whole(self) -> list[Shape]:
        shapes = self._alternatives()
        if self._next < len(self._tokens):
            raise ValueError("has a ')' without its '('")
        return shapes

    def _alternatives(self) -> list[Shape]:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _merged(branches)

    def _sequence(self) -> list[Shape]:
        shapes = [Shape((), 1.0)]
        while self._next < len(self._tokens) and self._tokens[self._next][0] not in "|)":
            atom = self._atom()
            low, high = self._count()
            counted = [
                Shape(one.parts, one.share / (high - low + 1))
                for count in range(low, high + 1)
                for one in _repeated(atom, count)
            ]
            shapes = _followed(shapes, counted)
        return shapes

    def _atom(self) -> list[Shape]:
        token = self._tokens[self._next]
        self._next += 1
        if token[0] in ("(", "(?:"):
            shapes = self._alternatives()
            if not self._take(")"):
                raise ValueError("has a '(' without its ')'")
            return shapes
        if token[2]:
            return [_one_of(_members(token[2], negated=bool(token[1])))]
        if token[0] in (".", "\\d"):
            return [_one_of(SIGNS if token[0] == "." else SIGNS[:10])]
        if token[7] is None:
            raise ValueError(f"has {token[0]!r} with nothing before it to count")
        return [_one_of(token[7])]

    def _count(self) -> tuple[int, int]:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token is not None and token[0] == "?":
            self._next += 1
            return 0, 1
        if token is None or token[4] is None:
            return 1, 1
        self._next += 1
        low, high = int(token[4]), int(token[5] or token[4])
        if not low <= high <= LONGEST:
            raise ValueError(f"counts {token[0]}; say {{n,m}} with n <= m <= {LONGEST}")
        return low, high

    def _take(self, sign: str) -> bool:
        here = self._next < len(self._tokens) and self._tokens[self._next][0] == sign
        self._next += here
        return here


def _unknown(rest: str) -> str:
    if rest[0] in "*+" or rest.startswith("{,") or re.match(r"\{\d+,\}", rest):
        return f"has {rest[:4]!r}, which has no end; say how many at most: {{1,4}}"
    if rest[0].islower():
        return f"has {rest[0]!r}; a plate's letters are capitals"
    if rest[0] in "-. _·:":
        return f"has {rest[0]!r}; a plate's text has letters and digits only, leave it out"
    return f"has {rest[:6]!r}; known are signs, [A-Z], \\d, ., (A|B), ?, {{2}} and {{1,3}}"


def _members(text: str, *, negated: bool) -> str:
    """The signs of a class: `A-HJ` without its brackets."""
    members: set[str] = set()
    for first, last in re.findall(r"([A-Z0-9])(?:-([A-Z0-9]))?|-", text):
        low, high = SIGNS.find(first), SIGNS.find(last or first)
        if not first or low > high or (low < 10 <= high):
            raise ValueError(f"has the class [{text}]; say [A-Z], [0-9], [ABC]")
        members.update(SIGNS[low : high + 1])
    chosen = "".join(sign for sign in SIGNS if (sign in members) != negated)
    if not chosen:
        raise ValueError(f"has the class [^{text}], in which nothing is left")
    return chosen


def _one_of(signs: str) -> Shape:
    return Shape((frozenset(signs),), 1.0)


def _repeated(shapes: list[Shape], count: int) -> list[Shape]:
    repeated = [Shape((), 1.0)]
    for _ in range(count):
        repeated = _followed(repeated, shapes)
    return repeated


def _followed(first: list[Shape], then: list[Shape]) -> list[Shape]:
    if len(first) * len(then) > MOST_SHAPES:
        raise ValueError("has too many counts and alternatives; make it two patterns")
    return [Shape(a.parts + b.parts, a.share * b.share) for a, b in product(first, then)]


def _merged(branches: list[list[Shape]]) -> list[Shape]:
    """Alternatives. Plain words of one length (codes of districts) become one part."""
    words: dict[int, set[str]] = {}
    others: list[list[Shape]] = []
    for branch in branches:
        word = _word(branch)
        if word:
            words.setdefault(len(word), set()).add(word)
        else:
            others.append(branch)
    count = sum(map(len, words.values())) + len(others)
    shapes = [Shape((frozenset(same),), len(same) / count) for same in words.values()]
    return shapes + [Shape(s.parts, s.share / count) for branch in others for s in branch]


def _word(branch: list[Shape]) -> str:
    """The one text that a branch makes; "" if it makes several or none."""
    if len(branch) != 1 or any(len(part) != 1 for part in branch[0].parts):
        return ""
    return "".join(next(iter(part)) for part in branch[0].parts)


def skeletons(shape: Shape) -> Iterator[str]:
    """Which texts the shape has, letters written as A and digits as 0."""
    kinds = [sorted({skeleton(string) for string in part}) for part in shape.parts]
    return ("".join(way) for way in product(*kinds))


_SKELETON = str.maketrans(SIGNS, "0" * 10 + "A" * 26)


def skeleton(text: str) -> str:
    """A text with each letter as A and each digit as 0."""
    return text.translate(_SKELETON)
