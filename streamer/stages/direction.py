"""Where a vehicle went, from the first and the last box of its plate."""

from models.base import Box
from streamer.data import Direction

SHORTEST_S = 1.0
"""A vehicle that has not visibly moved for this long stands; before, nothing can be said."""
LEAST_MOVE = 1.0
"""In plate widths: about half a metre."""
DEPTH_DOUBT = 0.1
"""Share of the distance that the jitter of a box's width can feign: 5 % at either end."""


def direction(first: Box, last: Box, frame_width: int, seconds: float) -> Direction | None:
    """The larger of the moves towards the camera and across the picture; None if not told yet.

    By the pinhole model, in plate widths: a plate w px wide is f / w away and (x - centre) / w
    to the side. The focal length f is not known; the width of the picture, which is right for
    a lens of 53°, is near enough to compare the two moves.
    """
    distance, aside = _place(first, frame_width)
    distance_now, aside_now = _place(last, frame_width)
    nearer, to_right = distance - distance_now, aside_now - aside
    depth_seen = abs(nearer) >= max(LEAST_MOVE, DEPTH_DOUBT * min(distance, distance_now))
    if depth_seen and abs(nearer) >= abs(to_right):
        return "approaching" if nearer > 0 else "receding"
    if abs(to_right) >= LEAST_MOVE:
        return "right" if to_right > 0 else "left"
    return "stationary" if seconds >= SHORTEST_S else None


def _place(box: Box, frame_width: int) -> tuple[float, float]:
    """Distance from the camera and offset to the right, in plate widths."""
    width = max(box[2] - box[0], 1.0)
    return frame_width / width, ((box[0] + box[2]) / 2 - frame_width / 2) / width
