"""What people may do to a running daemon, whichever way they reach it: MQTT, the portal."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from streamer.data import Frame
from streamer.errors import UserError
from streamer.pictures import jpeg

log = logging.getLogger(__name__)

SNAPSHOT_QUALITY = 85


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


class CameraControl:
    """One camera: whether it is looked at, and what it sees now. Any thread."""

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.paused = False
        self._latest: Frame | None = None

    def lets_pass(self, frame: Frame) -> bool:
        """Take note of a captured frame; whether it is to be looked at for plates."""
        self._latest = frame
        return not self.paused

    def snapshot(self) -> bytes:
        """What the camera sees, as JPEG. Raises UserError when nothing came yet."""
        frame = self._latest
        if frame is None:
            raise UserError(f"camera {self.camera}: no frame has come yet")
        return jpeg(frame.image, SNAPSHOT_QUALITY)


class Controls:
    """The cameras and watchlists of a daemon, for those who command it.

    A pause outlives the daemon once `restore` has been given its memory. Every change is told
    to those who `listen`, with the camera and whether it is paused now.
    """

    def __init__(self, cameras: Iterable[str], watchlists: Watchlists | None = None) -> None:
        self.cameras: Mapping[str, CameraControl] = {name: CameraControl(name) for name in cameras}
        self.watchlists: Watchlists = watchlists or NoWatchlists()
        self.notes: Notes | None = None
        self._listeners: list[Callable[[str, bool], None]] = []
        self._changing = threading.Lock()

    def listen(self, on_change: Callable[[str, bool], None]) -> None:
        """Have `on_change` called after every change; it must return at once."""
        self._listeners.append(on_change)

    def restore(self, notes: Notes) -> None:
        """Pause again what was paused when the daemon ended, and keep what changes."""
        self.notes = notes
        for camera, control in self.cameras.items():
            control.paused = notes.noted(_key(camera)) == "paused"
            if control.paused:
                log.warning("camera %s is paused, since before the start", camera)

    def pause(self, camera: str, paused: bool = True) -> None:
        """Look at a camera no longer, or again. Raises UserError if there is no such camera."""
        control = self.camera(camera)
        with self._changing:
            if control.paused != paused and self.notes is not None:
                self.notes.note(_key(camera), "paused" if paused else "running")
            control.paused = paused
        log.info("camera %s is %s", camera, "paused" if paused else "running")
        for listener in self._listeners:
            listener(camera, paused)

    def camera(self, name: str) -> CameraControl:
        """The control of a camera. Raises UserError naming those that there are."""
        if name not in self.cameras:
            raise UserError(f"no camera '{name}'; there are: {', '.join(self.cameras)}")
        return self.cameras[name]


def _key(camera: str) -> str:
    return f"camera/{camera}"
