"""All figures of a reader, from what it read on plates whose text is known."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from math import inf

from models.base import Reading
from models.edits import align
from models.training.reader_scores import (
    Look,
    Reliability,
    Score,
    confidence_of,
    coverage_of,
    is_accepted,
    reliability_of,
    score_of,
)

ALL_SOURCES = "all"

HEIGHTS = ((0, 16), (16, 24), (24, 48), (48, 96), (96, inf))
"""Bands of the plate's height in pixels of the picture, without the second."""

NEAR = 3
"""What differs in more places is not aligned with the truth by anything but chance."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """So often `read` stood where `truth` is; either is empty for a character added or left out."""

    truth: str
    read: str
    count: int

    def __str__(self) -> str:
        return f"{self.truth or '∅'}→{self.read or '∅'} x{self.count}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Pictures of one kind that show no whole plate, and how many of them were believed."""

    kind: str
    pictures: int
    accepted: int
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderEvaluation:
    """Scores by source (the last over all), by height, by shape, by rows; see the field's types.

    `wrong` counts misread plates, `one_off` those of them with one character wrong, `empty`
    those where nothing was read; `not_found` plates that a detector missed. `reasons` counts
    the doubts of all readings. `coverage` has pairs (share, accuracy of that share of the
    readings, the surest first). `cost_ms` is processor time per crop, one crop at a time.
    `calibrated` is False where the reader gives no confidence in the whole plate: it is then
    the product of those in its characters.
    """

    reader: str
    scores: tuple[Score, ...]
    heights: tuple[Score, ...] = ()
    shapes: tuple[Score, ...] = ()
    rows: tuple[Score, ...] = ()
    wrong: int = 0
    one_off: int = 0
    empty: int = 0
    not_found: int = 0
    confusions: tuple[Confusion, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    reliability: tuple[Reliability, ...] = ()
    coverage: tuple[tuple[float, float], ...] = ()
    refusals: tuple[Refusal, ...] = ()
    min_confidence: float = 0.0
    calibrated: bool = False
    informed: bool = False
    cost_ms: float | None = None

    @property
    def overall(self) -> Score:
        """Over all sources."""
        return self.scores[-1]

    @property
    def least(self) -> float:
        """What `is_accepted` is to ask for: an informed reader has said it as a reason."""
        return 0.0 if self.informed else self.min_confidence

    @property
    def accepted_non_plates(self) -> float | None:
        """The share of all pictures without a whole plate that were believed."""
        pictures = sum(one.pictures for one in self.refusals)
        return sum(one.accepted for one in self.refusals) / pictures if pictures else None

    def to_json(self) -> dict[str, object]:
        """All figures under the names they have here; with what a score derives."""
        figures = asdict(self)
        for name in ("scores", "heights", "shapes", "rows"):
            for written, score in zip(figures[name], getattr(self, name), strict=True):
                written["accuracy"] = score.accuracy
                written["legible_accuracy"] = score.legible_accuracy
                written["accepted_share"] = score.accepted_share
                written["accepted_accuracy"] = score.accepted_accuracy
        return figures | {"accepted_non_plates": self.accepted_non_plates}


def evaluation_of(
    reader: str,
    looks: Sequence[Look],
    refused: Iterable[tuple[str, Reading]] = (),
    least: float = 0.0,
) -> ReaderEvaluation:
    """All figures but cost. `refused` are readings of pictures without a whole plate, by kind;
    `least` is the confidence from which on they would be believed.
    """
    wrong = [one for one in looks if not one.right]
    reasons = Counter(one.reading.reason or "none" for one in looks if one.plate.crop is not None)
    calibrated = [one.reading.confidence is not None for one in looks if one.reading.text]
    return ReaderEvaluation(
        reader,
        scores=(*_scores(looks, lambda one: one.plate.source), score_of(ALL_SOURCES, looks)),
        heights=tuple(_by_height(looks)),
        shapes=tuple(_scores(looks, lambda one: one.plate.shape)),
        rows=tuple(_scores(looks, _rows_of)),
        wrong=len(wrong),
        one_off=sum(one.errors == 1 for one in wrong),
        empty=sum(not one.reading.text for one in wrong),
        not_found=sum(one.plate.crop is None for one in looks),
        confusions=confusions_of(wrong),
        reasons=dict(reasons.most_common()),
        reliability=reliability_of(looks),
        coverage=coverage_of(looks),
        refusals=tuple(_refusals(refused, least)),
        min_confidence=least,
        calibrated=bool(calibrated) and all(calibrated),
    )


def confusions_of(wrong: Iterable[Look]) -> tuple[Confusion, ...]:
    """What was taken for what in misread plates that differ in NEAR places at most; most first."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in wrong:
        truth, read = one.plate.truth, one.reading.text
        if not read or one.errors > NEAR:
            continue
        for a, b in align(truth, read):
            pair = ("" if a is None else truth[a], "" if b is None else read[b])
            if pair[0] != pair[1]:
                counts[pair] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confusion(*pair, count) for pair, count in ranked)


def _by_height(looks: Sequence[Look]) -> Iterator[Score]:
    for low, high in HEIGHTS:
        inside = [one for one in looks if low <= one.plate.height_px < high]
        name = f"<{high:g}" if low == 0 else f">={low:g}" if high == inf else f"{low:g}-{high:g}"
        if inside:
            yield score_of(f"{name} px", inside)


def _rows_of(look: Look) -> str:
    rows = look.plate.rows
    return "" if rows is None else "1 row" if rows == 1 else f"{rows} rows"


def _scores(looks: Sequence[Look], group: Callable[[Look], str]) -> Iterator[Score]:
    """By group in the order met, without the group ""."""
    groups: dict[str, list[Look]] = {}
    for one in looks:
        groups.setdefault(group(one), []).append(one)
    return (score_of(name, some) for name, some in groups.items() if name)


def _refusals(readings: Iterable[tuple[str, Reading]], least: float) -> Iterator[Refusal]:
    kinds: dict[str, list[Reading]] = {}
    for kind, reading in readings:
        kinds.setdefault(kind, []).append(reading)
    for kind, some in kinds.items():
        believed = [one for one in some if is_accepted(one, least)]
        believed.sort(key=lambda one: -confidence_of(one))
        texts = tuple(one.text for one in believed[:5])
        yield Refusal(kind, len(some), len(believed), texts)
