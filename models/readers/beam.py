"""The most probable texts of a row, from the probabilities of its frames.

A recogniser trained with CTC gives each frame a probability for the blank and for every sign; a
text is reached by many paths through the frames. The best path (`decode.decode`) shows one
text and not how probable it is. The search here sums over the paths and keeps the runners-up,
on which knowledge of plates then decides.

Sources: Graves, "Supervised Sequence Labelling with Recurrent Neural Networks", 2012, section
7.5.3 (prefix search); Hannun, Maas, Jurafsky and Ng, "First-Pass Large Vocabulary Continuous
Speech Recognition using Bi-Directional Recurrent DNNs", 2014, algorithm 1 (without their
language model, which comes later and is no matter of looking).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from models.base import Hypothesis
from models.readers.decode import SIGNS, Line, Probabilities, decode

BEST = 5
"""Texts that are handed on."""

WIDTH = 10
"""Beginnings of texts that are followed at once."""

LEAST = 1e-3
"""A sign less probable than this in a frame is not looked at there."""

MOST_SIGNS = 8
"""Signs looked at in one frame: what is still more diffuse shows no plate."""

HOPELESS = 1e-4
"""A beginning so many times less probable than the best one is not followed further."""

_Peaks = tuple["_Peaks", float] | None
"""The largest probability of each character on the way here, the last one outermost."""

_Beam = tuple[float, float, float, _Peaks]
"""Of a beginning: the probability of its paths that end in a blank, of those that end in its
last sign, of the likeliest way to it, and what the peaks were on that way."""

_Frame = tuple[float, list[tuple[str, float]]]
"""The probability of no sign, and of each sign that is worth a look."""


def beam_search(
    grouped: Probabilities, best: int = BEST, width: int = WIDTH
) -> tuple[Hypothesis, ...]:
    """The `best` most probable texts of one row, the most probable first.

    `grouped` is (frames, 37): the blank and the 36 `SIGNS`; or (frames, 38) with the rest last,
    as `Alphabet.group` gives it. The rest (dots, dashes, other scripts) parts characters and is
    none, so it counts as blank. The probability of a text is the sum over its paths, less what
    pruning leaves out; the empty text, nothing there, is one like any other. A character's
    confidence is its largest probability over the frames it spans on the likeliest way to the
    text, as in `decode`. Equal texts come in alphabetical order: the result is deterministic.
    """
    beams: dict[str, _Beam] = {"": (1.0, 0.0, 1.0, None)}
    for frame in _frames(grouped):
        beams = _kept(_step(beams, *frame), width)
    ranked = sorted(((b + s, text) for text, (b, s, _, _) in beams.items()), key=_best_first)
    return tuple(
        Hypothesis(text, min(probability, 1.0), _unrolled(beams[text][3]))
        for probability, text in ranked[:best]
    )


def decode_row(grouped: Probabilities, used: float = 1.0) -> Line:
    """The line of `decode`, (frames, 38) as for that, with its hypotheses."""
    return replace(decode(grouped, used), hypotheses=beam_search(grouped))


def join_rows(rows: Sequence[Sequence[Hypothesis]], best: int = BEST) -> tuple[Hypothesis, ...]:
    """The `best` most probable texts of a plate from those of its rows, top row first.

    Rows are independent: the probabilities multiply. Different splits of one text are summed,
    with the confidences of the likeliest. Without rows there is nothing to say.
    """
    if not rows:
        return ()
    joined = [
        Hypothesis(
            "".join(one.text for one in way),
            math.prod(one.probability for one in way),
            tuple(each for one in way for each in one.confidences),
        )
        for way in product(*rows)
    ]
    return merged(joined)[:best]


def merged(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Each text once, the most probable first, with the confidences of its likeliest way."""
    found: dict[str, Hypothesis] = {}
    for one in sorted(hypotheses, key=lambda one: -one.probability):
        known = found.get(one.text)
        total = one.probability + (known.probability if known else 0.0)
        found[one.text] = replace(known or one, probability=total)
    return tuple(sorted(found.values(), key=lambda one: (-one.probability, one.text)))


def _best_first(weighed: tuple[float, str]) -> tuple[float, str]:
    return -weighed[0], weighed[1]


def _frames(grouped: Probabilities) -> Iterator[_Frame]:
    """Frame by frame what is worth a look; a run of frames without any sign comes as one."""
    blanks = grouped[:, 0] if grouped.shape[1] <= len(SIGNS) + 1 else grouped[:, 0] + grouped[:, -1]
    signs = grouped[:, 1 : len(SIGNS) + 1]
    rows, places = (signs > LEAST).nonzero()
    seen: dict[int, list[tuple[str, float]]] = {}
    for row, place, share in zip(
        rows.tolist(), places.tolist(), signs[rows, places].tolist(), strict=True
    ):
        seen.setdefault(row, []).append((SIGNS[place], share))
    run: float | None = None
    for row, blank in enumerate(blanks.tolist()):
        found = seen.get(row)
        if found is None:
            run = blank if run is None else run * blank
            continue
        if run is not None:
            yield run, []
            run = None
        if len(found) > MOST_SIGNS:
            found = sorted(found, key=lambda one: -one[1])[:MOST_SIGNS]
        yield blank, found
    if run is not None:
        yield run, []


def _step(
    beams: dict[str, _Beam], blank: float, signs: list[tuple[str, float]]
) -> dict[str, _Beam]:
    """One frame on: every beginning stays as it is, or grows by one sign."""
    after: dict[str, _Beam] = {}
    for text, (ends_blank, ends_sign, way, peaks) in beams.items():
        total = ends_blank + ends_sign
        last, going_on, stays, same = text[-1:], 0.0, blank, peaks
        for sign, share in signs:
            grown = total * share
            if sign == last and peaks is not None:
                # The same sign goes on; only after a blank is it the next one.
                going_on, grown = ends_sign * share, ends_blank * share
                if going_on > total * blank:
                    stays, same = share, (peaks[0], max(peaks[1], share))
            if grown:
                grown_way = min(way * share, grown)
                _add(after, text + sign, 0.0, grown, grown_way, (peaks, share))
        _add(after, text, total * blank, going_on, way * stays, same)
    return after


def _add(
    beams: dict[str, _Beam], text: str, blank: float, sign: float, way: float, peaks: _Peaks
) -> None:
    known = beams.get(text)
    if known is None:
        beams[text] = (blank, sign, way, peaks)
    elif way > known[2]:
        beams[text] = (known[0] + blank, known[1] + sign, way, peaks)
    else:
        beams[text] = (known[0] + blank, known[1] + sign, known[2], known[3])


def _kept(beams: dict[str, _Beam], width: int) -> dict[str, _Beam]:
    sums = [(beam[0] + beam[1], text) for text, beam in beams.items()]
    least = max(sums)[0] * HOPELESS
    alive = [one for one in sums if one[0] >= least]
    if len(alive) > width:
        alive = sorted(alive, key=_best_first)[:width]
    return {text: beams[text] for _, text in alive}


def _unrolled(peaks: _Peaks) -> tuple[float, ...]:
    found: list[float] = []
    while peaks is not None:
        peaks, peak = peaks
        found.append(min(peak, 1.0))
    return tuple(reversed(found))
