"""A rendered gate that knows the truth: `synthetic:?vehicles=3&seed=7&night=1`."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import parse_qsl

from models.training.gate import GateScene
from streamer.data import Frame
from streamer.errors import UserError
from streamer.parts import nearest
from streamer.sources.base import Clocks, SourceOptions

FPS = 25.0


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None or int(match[1]) < 64 or int(match[2]) < 64:
        raise ValueError("a size like 1280x720")
    return int(match[1]), int(match[2])


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("0 or 1")
    return text == "1"


def _vehicles(text: str) -> int | None:
    if text == "endless":
        return None
    if not text.isdecimal():
        raise ValueError("a number, or endless")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a whole number from 0")
    return int(text)


def _amount(text: str) -> float:
    value = float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else -1.0
    if not 0 <= value <= 100:
        raise ValueError("a number from 0 to 100")
    return value


def _rate(text: str) -> float:
    if _amount(text) < 1:
        raise ValueError("frames per second, from 1 to 100")
    return _amount(text)


SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "vehicles": _vehicles,
    "seed": _seed,
    "night": _flag,
    "fps": _rate,
    "size": _size,
    "noise": _amount,
    "blur": _amount,
}


class SyntheticSource:
    """A `GateScene` as a camera (`realtime`) or as a recording.

    In real time frames that nobody could take in time are not drawn, as a camera's are lost.
    `scene` knows the truth. `loop` begins again after the last vehicle, with the same ones.
    """

    def __init__(
        self, camera: str, scene: GateScene, options: SourceOptions, *, fps: float = FPS
    ) -> None:
        self.camera = camera
        self.url = "synthetic:"
        self.live = options.realtime
        self.scene = scene
        self._loop = options.loop
        self._step_s = 1 / fps
        self._clocks = Clocks(camera, live=self.live)

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for settings like `?vehicles=3&seed=7`. Raises UserError for a wrong one."""
        settings = _settings(address)
        fps = settings.pop("fps", FPS)
        source = cls(camera, GateScene(**settings), options, fps=fps)
        source.url = f"synthetic:{address}"
        return source

    def frames(self) -> Iterator[Frame]:
        """The film, once or again and again."""
        while True:
            self._clocks.reopened()
            for time_s in self._times():
                yield self._clocks.stamp(self.scene.render(time_s).image, time_s)
            if not self._loop:
                return

    def _times(self) -> Iterator[float]:
        """When to look at the scene; in real time each moment comes when it is due."""
        if self.live:  # drawing the place takes a moment, and no frame shall be lost to it
            self.scene.render(0.0)
        count, started_s = 0, time.monotonic()
        while count * self._step_s < self.scene.duration_s:
            if self.live:
                ahead_s = started_s + count * self._step_s - time.monotonic()
                if ahead_s > 0:
                    time.sleep(ahead_s)
                elif ahead_s < -self._step_s:
                    count = int((time.monotonic() - started_s) / self._step_s)
            yield count * self._step_s
            count += 1


def _settings(address: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, text in parse_qsl(address.lstrip("/").lstrip("?"), keep_blank_values=True):
        if key not in SETTINGS:
            raise UserError(
                f"synthetic:{address}: no such setting '{key}'; known: {', '.join(SETTINGS)}"
                f"{nearest(key, list(SETTINGS))}"
            )
        try:
            found[key] = SETTINGS[key](text)
        except ValueError as error:
            raise UserError(f"synthetic:{address}: {key} is '{text}'; should be {error}") from None
    return found
