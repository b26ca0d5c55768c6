"""What rtsp and file share: PyAV containers, their packets and their errors."""

from collections.abc import Callable, Iterator
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from models.base import Image
from streamer.errors import SourceError, StreamFailure

REASONS: tuple[tuple[type[Exception], StreamFailure, str], ...] = (
    (av.HTTPUnauthorizedError, "unauthorized", "user or password refused"),
    (av.HTTPForbiddenError, "unauthorized", "access forbidden to this user"),
    (av.HTTPNotFoundError, "not_found", "no such stream on this camera; check the path"),
    (av.FileNotFoundError, "not_found", "no such file"),
    (av.ConnectionRefusedError, "refused", "connection refused; check host and port"),
    (av.TimeoutError, "timeout", "no answer in time"),
    (av.ExitError, "timeout", "no answer in time"),
    (av.InvalidDataError, "corrupt", "no video that can be decoded"),
    (av.EOFError, "ended", "the stream ended"),
    (av.ConnectionResetError, "ended", "the connection was cut"),
    (av.BrokenPipeError, "ended", "the connection was cut"),
)


def source_error(url: str, error: Exception, *, permanent: bool = False) -> SourceError:
    """Our error for one of PyAV's. Its own text is left out: it holds the URL with the password."""
    for kind, reason, words in REASONS:
        if isinstance(error, kind):
            lasting = permanent or reason == "unauthorized"
            return SourceError(f"{url}: {words}", reason=reason, permanent=lasting)
    words = getattr(error, "strerror", None) or type(error).__name__
    return SourceError(f"{url}: {words}", reason="error", permanent=permanent)


def video_of(url: str, container: InputContainer, *, permanent: bool = False) -> VideoStream:
    """The first video stream. Raises SourceError if there is none."""
    if not container.streams.video:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise SourceError(
            f"{url}: no video in it, only {kinds}", reason="no_video", permanent=permanent
        )
    return container.streams.video[0]


def decoded(
    url: str, packets: Iterator[Any], on_corrupt: Callable[[], None], most_bad: int | None = None
) -> Iterator[VideoFrame]:
    """The good frames of these packets; the bad ones are counted and left out.

    Raises SourceError after `most_bad` bad ones in a row; None for no limit.
    """
    bad = 0
    for packet in packets:
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            frames = [None]
        for frame in frames:
            if frame is not None and not frame.is_corrupt:
                bad = 0
                yield frame
                continue
            on_corrupt()
            bad += 1
            if bad == most_bad:
                raise SourceError(f"{url}: {bad} corrupt packets in a row", reason="corrupt")


_TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}


def picture(frame: VideoFrame) -> Image:
    """(H, W, 3) uint8 BGR, turned as the recording says (phones film upright that way)."""
    image = frame.to_ndarray(format="bgr24")
    turn = _TURNS.get(round(frame.rotation) % 360)
    if turn is not None:
        image = cv2.rotate(image, turn)
    return np.asarray(image, dtype=np.uint8)
