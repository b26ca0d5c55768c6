"""Cameras over RTSP, read by PyAV."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from streamer.data import Frame
from streamer.errors import SourceError, UserError
from streamer.redact import redact
from streamer.sources.base import Clocks, SourceOptions, with_login
from streamer.sources.camera_clock import CameraClock
from streamer.sources.decoding import decoded, picture, source_error, video_of

QUICK: Mapping[str, str] = {"analyzeduration": "0", "probesize": "32"}
"""Believe the camera's own description of its stream: the first frame comes a second sooner."""

THOROUGH: Mapping[str, str] = {}
"""ffmpeg's own look at the first second or more, for streams that do not describe themselves."""

CORRUPT_IN_A_ROW = 100
"""Packets without one good frame between them, four seconds of a usual camera: open it anew."""

SILENT = 0.9
"""The part of the time limit from which on a wait counts as one that ran into it."""

GRACE_S = 1.0
"""How much PyAV's limit lies behind ffmpeg's: if they race, a stall takes twice as long."""


class RtspSource:
    """One RTSP stream; `address` is its URL, user:password included."""

    live = True

    def __init__(self, camera: str, address: str, options: SourceOptions) -> None:
        self.camera = camera
        self.url = redact(address)
        self._address = with_login(address, options.username, options.password)
        self._transport = options.transport
        self._timeout_s = options.timeout_s
        self._on_corrupt = options.on_corrupt
        self._clocks = Clocks(camera, live=True)
        self._camera_clock = CameraClock(options.on_clock_skew)
        self._quick = True
        self._asked_s = 0.0

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for that URL. Raises UserError when it names no host or no real port."""
        try:
            parts = urlsplit(address)
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        if not named:
            raise UserError(
                f"{redact(address)}: no host or no right port in it;"
                " should be like rtsp://user:password@192.168.1.20:554/path,"
                " with signs like / # @ in a password percent-encoded"
            )
        return cls(camera, address, options)

    def frames(self) -> Iterator[Frame]:
        """Open the stream and yield its frames until it fails, which it does in the end."""
        self._asked_s = time.monotonic()
        try:
            with self._open() as container:
                yield from self._read(container)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from None
        raise SourceError(f"{self.url}: the stream ended", reason="ended")

    def _open(self) -> InputContainer:
        """Quickly if that shows the size of the picture, otherwise with ffmpeg's full look."""
        container = self._connect(QUICK if self._quick else THOROUGH)
        streams = container.streams.video
        if self._quick and streams and not streams[0].codec_context.width:
            container.close()
            self._quick = False
            container = self._connect(THOROUGH)
        return container

    def _connect(self, look: Mapping[str, str]) -> InputContainer:
        limit_s = self._timeout_s + GRACE_S
        options = {
            **look,
            "rtsp_transport": self._transport,
            "timeout": str(round(self._timeout_s * 1_000_000)),
        }
        return av.open(self._address, options=options, timeout=(limit_s, limit_s))

    def _read(self, container: InputContainer) -> Iterator[Frame]:
        stream = video_of(self.url, container)
        # with one thread the decoder holds no frames back
        stream.thread_count = 1
        self._clocks.reopened()
        packets = self._packets(container, stream)
        fruitless = True
        try:
            for frame in decoded(self.url, packets, self._on_corrupt, CORRUPT_IN_A_ROW):
                fruitless = False
                yield self._clocks.stamp(picture(frame), frame.time)
        finally:
            if fruitless:  # perhaps for lack of a proper look: the next try takes the other way
                self._quick = not self._quick

    def _packets(self, container: InputContainer, stream: Any) -> Iterator[Any]:
        incoming = container.demux(stream)
        while True:
            self._asked_s = time.monotonic()
            packet = next(incoming, None)
            if packet is None:
                return
            if self._silent_s >= SILENT * self._timeout_s:
                # at its limit ffmpeg first hands out what its parser held back, and would
                # then wait as long again
                raise self._silence()
            if packet.size:  # the empty last one is no packet
                self._camera_clock.look(packet)
                yield packet

    @property
    def _silent_s(self) -> float:
        return time.monotonic() - self._asked_s

    def _silence(self) -> SourceError:
        words = f"silent for {self._silent_s:.1f} s (timeout_s: {self._timeout_s:g})"
        return SourceError(f"{self.url}: {words}", reason="timeout")

    def _failure(self, error: Exception) -> SourceError:
        # ffmpeg reports its own time limit as invalid data, PyAV's as an exit
        limit = isinstance(error, av.InvalidDataError | av.ExitError | av.TimeoutError)
        if limit and self._silent_s >= SILENT * self._timeout_s:
            return self._silence()
        return source_error(self.url, error)
