"""Where a vehicle went, from the first and the last boxes of its plate."""

from collections.abc import Sequence

import numpy as np

from models.base import Box
from streamer.data import Direction

SHORTEST_S = 1.0
"""A vehicle that has not visibly moved for this long stands; before, nothing can be said."""
LEAST_MOVE = 1.0
"""In plate widths: about half a metre."""
DEPTH_DOUBT = 0.1
"""Share of the distance that the jitter of a box's width can feign: 5 % at either end."""
SPREADS = 1.5
"""Far plates jitter more: a move counts from so many times the scatter at both its ends."""
PLAIN = 1.3
"""A width that changes by less may be jitter or a turn of the vehicle: cameras hang above plates,
so what comes nearer sinks in the picture, and what goes rises, or it did neither."""
AGAINST = 0.25
"""In plate widths: a sinking or rising that speaks against the width."""


def direction(
    first: Sequence[Box], last: Sequence[Box], frame_width: int, seconds: float
) -> Direction | None:
    """The larger of the moves towards the camera and across the picture; None if not told yet.

    `first` and `last` are a few boxes each, from the beginning and the end of `seconds`.

    By the pinhole model, in plate widths: a plate w px wide is f / w away and (x - centre) / w
    to the side. The focal length f is not known; the width of the picture, which is right for
    a lens of 53°, is near enough to compare the two moves.
    """
    before, now = _places(first, frame_width), _places(last, frame_width)
    nearer, to_right = (before.mean(axis=0) - now.mean(axis=0)) * (1, -1)
    depth_doubt, side_doubt = SPREADS * (before.std(axis=0) + now.std(axis=0))
    far = DEPTH_DOUBT * min(before[:, 0].mean(), now[:, 0].mean())
    in_depth, aside = abs(nearer), abs(to_right)
    least = max(LEAST_MOVE, far)
    if in_depth >= max(least, depth_doubt) and in_depth >= aside:
        if _is_contradicted(first, last, approaching=nearer > 0):
            return None
        return "approaching" if nearer > 0 else "receding"
    if aside >= max(LEAST_MOVE, side_doubt) and aside >= in_depth:
        return "right" if to_right > 0 else "left"
    still = in_depth < least and aside < LEAST_MOVE
    return "stationary" if still and seconds >= SHORTEST_S else None


def _is_contradicted(first: Sequence[Box], last: Sequence[Box], *, approaching: bool) -> bool:
    """Whether the plate barely grew or shrank, and moved up or down as if it had done the other."""
    before, now = np.mean(first, axis=0), np.mean(last, axis=0)
    widths = max(before[2] - before[0], 1.0), max(now[2] - now[0], 1.0)
    if max(widths) >= PLAIN * min(widths):
        return False
    sunk = (now[1] + now[3] - before[1] - before[3]) / sum(widths)
    return bool(sunk <= -AGAINST if approaching else sunk >= AGAINST)


def _places(
    boxes: Sequence[Box], frame_width: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """(N, 2): distance from the camera and offset to the right, in plate widths."""
    edges = np.asarray(boxes, np.float64)
    width = np.maximum(edges[:, 2] - edges[:, 0], 1.0)
    aside = (edges[:, 0] + edges[:, 2] - frame_width) / 2
    return np.column_stack([frame_width / width, aside / width])
