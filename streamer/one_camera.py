"""One camera, from its source to the decided event: the stages and what they see with."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from models.base import Detector, ModelError
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from streamer.channel import Channel
from streamer.config import CameraConfig, Config, make
from streamer.controls import CameraControl
from streamer.data import Decided, Frame, Outcome, Rejection
from streamer.errors import UserError
from streamer.pipeline import CHANNEL_SIZE, Pipeline, Stage
from streamer.places import NOWHERE, Places
from streamer.settled import Settled
from streamer.sources import source_for
from streamer.sources.base import Source, SourceOptions
from streamer.sources.rotated import RotatedSource, upright
from streamer.speed.speedometer import Speeds
from streamer.stages.capture import Capture
from streamer.stages.detect import Detect
from streamer.stages.passages import Passages
from streamer.stages.track import Follow
from streamer.stages.vote import utc_now
from streamer.watch import CameraWatch


@dataclass(frozen=True, slots=True)
class Site:
    """What a camera shares with others: who commands it, what its gate has reported, and the
    radar beside it."""

    control: CameraControl
    passages: Passages | None = None
    radar: Speeds | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What of a camera's picture counts, and what its gate has reported."""

    places: Places = NOWHERE
    passages: Passages | None = None


def camera_pipeline(
    camera: CameraConfig,
    config: Config,
    last: Stage[Decided, Any],
    watch: CameraWatch,
    site: Site | None = None,
) -> Pipeline:
    """One camera from source to the decided event; `last` takes the events."""
    site = site or Site(CameraControl(camera.name))
    source = _source(camera, watch)
    live = source.live
    inbox: Channel[Frame] = (
        Channel(1, "drop_oldest", watch.dropped) if live else Channel(CHANNEL_SIZE)
    )
    # A car park that counts by direction waits for it.
    directed = camera.name in config.parts["parking"].options["directions"]
    places = camera.places(directed=directed)
    view = View(replace(places, speeds=site.radar or places.speeds), site.passages)
    stages = stages_of(config, models_of(config), watch, live=live, view=view)
    capture = Capture(source, watch, site.control.lets_pass)
    watch.stages.expect(stage.name for stage in (*stages, last))
    pipeline = Pipeline(camera.name, capture, inbox, [*stages, last], watch.stages)
    for on_step in watch.on_steps:
        pipeline.listen(on_step)
    return pipeline


@dataclass(frozen=True, slots=True)
class Models:
    """What the stages see with; loaded once, and each instance for one thread."""

    detector: Detector
    reader: InformedReader
    formats: Formats


def models_of(config: Config) -> Models:
    """The detector and the reader of the configuration, loaded."""
    formats = formats_of(config)
    return Models(make(config.parts["detector"]), informed_reader(config, formats), formats)


def faults_of_models(config: Config) -> list[str]:
    """What hinders the detector and the reader of the configuration from being loaded."""
    faults = []
    for section in ("detector", "reader"):
        try:
            make(config.parts[section])
        except (ModelError, UserError) as error:
            faults.append(f"{section}: {error}")
    return faults


class Told(Protocol):
    """Who is told what the stages do."""

    def tracks(self, active: int) -> None:
        """So many plates are being followed."""

    def outcome(self, outcome: Outcome) -> None:
        """A track ended like this."""

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld."""


def stages_of(
    config: Config, models: Models, told: Told, *, live: bool, view: View | None = None
) -> list[Stage[Any, Any]]:
    """From frames to decided events: the stages of one camera, at their beginning."""
    settled, view = Settled(), view or View()
    given = (settled, models.formats, told.outcome, utc_now, view.passages, view.places)
    return [
        Detect(models.detector, view.places),
        Follow(make(config.parts["tracker"]), live=live, on_active=told.tracks),
        make(config.parts["looks"], models.reader, settled),
        make(config.parts["vote"], *given, told.rejected),
    ]


def formats_of(config: Config) -> Formats:
    """What the configuration says of the plates to come."""
    return Formats(config.formats.countries, config.formats.patterns)


def informed_reader(config: Config, formats: Formats) -> InformedReader:
    """The reader of the configuration, which decides with formats."""
    return InformedReader(make(config.parts["reader"]), formats)


def _source(camera: CameraConfig, watch: CameraWatch) -> Source | RotatedSource:
    options = SourceOptions(
        username=camera.username,
        password=camera.password,
        transport=camera.transport,
        timeout_s=camera.timeout_s,
        realtime=camera.realtime,
        loop=camera.loop,
        on_corrupt=watch.corrupt,
        on_clock_skew=watch.clock_skew,
    )
    return upright(source_for(camera.name, camera.url, options), camera.rotate)
