"""How one crop becomes a reading, whichever network recognises its rows."""

from collections.abc import Callable, Sequence

from models.base import Hypothesis, Image, Reading
from models.edits import align
from models.readers.beam import join_rows, merged
from models.readers.decode import Line
from models.readers.layout import ALIKE, find_rows
from models.readers.rows import Row, cut_row, whole

Recognise = Callable[[Sequence[Image]], list[Line]]
"""Lines of text from rows, (48, one of `WIDTHS`, 3) BGR each; order kept."""

UNSURE = 0.95
"""Below this mean confidence (about one crop in twelve) a second try is worth its time."""

ILLEGIBLE = 0.4
"""One of two rows that was read with less is a shadow, a screw or a bumper."""

LONGEST = 10
"""Two rows that make more characters than a plate has are no two rows of a plate."""


def read_plates(crops: Sequence[Image], recognise: Recognise) -> list[Reading]:
    """One reading per crop, in their order.

    The rows of characters are cut out and read; where that leaves doubt, the crop is read as
    it is too, and the reading with the higher mean confidence stands. Empty crops (0 px) and
    crops without legible characters give an empty reading.
    """
    found = [find_rows(crop) if crop.size else () for crop in crops]
    views = [
        [cut_row(crop, row) for row in rows] or [whole(crop)] if crop.size else []
        for crop, rows in zip(crops, found, strict=True)
    ]
    lines = iter(recognise([view for one in views for view in one]))
    readings = [
        _join(plate_lines(rows, [next(lines) for _ in one]))
        for rows, one in zip(found, views, strict=True)
    ]
    # Without rows it was the crop as it is that was read.
    doubtful = [n for n, rows in enumerate(found) if rows and _mean(readings[n]) < UNSURE]
    for n, line in zip(doubtful, recognise([whole(crops[n]) for n in doubtful]), strict=True):
        readings[n] = max(readings[n], _join([line]), key=_mean)
    return readings


def rows_given(crops: Sequence[Image], recognise: Recognise) -> list[Image]:
    """What `recognise` is given when `read_plates` reads with it, in that order: rows, and crops
    as they are where these leave doubt."""
    given: list[Image] = []

    def watched(rows: Sequence[Image]) -> list[Line]:
        given.extend(rows)
        return recognise(rows)

    read_plates(crops, watched)
    return given


def plate_lines(rows: Sequence[Row], lines: Sequence[Line]) -> list[Line]:
    """What of the lines read from a crop's rows is its plate's text, top row first."""
    if not rows:
        return list(lines)
    lines = [trim(line, row) for line, row in zip(lines, rows, strict=True)]
    if len(lines) == 1:
        return lines
    tall = max(row.height for row in rows) / ALIKE
    legible = [
        (line, row.height > tall)
        for line, row in zip(lines, rows, strict=True)
        if line.confidence >= ILLEGIBLE
    ]
    kept = [line for line, is_tall in legible if is_tall or _is_code(line.text)]
    if kept and sum(len(line.text) for line in kept) <= LONGEST:
        return kept
    tall_lines = [line for line, row in zip(lines, rows, strict=True) if row.height > tall]
    return [max(tall_lines, key=lambda line: line.confidence)]


def _is_code(text: str) -> bool:
    """Whether it may be the small upper row, such as KL49H: the names of states have no digits."""
    return len(text) <= 6 and text[:2].isalpha() and any(sign.isdigit() for sign in text)


def trim(line: Line, row: Row) -> Line:
    """Without a doubtful character at either end that stands outside the row.

    What is read there is the letter of a country, a seal or the edge of the plate: on training
    crops nine of ten such characters were not part of the plate.
    """
    left, right = row.left - 0.15 * row.height, row.right + 0.15 * row.height
    outside = [
        confidence < 0.8 and not left <= row.start + centre * (row.end - row.start) <= right
        for confidence, centre in zip(line.confidences, line.centres, strict=True)
    ]
    if not any(outside):
        return line
    start, end = int(outside[0]), len(outside) - int(outside[-1])
    shorter = [_without_ends(one, line.text, start, end) for one in line.hypotheses]
    return Line(
        line.text[start:end],
        line.confidences[start:end],
        line.centres[start:end],
        merged(shorter),
    )


def _without_ends(hypothesis: Hypothesis, text: str, start: int, end: int) -> Hypothesis:
    """The part of a hypothesis that belongs to `text[start:end]`, whatever it has there."""
    pairs = align(text, hypothesis.text)
    at = {ours: n for n, (ours, _) in enumerate(pairs) if ours is not None}
    first = at.get(start, len(pairs)) if start else 0
    last = at.get(end - 1, -1) + 1 if end < len(text) else len(pairs)
    places = [theirs for _, theirs in pairs[first:last] if theirs is not None]
    return Hypothesis(
        "".join(hypothesis.text[place] for place in places),
        hypothesis.probability,
        tuple(hypothesis.confidences[place] for place in places),
    )


def _join(lines: Sequence[Line]) -> Reading:
    lines = [line for line in lines if line.text] or lines
    confidences = tuple(one for line in lines for one in line.confidences)
    return Reading(
        "".join(line.text for line in lines),
        confidences,
        tuple(line.text for line in lines if line.text),
        join_rows([line.hypotheses for line in lines]),
    )


def _mean(reading: Reading) -> float:
    count = len(reading.confidences)
    return sum(reading.confidences) / count if count else 0.0
