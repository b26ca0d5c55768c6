"""What a video file says of itself, before it is read."""

from dataclasses import dataclass
from pathlib import Path

import av

from streamer.errors import UserError

FORMATS = "MP4, MOV, MKV, WebM, AVI, MPEG-TS, MPEG-PS, FLV, WMV, OGG, H.264 and H.265"

ALLOWED = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg",
    "mpegvideo", "flv", "asf", "ogg", "h264", "hevc", "m4v", "ivf",
)  # fmt: skip
"""Containers that hold their video themselves. Lists of other files and addresses (HLS, concat)
are none of them: whoever sends such a list would have us open what it names."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """`duration_s` is what the container says, None where it says nothing; `size` is width and
    height in pixels."""

    duration_s: float | None
    size: tuple[int, int]


def video_facts(path: str | Path) -> VideoFacts:
    """What the container says. Raises UserError, without the path, for what is no video."""
    options = {"format_whitelist": ",".join(ALLOWED)}
    try:
        with av.open(str(path), options=options) as container:
            if not container.streams.video:
                kinds = ", ".join(sorted({stream.type for stream in container.streams}))
                raise UserError(f"no video in it, only {kinds or 'nothing'}")
            stream = container.streams.video[0]
            ticks = container.duration or 0
            duration_s = ticks / av.time_base if ticks > 0 else None
            size = (stream.codec_context.width, stream.codec_context.height)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UserError(f"no video that can be read; known are {FORMATS}") from error
    if not all(size):
        raise UserError("no video that can be read: its pictures have no size")
    return VideoFacts(duration_s, size)
