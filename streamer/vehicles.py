"""The vehicles of a recording or stream, one after the other, for whoever iterates over them."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from streamer.channel import Channel
from streamer.config import CameraConfig, Config
from streamer.data import Decided, Frame, Rejection
from streamer.errors import StreamFailure, UserError
from streamer.metrics import Metrics
from streamer.one_camera import camera_pipeline
from streamer.pipeline import CHANNEL_SIZE, StageBase
from streamer.sources import is_camera
from streamer.watch import CameraWatch

STOP_S = 5.0


def vehicles(
    url: str,
    config: Config,
    on_frame: Callable[[Frame], None] = lambda frame: None,
    spectator: "Spectator | None" = None,
) -> Generator[Decided]:
    """The vehicles as they come, each with the look that carried its vote: one pipeline like the
    daemon's, from its source to the vote.

    `on_frame` is called with every frame before anything looks at it, by a thread of the
    pipeline; what it raises ends the reading and is raised here. So with `spectator`, who sees
    what the stages make of each frame. Raises UserError when the source cannot be opened.
    """
    camera = CameraConfig(name="camera", url=url)
    found: Channel[Decided] = Channel(CHANNEL_SIZE)
    watch = _Watch(camera.name, on_frame, spectator, recorded=not is_camera(url))
    pipeline = camera_pipeline(camera, config, _PassOn(found), watch)
    pipeline.start()
    try:
        yield from found
    finally:
        found.close()
        pipeline.stop()
        pipeline.join(STOP_S)
    if pipeline.failure is not None:
        raise pipeline.failure


class Spectator(Protocol):
    """Sees what the stages do, in their threads."""

    def step(
        self, stage: str, item: Any, results: Sequence[Any], started_s: float, ended_s: float
    ) -> None:
        """A stage has made `results` of `item` (an `OnStep`)."""
        ...

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld."""
        ...


class _Watch(CameraWatch):
    """Metrics of its own, which nobody fetches."""

    def __init__(
        self,
        camera: str,
        on_frame: Callable[[Frame], None],
        spectator: Spectator | None,
        *,
        recorded: bool,
    ) -> None:
        super().__init__(Metrics(), camera, tell_rejected=[spectator.rejected] if spectator else [])
        if spectator is not None:
            self.on_steps.append(spectator.step)
        self._on_frame = on_frame
        self._recorded = recorded

    def captured(self, frame: Frame) -> None:
        """A frame came."""
        super().captured(frame)
        self._on_frame(frame)

    def reconnected(self, reason: StreamFailure) -> None:
        """A camera may come back; a recording that fails midway would only begin anew."""
        super().reconnected(reason)
        if self._recorded:
            raise UserError(f"the recording cannot be read to its end ({reason})")


class _PassOn(StageBase):
    """The last stage, for whoever iterates over the events in this process."""

    name = "publish"

    def __init__(self, found: Channel[Decided]) -> None:
        self._found = found

    def step(self, decided: Decided) -> tuple[()]:
        self._found.put(decided)
        return ()

    def finish(self) -> tuple[()]:
        self._found.close()
        return ()
