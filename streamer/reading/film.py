"""A video of what was seen in a video: its own frames, with boxes, reads and plates."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
from av.container import OutputContainer
from av.video.stream import VideoStream

from models.base import Image
from streamer.controls import CameraControl
from streamer.data import Decided, Frame, Looked, Rejection
from streamer.errors import UserError
from streamer.live import LiveView
from streamer.overlay import Scene, drawn
from streamer.reading.annotations import unwritable

TICKS = 90_000
"""Of a second, as broadcasters count; every usual rate is a whole number of them."""
USUAL_RATE = Fraction(25)
OPTIONS = {"preset": "veryfast", "crf": "20"}


class Film:
    """Writes an MP4 (H.264, without sound), as a spectator of a pipeline.

    Every frame that was looked at is in it, at its own time. `rate` (frames a second) is for
    players that show one. What cannot be written ends the reading with a UserError.
    """

    def __init__(self, path: Path, rate: Fraction | None = None) -> None:
        self._path = path
        self._rate = rate or USUAL_RATE
        self._view = LiveView(CameraControl("film"))
        self._file: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._first_s = 0.0
        self._last_tick = -1
        self._closed = False

    def step(
        self, _stage: str, item: Any, results: Sequence[Any], started_s: float, ended_s: float
    ) -> None:
        """A stage has made `results` of `item`; after the vote a frame is to be shown."""
        if not isinstance(item, Looked):
            return
        # Told in one thread, and of one frame: what the stages before it know is of later ones.
        self._view.step("read", None, [item], started_s, ended_s)
        self._view.step("vote", item, results, started_s, ended_s)
        for one in results:
            if isinstance(one, Decided):
                self._view.accepted(one.event)
        if item.frame is not None and not self._closed:
            scene = Scene(self._view.marks(item.tracks))
            self._show(item.frame, drawn(item.frame.image, scene, item.frame.size[0]))

    def rejected(self, rejection: Rejection) -> None:
        """A vehicle that is seen again is shown with its plate."""
        self._view.rejected(rejection)

    def close(self) -> None:
        """Write what is left. May be called twice."""
        self._closed = True
        file, self._file = self._file, None
        if file is None or self._stream is None:
            return
        try:
            file.mux(self._stream.encode())
        except (av.FFmpegError, OSError) as error:
            raise _broken(self._path, error) from None
        finally:
            file.close()

    def _show(self, frame: Frame, image: Image) -> None:
        try:
            if self._file is None:
                self._open(frame)
            self._encode(frame.time_s, image)
        except (av.FFmpegError, OSError) as error:
            raise _broken(self._path, error) from None

    def _open(self, frame: Frame) -> None:
        # What is encoded has even sides.
        self._size = (frame.size[0] // 2 * 2, frame.size[1] // 2 * 2)
        self._first_s = frame.time_s
        self._file = av.open(str(self._path), "w", format="mp4")
        self._stream = self._file.add_stream("libx264", rate=self._rate, options=OPTIONS)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)

    def _encode(self, time_s: float, image: Image) -> None:
        if self._file is None or self._stream is None:
            return
        width, height = self._size
        if image.shape[0] - height not in {0, 1} or image.shape[1] - width not in {0, 1}:
            image = cv2.resize(image, self._size)  # a camera that was set to another size
        picture = av.VideoFrame.from_ndarray(image[:height, :width].copy(), format="bgr24")
        tick = max(round((time_s - self._first_s) * TICKS), self._last_tick + 1)
        picture.pts, self._last_tick = tick, tick
        picture.time_base = Fraction(1, TICKS)
        picture.duration = round(TICKS / self._rate)
        self._file.mux(self._stream.encode(picture))


def rate_of(place: str) -> Fraction | None:
    """Frames a second, as a video file says; None where it does not, and for what is no file."""
    if not Path(place).is_file():
        return None
    try:
        with av.open(place) as container:
            rate = container.streams.video[0].average_rate
    except (av.FFmpegError, OSError, IndexError):
        return None
    return rate or None


def _broken(path: Path, error: Exception) -> UserError:
    if isinstance(error, OSError) and error.strerror:
        return unwritable(path, error)
    return UserError(f"--annotate {path}: cannot be written: {type(error).__name__}")
