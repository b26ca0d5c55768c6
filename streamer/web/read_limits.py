"""How much may be sent to be read, and how much of it is read at a time."""

from dataclasses import dataclass

MOST_READS = 32
"""So many requests may be sent, wait or be read at a time; the next is asked to come later."""

MOST_JOBS_WAITING = 4
"""Videos that wait while one is read. With `max_upload_mb` it says what they take on the disk."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """`max_upload_mb` (10^6 bytes) is for pictures and videos, `max_megapixels` (10^6 pixels) for
    pictures and for the frames of videos, `max_video_s` for the seconds of a video.

    `read_workers` pictures are read at the same time; each worker has models of its own, about
    115 MB. With `allow_urls` pictures and videos are fetched from addresses too.
    """

    max_upload_mb: float
    max_megapixels: float
    max_video_s: float
    read_workers: int
    allow_urls: bool

    @property
    def most_bytes(self) -> int:
        """Of one upload."""
        return round(self.max_upload_mb * 1e6)

    def too_many_pixels(self, size: tuple[int, int]) -> str | None:
        """What is wrong with a picture of this width and height, if it is too large."""
        width, height = size
        if width * height <= self.max_megapixels * 1e6:
            return None
        megapixels = width * height / 1e6
        return (
            f"{width} x {height} are {megapixels:,.1f} megapixels; "
            f"at most {self.max_megapixels:g} are read"
        )
