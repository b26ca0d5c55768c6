"""Entries of a watchlist, arranged so that a plate finds its own among a hundred thousand."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from streamer.enrich.entry import Entry
from streamer.near import folded, neighbourhood, reach_of, tenths
from streamer.plates import is_pattern

LEAST = 0.1
"""What is not equal is at least so far away."""


class Index:
    """Finds the entries for a plate. Never changes: a list that does gets another index.

    `max_distance` (below 2) is how far near matches may be; 0 leaves them out.
    """

    def __init__(self, entries: Sequence[Entry] = (), max_distance: float = 0.0) -> None:
        self.entries = tuple(dict.fromkeys(entries))
        self._max_distance = max_distance
        self._exact: dict[str, list[Entry]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Entry]]] = {}
        for entry in self.entries:
            if is_pattern(entry.plate):
                head = re.split(r"[*?]", entry.plate, maxsplit=1)[0]
                self._patterns.setdefault(head, []).append((_compiled(entry.plate), entry))
            else:
                self._exact.setdefault(entry.plate, []).append(entry)
        self._plates = list(self._exact)
        self._folded: dict[str, list[str]] = {}
        self._keys = np.empty(0, np.uint64)
        self._places = np.empty(0, np.int32)
        self._arrange()

    def __len__(self) -> int:
        return len(self.entries)

    def exact(self, plate: str) -> Sequence[Entry]:
        """Entries with this very plate."""
        return self._exact.get(plate, ())

    def wildcard(self, plate: str) -> list[Entry]:
        """Entries with a pattern that matches the whole plate."""
        heads = (plate[:n] for n in range(len(plate) + 1))
        return [
            entry
            for head in heads
            for pattern, entry in self._patterns.get(head, ())
            if pattern.fullmatch(plate)
        ]

    def near(self, plate: str, likely: Mapping[str, float] | None = None) -> dict[str, float]:
        """Plates of entries within reach, with their distance.

        `likely` are other readings of the plate and how much less probable (0..1) they are than
        it: an entry with such a text is as near as the reader says.
        """
        if not self._max_distance:
            return {}
        reach = reach_of(plate, self._max_distance)
        found = {other: tenths(plate, other) / 10 for other in self._around(plate, reach)}
        for other, ratio in (likely or {}).items():
            if other in self._exact and ratio > 0:
                said = max(LEAST, -math.log10(ratio) / 3)
                found[other] = min(said, found.get(other, said))
        found.pop(plate, None)
        return {other: far for other, far in found.items() if far <= reach}

    def _around(self, plate: str, reach: float) -> Iterator[str]:
        if reach < 1:
            yield from self._folded.get(folded(plate), ())
            return
        # Hashes may collide: the distance decides.
        wanted = neighbourhood([plate])[0]
        first = np.searchsorted(self._keys, wanted, "left")
        last = np.searchsorted(self._keys, wanted, "right")
        places = {
            int(place)
            for begin, end in zip(first, last, strict=True)
            for place in self._places[begin:end]
        }
        yield from (self._plates[place] for place in places)

    def _arrange(self) -> None:
        if not self._max_distance:
            return
        for plate in self._plates:
            self._folded.setdefault(folded(plate), []).append(plate)
        if self._max_distance >= 1 and self._plates:
            # Two arrays take a tenth of the memory of a dict with a text per key.
            self._plates.sort(key=len)
            groups = [list(some) for _, some in groupby(self._plates, len)]
            keys = [neighbourhood(some) for some in groups]
            places = np.repeat(
                np.arange(len(self._plates), dtype=np.int32),
                [len(plate) + 1 for plate in self._plates],
            )
            self._keys = np.concatenate([some.ravel() for some in keys])
            order = np.argsort(self._keys, kind="stable")
            self._keys, self._places = self._keys[order], places[order]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("*", "[A-Z0-9]*").replace("?", "[A-Z0-9]"))
