"""Plates that readers may take for another, found among hundreds of thousands.

Two plates at a distance below 2 differ by one full edit at most, the rest stays within a class of
`folded` (`streamer.near.neighbourhood`). One edit leaves one half of a plate as it is: so what is
folded begins as the one, or ends as it does, and an index finds either.
"""

from sqlalchemy import ColumnElement, Connection, or_, select

from streamer.archive.tables import plates
from streamer.near import folded, reach_of, tenths

REACH = 1.0
"""One sign misread, lost or added: somebody looks at what is found."""
MOST = 100


def resembling(db: Connection, plate: str) -> dict[str, float]:
    """Those within reach, but for the plate itself, with their distance, the nearest first."""
    reach = reach_of(plate, REACH)
    some = select(plates.c.plate).where(_around(folded(plate), reach))
    apart = {other: tenths(plate, other) / 10 for (other,) in db.execute(some) if other != plate}
    near = sorted((far, other) for other, far in apart.items() if far <= reach)
    return {other: far for far, other in near[:MOST]}


def _around(looks: str, reach: float) -> ColumnElement[bool]:
    if reach < 1:
        return plates.c.folded == looks
    half = len(looks) // 2
    head, tail = looks[:half], looks[half:][::-1]
    return or_(_begins(plates.c.folded, head), _begins(plates.c.backwards, tail))


def _begins(column: ColumnElement[str], head: str) -> ColumnElement[bool]:
    # As a range, which an index serves in every database; no sign of a plate is beyond "Z".
    return (column >= head) & (column < head + "[")
