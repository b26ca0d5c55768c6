"""How fast a recording goes through the daemon's stages, beside decoding it alone.

On a shared machine frames a second say little; the two are measured in one run, the decoding
before and after the stages, so that their ratio says something anywhere.
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av

from models.training.gate import GateScene
from streamer.config import Config
from streamer.data import Frame, Rejection
from streamer.errors import UserError
from streamer.sources import source_for
from streamer.vehicles import vehicles

RENDERED_S, RENDERED_FPS = 12, 25
PUBLISH = "publish"
"""The last stage: here it only counts."""


@dataclass(frozen=True, slots=True)
class StageCost:
    """Of one stage: milliseconds a frame of the recording, and the share (0..1) of the run in
    which it was at work. The stage with the largest share is what the others wait for."""

    stage: str
    ms_per_frame: float
    busy: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was measured of one recording. `fps_*` are frames a second: as it was filmed (None if
    it has no clock), of decoding it to BGR alone, and of all stages. `cpu_ms_per_frame` is
    processor time of all threads, `cores` how many of them were busy on average."""

    source: str
    frames: int
    size: tuple[int, int]
    fps_filmed: float | None
    fps_decoding: float
    fps_stages: float
    cpu_ms_per_frame: float
    cores: float
    stages: tuple[StageCost, ...]
    plates: tuple[str, ...]

    @property
    def of_decoding(self) -> float:
        """The rate of all stages, as a share of that of decoding alone."""
        return self.fps_stages / self.fps_decoding


def measure(
    path: str,
    config: Config,
    seconds: float | None = None,
    on_frame: Callable[[Frame], None] = lambda frame: None,
) -> Throughput:
    """Decode a recording, let it through the stages of `config`, and decode it once more.

    Only its first `seconds` if they are given. `on_frame` is told of each frame that goes through
    the stages. Raises UserError for what cannot be read.
    """
    before_s, before = _decoded(path, seconds)
    run = _Run(seconds, on_frame)
    run.through(path, config)
    after_s, after = _decoded(path, seconds)
    if run.first is None or run.last is None:
        raise UserError(f"{path}: no frame in it")
    filmed_s = run.last.time_s - run.first.time_s
    return Throughput(
        path,
        run.frames,
        run.first.size,
        (run.frames - 1) / filmed_s if filmed_s > 0 else None,
        (before + after) / (before_s + after_s),
        run.frames / run.took_s,
        1000 * run.cpu_s / run.frames,
        run.cpu_s / run.took_s,
        tuple(
            StageCost(stage, 1000 * spent_s / run.frames, spent_s / run.took_s)
            for stage, spent_s in run.spent_s.items()
        ),
        run.plates,
    )


def _decoded(path: str, seconds: float | None) -> tuple[float, int]:
    """How long decoding takes, and how many frames there are."""
    within, count, started_s = _Within(seconds), 0, time.perf_counter()
    frames = cast("Generator[Frame, None, None]", source_for("camera", path).frames())
    with closing(frames):
        for frame in frames:
            if not within(frame):
                break
            count += 1
    return time.perf_counter() - started_s, count


class _Within:
    """Whether a frame is one of the first `seconds`."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._first_s: float | None = None

    def __call__(self, frame: Frame) -> bool:
        if self._first_s is None:
            self._first_s = frame.time_s
        return self._seconds is None or frame.time_s - self._first_s < self._seconds


class _Enough(Exception):
    """Ends a pipeline when the rest of a recording is not wanted."""


class _Run:
    """One way of a recording through the stages, of which it is the spectator, in their threads."""

    def __init__(self, seconds: float | None, on_frame: Callable[[Frame], None]) -> None:
        self.frames = 0
        self.first: Frame | None = None
        self.last: Frame | None = None
        self.took_s = self.cpu_s = 0.0
        self.spent_s: dict[str, float] = {}
        self.plates: tuple[str, ...] = ()
        """In the order of their events."""
        self._within = _Within(seconds)
        self._on_frame = on_frame
        self._begun_s = self._begun_cpu_s = 0.0

    def through(self, path: str, config: Config) -> None:
        """Take the times, from the first frame on: the models have been loaded by then."""
        with suppress(_Enough):
            for decided in vehicles(path, config, self._came, self):
                self.plates += (decided.event.plate,)
        self.took_s = time.perf_counter() - self._begun_s
        self.cpu_s = time.process_time() - self._begun_cpu_s

    def _came(self, frame: Frame) -> None:
        if self.first is None:
            self.first = frame
            self._begun_s, self._begun_cpu_s = time.perf_counter(), time.process_time()
        if not self._within(frame):
            raise _Enough("the rest is not wanted")
        self.last = frame
        self.frames += 1
        self._on_frame(frame)

    def step(
        self, stage: str, _item: Any, _results: Sequence[Any], started_s: float, ended_s: float
    ) -> None:
        """A stage has worked (an `OnStep`)."""
        if stage != PUBLISH:
            self.spent_s[stage] = self.spent_s.get(stage, 0.0) + ended_s - started_s

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld: nothing that is measured."""


def render_gate(path: Path) -> Path:
    """A film of a gate (12 s, 1280x720, H.264 as cameras do it), for whoever has none at hand: a
    vehicle comes, waits and drives on, and the next one comes."""
    scene = GateScene(seed=7, vehicles=2)
    with av.open(str(path), "w") as container:
        options = {"crf": "23", "g": str(RENDERED_FPS), "bf": "0"}
        stream = container.add_stream("libx264", rate=RENDERED_FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *scene.size, "yuv420p"
        for number in range(RENDERED_S * RENDERED_FPS):
            image = scene.render(number / RENDERED_FPS).image
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path
