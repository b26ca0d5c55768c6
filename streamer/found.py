"""What is found in one picture."""

from dataclasses import dataclass

from models.base import Box, Reason
from streamer.data import Candidate, Character


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """One plate in one picture.

    `plate` is upper case, letters and digits only; `confidence` the probability (0..1) that
    all of it is right; `box` x1, y1, x2, y2 in pixels of the picture. `country` (ISO 3166
    alpha-2) is the one whose format fits best, None if none does; `reason` why the plate should
    not be believed (`too_small`, `blurred`, `partial`, `no_format`, `low_confidence`), None if
    it may be.
    """

    plate: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    box: Box
    country: str | None = None
    reason: Reason | None = None
