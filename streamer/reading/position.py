"""How far the reading of a video is."""

from pathlib import Path

from streamer.data import Frame
from streamer.errors import UserError
from streamer.progress import Progress
from streamer.videos import video_facts


class Position:
    """Tells how far a video is, frame by frame."""

    def __init__(self, progress: Progress, name: str, duration_s: float | None) -> None:
        self._progress = progress
        self._name = name
        self._duration_s = duration_s
        self._begun_s: float | None = None

    def __call__(self, frame: Frame) -> None:
        """A frame came."""
        if self._begun_s is None:
            self._begun_s = frame.time_s
        at_s = frame.time_s - self._begun_s
        share = min(at_s / self._duration_s, 1.0) if self._duration_s else None
        of = f" of {self._duration_s:.0f}" if self._duration_s else ""
        self._progress.within(self._name, share, f"at {at_s:.0f}{of} s")


def duration_s(place: str) -> float | None:
    """Seconds that a video file says it lasts; None where it does not, and for what is no file."""
    try:
        return video_facts(place).duration_s if Path(place).is_file() else None
    except UserError:  # whoever reads it will say so
        return None
