"""Misreadings put into recorded looks: what a worse reader, or worse weather, would have read.

Each character is misread with a probability of its own: as one that looks like it, or lost, or
doubled. One character of some plates is hard for good (dirt, a screw, a bent edge): it is misread
half of the time, most often as the same other. Misread characters have doubtful confidences, most
of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from streamer.data import Look
from streamer.evaluation.recorded import Recording

LIKE: Mapping[str, str] = {
    "0": "ODQ8", "O": "0DQC", "D": "0OB", "Q": "0O", "1": "I7L", "I": "1LT", "L": "1I", "B": "83R",
    "8": "B36", "S": "59", "5": "S6", "Z": "27", "2": "Z7", "G": "6C", "6": "G8", "C": "GO",
    "M": "NH", "N": "MH", "V": "YU", "Y": "VT", "W": "VM", "U": "VJ", "K": "XH", "X": "KY",
    "H": "NM", "E": "FB", "F": "EP", "P": "FR", "R": "PB", "T": "7I", "7": "T1", "A": "4R",
    "4": "A", "3": "8B", "9": "5P", "J": "UI",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Noise:
    """Shares (0..1): of `misread` characters, of `lost` and of `doubled` ones, of plates with a
    character that is `hard`, and of misreadings that are `sure` of themselves."""

    misread: float
    lost: float = 0.005
    doubled: float = 0.005
    hard: float = 0.1
    sure: float = 0.2


def noisy(film: Recording, noise: Noise, seed: int) -> Recording:
    """The film with misreadings in all its looks; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    hard: dict[int, float] = {}
    items = []
    for item in film.items:
        for track in item.tracks:
            if track.id not in hard:
                place = float(rng.random())
                hard[track.id] = place if rng.random() < noise.hard else -1.0
        looks = tuple(_misread(rng, look, noise, hard[look.track_id]) for look in item.looks)
        items.append(replace(item, looks=looks))
    return replace(film, items=tuple(items))


def _misread(rng: np.random.Generator, look: Look, noise: Noise, hard: float) -> Look:
    known, text, confidences = look.reading.text, "", list[float]()
    for place, (char, sureness) in enumerate(zip(known, look.reading.confidences, strict=True)):
        is_hard = hard >= 0 and place == int(hard * len(known))
        read, sure = _char(rng, char, sureness, noise, is_hard)
        text += read
        confidences += sure
    if text == known:
        return look
    # What else it may have been is not known of a look that never was.
    reading = replace(
        look.reading,
        text=text,
        confidences=tuple(confidences),
        lines=(),
        hypotheses=(),
        confidence=float(np.prod(confidences)) if text else 0.0,
    )
    return replace(look, reading=reading)


def _char(
    rng: np.random.Generator, char: str, sureness: float, noise: Noise, is_hard: bool
) -> tuple[str, list[float]]:
    """What is read in place of one character, none or two of them, with their confidences."""
    dice = rng.random()
    if dice < noise.lost:
        return "", []
    if dice < noise.lost + noise.doubled:
        return 2 * char, [sureness, float(rng.uniform(0.3, 0.8))]
    if dice < noise.lost + noise.doubled + (0.5 if is_hard else noise.misread):
        others = LIKE.get(char, char)
        usual = rng.random() < (0.8 if is_hard else 0.5)
        low, high = (0.85, 1.0) if rng.random() < noise.sure else (0.3, 0.85)
        other = others[0] if usual else others[int(rng.integers(len(others)))]
        return other, [float(rng.uniform(low, high))]
    return char, [sureness]
