"""A picture of a training, with the plates that are in it."""

from dataclasses import dataclass
from pathlib import Path

from models.base import Box, Corners

RENDERED = "rendered"
"""The source of the pictures that were drawn."""

PLANTED = "planted"
"""The source of annotated pictures whose plates were covered by drawn ones."""

RENDERED_SIZE = (960, 540)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture with all its plates; where it is stored, and where its boxes came from.

    `corners` has those of each box where they are known, and is empty where they are not.
    """

    path: Path
    source: str
    split: str
    size: tuple[int, int]
    boxes: tuple[Box, ...]
    corners: tuple[Corners, ...] = ()
