"""What a configuration consists of: sections with keys of their own, and parts with options."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, create_model

from models.readers.formats import Formats
from streamer.parts import LABEL, nearest
from streamer.places import Places
from streamer.speed.settings import SpeedConfig
from streamer.speed.speedometer import RoadSpeeds

CAMERA_NAME = LABEL


class Strict(BaseModel):
    """Unknown keys are faults: a misspelt key must not be a setting that does nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Coordinate = Annotated[float, Field(ge=0, le=1)]
PointConfig = tuple[Coordinate, Coordinate]
Area = Annotated[tuple[PointConfig, ...], Field(min_length=3)]
Passed = Annotated[tuple[PointConfig, ...], Field(min_length=2)]
"""An area, or with two points a line."""


class CameraConfig(Strict):
    """One camera. `name` becomes a topic and a label, so it is letters, digits, - and _."""

    name: Annotated[str, Field(pattern=CAMERA_NAME)]
    url: Annotated[str, Field(min_length=1)]
    username: str | None = None
    password: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    realtime: bool = False
    loop: bool = False
    rotate: Literal[0, 90, 180, 270] = 0
    gate: Annotated[str, Field(pattern=CAMERA_NAME)] | None = None
    ignore: tuple[Area, ...] = ()
    entry: tuple[Passed, ...] = ()
    exit: tuple[Passed, ...] = ()
    speed: SpeedConfig | None = None

    def places(self, *, directed: bool = False) -> Places:
        """Where to look, and where vehicles enter and leave; `directed` as in `Places`."""
        road = self.speed.road() if self.speed else None
        speeds = RoadSpeeds(road) if road else None
        return Places(self.ignore, self.entry, self.exit, directed, speeds)


def _known_camera(name: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("cameras")
    if known is not None and name not in known:
        raise ValueError(f"no camera '{name}'; known: {', '.join(known)}{nearest(name, known)}")
    return name


KnownCamera = Annotated[str, AfterValidator(_known_camera)]
"""For parts whose options name cameras: the name of one that is configured."""


def _country(code: str) -> str:
    Formats([code])
    return code


def _countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    Formats(codes)
    return codes


def _pattern(text: str) -> str:
    Formats(patterns=[text])
    return text


class FormatsConfig(Strict):
    """What is known of the plates to come: where from, and formats that no country has."""

    countries: (
        Annotated[tuple[Annotated[str, AfterValidator(_country)], ...], AfterValidator(_countries)]
        | None
    ) = None
    patterns: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()


class MetricsConfig(Strict):
    """Where Prometheus fetches `/metrics`; port 0 takes a free one."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9108


class LogConfig(Strict):
    """How the daemon speaks on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Fixed(Strict):
    """The sections that are no parts."""

    cameras: list[CameraConfig]
    formats: FormatsConfig = FormatsConfig()
    metrics: MetricsConfig = MetricsConfig()
    log: LogConfig = LogConfig()


@dataclass(frozen=True, slots=True)
class Part:
    """A chosen part and its options, checked against its constructor."""

    name: str
    make: Any
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The tables a configuration may choose from, and the classes behind its plain sections.

    `chosen`: section → (table, default name). `plain`: section → class as "module:Class".
    `several`: section → table, each key of which may be there once; a list of them where the
    part has an option `name`. `listed`: section → class, of which there is one for each item of a
    list, with a `name` of its own.

    A class with a static method `faults(options)` is asked what else is wrong with its options,
    in pairs of key and message; one with `faults_among(options, cameras, listed)`, in pairs of path
    and message, what is wrong with them in this configuration: `listed` are the names of what each
    listed section holds.
    """

    chosen: Mapping[str, tuple[Mapping[str, str], str]]
    plain: Mapping[str, str]
    several: Mapping[str, Mapping[str, str]]
    listed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration without faults."""

    cameras: tuple[CameraConfig, ...]
    formats: FormatsConfig
    metrics: MetricsConfig
    log: LogConfig
    parts: dict[str, Part]
    sinks: dict[str, Part]
    listed: dict[str, tuple[Part, ...]] = field(default_factory=dict)


def options_model(make: Any) -> type[BaseModel]:
    """The options of a part: the keyword-only parameters of its constructor."""
    hints = get_type_hints(make.__init__, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(make.__init__).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    return create_model(make.__name__, __base__=Strict, **fields)


def make(part: Part, *given: Any) -> Any:
    """A part, from what the root gives and the options of the configuration."""
    return part.make(*given, **part.options)
