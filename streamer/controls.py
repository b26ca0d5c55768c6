"""What people may do to a running daemon, whichever way they reach it: MQTT, the portal."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from streamer.data import Frame
from streamer.errors import NotThere, UserError
from streamer.pictures import jpeg

log = logging.getLogger(__name__)

SNAPSHOT_QUALITY = 85
RATE_WINDOW_S = 5.0
RATE_FRAMES = 512
"""So many are remembered: of faster films the rate is taken over less than the window."""


class Notes(Protocol):
    """Small texts that outlive the daemon."""

    def note(self, key: str, value: str) -> None:
        """Remember `value` under `key`."""
        ...

    def noted(self, key: str) -> str | None:
        """What was remembered, if anything."""
        ...


class Watchlists(Protocol):
    """Lists of plates that can be changed while the daemon runs."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all lists, in the order of the configuration."""
        ...

    def add(self, name: str, plate: str, note: str | None = None) -> None:
        """Put a plate (or pattern) on a list. Raises UserError saying what would be right."""
        ...

    def remove(self, name: str, plate: str) -> None:
        """Take it off again. Raises UserError if it is not there to be taken."""
        ...


class NoWatchlists:
    """For a daemon that has none."""

    names: tuple[str, ...] = ()

    def add(self, name: str, plate: str, note: str | None = None) -> None:
        """Refused."""
        raise UserError(f"there is no watchlist '{name}'; the configuration names none")

    remove = add


class FrameRate:
    """How many frames a second came of late. Counting one is an append; any thread may ask."""

    def __init__(self) -> None:
        self._came_s: deque[float] = deque(maxlen=RATE_FRAMES)

    def count(self, clock_s: float) -> None:
        """A frame came at this `time.monotonic()`."""
        self._came_s.append(clock_s)

    def per_second(self, now_s: float) -> float | None:
        """Over the last `RATE_WINDOW_S`; None until frames have come for half a second."""
        came_s = self._came_s.copy()  # in one go, while others append
        if not came_s:
            return None
        span_s = min(RATE_WINDOW_S, now_s - came_s[0])
        if span_s < RATE_WINDOW_S / 10:
            return None
        return sum(1 for one in came_s if now_s - one <= span_s) / span_s


class CameraControl:
    """One camera: whether it is looked at, and what it sees now. Any thread.

    `up` says whether frames arrive, `latest` is the newest one.
    """

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.paused = False
        self.up = False
        self.latest: Frame | None = None
        self._rate = FrameRate()

    def lets_pass(self, frame: Frame) -> bool:
        """Take note of a captured frame; whether it is to be looked at for plates."""
        self.latest = frame
        self._rate.count(frame.clock_s)
        return not self.paused

    @property
    def last_frame_age_s(self) -> float | None:
        """For how many seconds no frame has come; None before the first."""
        latest = self.latest
        return None if latest is None else max(0.0, time.monotonic() - latest.clock_s)

    @property
    def frames_per_second(self) -> float | None:
        """How many frames came a second of late, looked at or not; None while that is unknown."""
        return self._rate.per_second(time.monotonic())

    def snapshot(self) -> bytes:
        """What the camera sees, as JPEG. Raises UserError when nothing came yet."""
        latest = self.latest
        if latest is None:
            raise UserError(f"camera {self.camera}: no frame has come yet")
        return jpeg(latest.image, SNAPSHOT_QUALITY)


class Controls:
    """The cameras and watchlists of a daemon, for those who command it.

    A pause outlives the daemon once `restore` has been given its memory. Every pause and its end
    is told to those who `listen`, with the camera and whether it is paused now; that and whether
    frames arrive to those who `follow`.
    """

    def __init__(self, cameras: Iterable[str], watchlists: Watchlists | None = None) -> None:
        self.cameras: Mapping[str, CameraControl] = {name: CameraControl(name) for name in cameras}
        self.watchlists: Watchlists = watchlists or NoWatchlists()
        self.notes: Notes | None = None
        self._listeners: list[Callable[[str, bool], None]] = []
        self._followers: list[Callable[[str], None]] = []
        self._changing = threading.Lock()

    def listen(self, on_change: Callable[[str, bool], None]) -> None:
        """Have `on_change` called after every change; it must return at once."""
        self._listeners.append(on_change)

    def follow(self, on_status: Callable[[str], None]) -> None:
        """Have `on_status` called with a camera's name after all that changes; as `listen`."""
        self._followers.append(on_status)

    def arriving(self, camera: str, up: bool) -> None:
        """Frames of a camera begin to arrive, or no longer do."""
        self.cameras[camera].up = up
        for follower in self._followers:
            follower(camera)

    def restore(self, notes: Notes) -> None:
        """Pause again what was paused when the daemon ended, and keep what changes."""
        self.notes = notes
        for camera, control in self.cameras.items():
            control.paused = notes.noted(_key(camera)) == "paused"
            if control.paused:
                log.warning("camera %s is paused, since before the start", camera)

    def pause(self, camera: str, paused: bool = True) -> None:
        """Look at a camera no longer, or again. Raises NotThere if there is no such camera."""
        control = self.camera(camera)
        with self._changing:
            if control.paused != paused and self.notes is not None:
                self.notes.note(_key(camera), "paused" if paused else "running")
            control.paused = paused
        log.info("camera %s is %s", camera, "paused" if paused else "running")
        for listener in self._listeners:
            listener(camera, paused)
        for follower in self._followers:
            follower(camera)

    def camera(self, name: str) -> CameraControl:
        """The control of a camera. Raises NotThere naming those that there are."""
        if name not in self.cameras:
            raise NotThere(f"no camera '{name}'; there are: {', '.join(self.cameras)}")
        return self.cameras[name]


def _key(camera: str) -> str:
    return f"camera/{camera}"
