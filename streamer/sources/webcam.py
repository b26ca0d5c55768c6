"""Cameras of this machine (V4L2), read by OpenCV."""

import math
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from streamer.data import Frame
from streamer.errors import SourceError, UserError
from streamer.sources.base import Clocks, SourceOptions

Opener = Callable[[str], Any]


def open_v4l2(device: str) -> Any:
    """OpenCV's capture of that device."""
    return cv2.VideoCapture(device, cv2.CAP_V4L2)


class WebcamSource:
    """One device; `device` is its path. `opener` is for tests on machines without a camera."""

    live = True

    def __init__(
        self, camera: str, device: str, options: SourceOptions, opener: Opener = open_v4l2
    ) -> None:
        self.camera = camera
        self.url = device
        self._timeout_s = options.timeout_s
        self._opener = opener
        self._clocks = Clocks(camera, live=True)

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for a number (0 is /dev/video0) or a device. Raises UserError for others."""
        if re.fullmatch(r"\d+", address):
            return cls(camera, f"/dev/video{int(address)}", options)
        if address.startswith("/dev/"):
            return cls(camera, address, options)
        raise UserError(f"webcam:{address}: should be a number or a device, like /dev/video0")

    def frames(self) -> Iterator[Frame]:
        """Open the device and yield its frames until it fails. Waiting helps when unplugged."""
        capture = self._open()
        self._clocks.reopened()
        try:
            while True:
                asked_s = time.monotonic()
                good, image = capture.read()
                if not good or image is None:
                    raise self._gone(time.monotonic() - asked_s)
                raw_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                yield self._clocks.stamp(np.asarray(image, dtype=np.uint8), raw_s or None)
        finally:
            capture.release()

    def _open(self) -> Any:
        # whole seconds, read by OpenCV when it opens the device; its own limit is ten
        os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = str(math.ceil(self._timeout_s))
        if self._opener is open_v4l2:
            self._check_device()
        capture = self._opener(self.url)
        if not capture.isOpened():
            capture.release()
            raise SourceError(
                f"{self.url}: gives no video; in use by another program, or no camera",
                reason="error",
            )
        return capture

    def _check_device(self) -> None:
        if not Path(self.url).exists():
            known = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
            raise SourceError(
                f"{self.url}: no such device; cameras here: {known}", reason="not_found"
            )
        if not os.access(self.url, os.R_OK | os.W_OK):
            raise SourceError(
                f"{self.url}: no permission; the user must be in the group 'video'",
                reason="unauthorized",
                permanent=True,
            )

    def _gone(self, waited_s: float) -> SourceError:
        if waited_s >= 0.9 * self._timeout_s:
            return SourceError(f"{self.url}: silent for {waited_s:.1f} s", reason="timeout")
        return SourceError(f"{self.url}: gives no more frames; unplugged?", reason="ended")
