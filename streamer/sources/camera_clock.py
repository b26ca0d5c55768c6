"""How far a camera's clock is off, as its RTCP sender reports tell."""

import sys
import time
from collections.abc import Callable
from typing import Any

EVERY_S = 1.0


class CameraClock:
    """Compares the time at which a camera says it took a picture with ours as it arrives.

    ffmpeg turns the NTP time of RTCP sender reports (RFC 3550, section 6.4.1) into a
    "producer reference time" of each packet: the first eight bytes are microseconds since
    1970. `tell` is called with (camera's clock - ours) in seconds, at most once a second. What
    the camera and the network take is in it, as a small negative share.
    """

    def __init__(
        self,
        tell: Callable[[float], None],
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._now = now
        self._next_s = float("-inf")

    def look(self, packet: Any) -> None:
        """Take note of a PyAV packet that has just arrived."""
        clock_s = self._monotonic()
        if clock_s < self._next_s:
            return
        self._next_s = clock_s + EVERY_S
        # PyAV before 16 hands out no side data
        if getattr(packet, "has_sidedata", None) and packet.has_sidedata("prft"):
            producer = bytes(packet.get_sidedata("prft"))
            taken_at = int.from_bytes(producer[:8], sys.byteorder, signed=True) / 1_000_000
            self._tell(taken_at - self._now())
