"""What the vote tells the reading stage: these tracks need no more looks."""

import threading

OUT_OF_SIGHT_S = 0.3
"""A track that was not seen for so long (scene seconds) is looked at anew, though it is settled:
a tracker may hand it on from a vehicle that left to one that comes up in its place."""


class Settled:
    """Ids of the tracks whose plate is decided; written by one thread, read by another."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._lock = threading.Lock()

    def add(self, track_id: int) -> None:
        """This track is decided."""
        with self._lock:
            self._ids.add(track_id)

    def discard(self, track_id: int) -> None:
        """This track has ended."""
        with self._lock:
            self._ids.discard(track_id)

    def __contains__(self, track_id: int) -> bool:
        with self._lock:
            return track_id in self._ids

    def __len__(self) -> int:
        with self._lock:
            return len(self._ids)
