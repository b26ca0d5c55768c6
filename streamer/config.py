"""The configuration: typed, checked as a whole, every fault at once with its key path.

A section that chooses a part (`reader: rapidocr`, or `reader: {name: paddle, model_dir: …}`)
takes that part's options: the keyword-only parameters of its constructor. So each option and
its default stand once, beside the code that uses them.
"""

import inspect
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
)

from models.readers.formats import Formats
from streamer import yaml12
from streamer.errors import UserError
from streamer.parts import LABEL, load_part, nearest, part_name
from streamer.places import Places
from streamer.redact import redact

SECRETS = {"password", "secret", "headers"}
M = TypeVar("M", bound=BaseModel)
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

    def places(self) -> Places:
        """Where to look, and where vehicles enter and leave."""
        return Places(self.ignore, self.entry, self.exit)


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
    in pairs of key and message; one with `camera_faults(options, cameras)` in pairs of path and
    message.
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


class ConfigError(UserError):
    """All faults of a configuration, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Fixed(Strict):
    cameras: list[CameraConfig]
    formats: FormatsConfig = FormatsConfig()
    metrics: MetricsConfig = MetricsConfig()
    log: LogConfig = LogConfig()


def read_config(path: Path, parts: Parts) -> Config:
    """The configuration in a file. Raises ConfigError with every fault, or UserError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give the path of a YAML configuration") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    return parse_config(text, parts, str(path))


def parse_config(text: str, parts: Parts, name: str = "config") -> Config:
    """The configuration in a text; `name` stands before each fault."""
    raw, lines = yaml12.load(text, name)
    if not isinstance(raw, dict):
        raise ConfigError([f"{name}: should be a mapping that begins with 'cameras:'"])
    check = _Check(name, lines, parts)
    config = check.config(check.with_environment(raw, ()))
    if check.faults:
        raise ConfigError([fault for _, fault in sorted(check.faults, key=itemgetter(0))])
    return config


def options_model(make: Any) -> type[BaseModel]:
    """The options of a part: the keyword-only parameters of its constructor."""
    hints = get_type_hints(make.__init__, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(make.__init__).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    return create_model(make.__name__, __base__=Strict, **fields)


class _Check:
    """Walks a raw configuration and gathers what is wrong with it."""

    def __init__(self, name: str, lines: dict[yaml12.Path, int], parts: Parts) -> None:
        self.faults: list[tuple[int, str]] = []
        self._name = name
        self._lines = lines
        self._parts = parts
        self._cameras: list[str] | None = None  # not known yet

    def config(self, raw: dict[str, Any]) -> Config:
        sections = self._sections()
        fixed = self._validate(_Fixed, {k: v for k, v in raw.items() if k not in sections}, ())
        self._cameras = [camera.name for camera in fixed.cameras] if fixed else None
        chosen = {s: self._choose(s, raw.get(s), *c) for s, c in self._parts.chosen.items()}
        plain = {
            section: self._part(section, load_part("section", self._parts.plain, section), raw)
            for section in self._parts.plain
        }
        sinks = {
            key: part
            for section, table in self._parts.several.items()
            for key, part in self._several(section, raw.get(section), table)
        }
        cameras = self._distinct(fixed.cameras) if fixed else ()
        if fixed:
            self._check_against(cameras, [part for part in plain.values() if part])
        return Config(
            cameras=cameras,
            formats=fixed.formats if fixed else FormatsConfig(),
            metrics=fixed.metrics if fixed else MetricsConfig(),
            log=fixed.log if fixed else LogConfig(),
            parts={key: part for key, part in {**chosen, **plain}.items() if part},
            sinks=sinks,
            listed={s: tuple(self._items(s, raw.get(s))) for s in self._parts.listed},
        )

    def _check_against(self, cameras: tuple[CameraConfig, ...], parts: list[Part]) -> None:
        """Options that name cameras: a part that has such says in `camera_faults` what is wrong."""
        for part in parts:
            for place, fault in getattr(part.make, "camera_faults", _no_faults)(
                part.options, cameras
            ):
                self._fault((part.name, *place), fault)

    def _choose(
        self, section: str, raw: Any, table: Mapping[str, str], default: str
    ) -> Part | None:
        options = {"name": raw} if isinstance(raw, str) else {} if raw is None else raw
        if not isinstance(options, dict):
            self._fault((section,), f"{raw!r} should be one of: {', '.join(table)}")
            return None
        name = options.get("name", default)
        try:
            make = load_part(section, table, str(name))
        except UserError as error:
            at = (section, "name") if isinstance(raw, dict) else (section,)
            self._fault(at, str(error))
            return None
        return self._part(
            section, make, {section: {k: v for k, v in options.items() if k != "name"}}, str(name)
        )

    def _part(self, section: str, make: Any, raw: Any, name: str = "") -> Part | None:
        return self._made(make, raw.get(section) or {}, (section,), name or section)

    def _made(self, make: Any, raw: Any, path: yaml12.Path, name: str) -> Part | None:
        found = self._validate(options_model(make), raw, path)
        if found is None:
            return None
        options = {key: getattr(found, key) for key in type(found).model_fields}
        for key, message in getattr(make, "faults", lambda _: ())(options):
            self._fault((*path, key), message)
        return Part(name, make, options)

    def _several(
        self, section: str, raw: Any, table: Mapping[str, str]
    ) -> Iterator[tuple[str, Part]]:
        if raw is not None and not isinstance(raw, dict):
            self._fault((section,), f"{raw!r} should be a mapping of: {', '.join(table)}")
            return
        for name, options in (raw or {}).items():
            try:
                make = load_part(section.removesuffix("s"), table, str(name))
            except UserError as error:
                self._fault((section, name), str(error))
                continue
            yield from self._each(str(name), make, options, (section, name))

    def _each(
        self, kind: str, make: Any, raw: Any, path: yaml12.Path
    ) -> Iterator[tuple[str, Part]]:
        listed = isinstance(raw, list) and "name" in options_model(make).model_fields
        seen: dict[str, yaml12.Path] = {}
        for index, options in enumerate(raw if listed else [raw]):
            at = (*path, index) if listed else path
            part = self._made(make, options or {}, at, kind)
            if part is None:
                continue
            given = part.options.get("name")
            name = part_name(kind, given)
            if name in seen:
                self._fault((*at, "name"), _not_distinct(given, seen[name]))
            seen.setdefault(name, at)
            yield name, part

    def _items(self, section: str, raw: Any) -> Iterator[Part]:
        if raw is not None and not isinstance(raw, list):
            self._fault((section,), f"{raw!r} should be a list, each item with a 'name'")
            return
        make = load_part("section", self._parts.listed, section)
        names: list[str] = []
        for index, options in enumerate(raw or []):
            part = self._made(make, options or {}, (section, index), "")
            if part is None:
                continue
            name = part.options["name"]
            if name in names:
                self._fault((section, index, "name"), f"{name!r} is there twice")
            names.append(name)
            yield replace(part, name=name)

    def _distinct(self, cameras: list[CameraConfig]) -> tuple[CameraConfig, ...]:
        if not cameras:
            self._fault(("cameras",), "is empty; one camera at least, with 'name' and 'url'")
        names = [camera.name for camera in cameras]
        for index, name in enumerate(names):
            if name in names[:index]:
                self._fault(
                    ("cameras", index, "name"),
                    f"{name!r} is also cameras[{names.index(name)}]; each camera needs its own",
                )
        return tuple(cameras)

    def with_environment(self, raw: Any, path: yaml12.Path) -> Any:
        """`${NAME}` in any text is the environment variable NAME: secrets stay out of the file."""
        if isinstance(raw, dict):
            return {k: self.with_environment(v, (*path, k)) for k, v in raw.items()}
        if isinstance(raw, list):
            return [self.with_environment(v, (*path, i)) for i, v in enumerate(raw)]
        if not isinstance(raw, str):
            return raw
        for name in re.findall(r"\$\{(\w+)\}", raw):
            if name not in os.environ:
                self._fault(path, f"the environment variable {name} is not set")
        return re.sub(r"\$\{(\w+)\}", lambda m: os.environ.get(m[1], m[0]), raw)

    def _validate(self, model: type[M], raw: Any, path: yaml12.Path) -> M | None:
        if not isinstance(raw, dict):
            known = ", ".join(model.model_fields)
            self._fault(path, f"{raw!r} should be a mapping with some of: {known}")
            return None
        try:
            return model.model_validate(raw, context={"cameras": self._cameras})
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                self._fault((*path, *fault["loc"]), self._explain(model, fault))
            return None

    def _explain(self, model: type[BaseModel], fault: Any) -> str:
        *parents, key = fault["loc"] or ("",)
        if fault["type"] == "extra_forbidden":
            known = _fields_at(model, parents) + (self._sections() if model is _Fixed else [])
            return f"unknown key{nearest(str(key), known) or '; known: ' + ', '.join(known)}"
        if fault["type"] == "value_error":
            error = fault["ctx"]["error"]
            return redact(getattr(error, "fault", str(error)))
        wanted = fault["msg"].replace("Input should", "should").replace("String should", "should")
        if fault["type"] == "missing":
            return "is missing"
        secret = SECRETS.intersection(map(str, fault["loc"]))
        value = "***" if secret else redact(repr(fault["input"]))
        quotes = "; put it in quotes" if fault["type"] == "string_type" else ""
        return f"{value} {wanted[0].lower()}{wanted[1:]}{quotes}"

    def _sections(self) -> list[str]:
        return [
            *self._parts.chosen,
            *self._parts.plain,
            *self._parts.several,
            *self._parts.listed,
        ]

    def _fault(self, path: yaml12.Path, message: str) -> None:
        at = path
        while at and at not in self._lines:
            at = at[:-1]
        line = self._lines.get(at, 1)
        self.faults.append((line, f"{self._name}:{line}: {dotted(path)}: {message}"))


def _no_faults(*_: object) -> tuple[()]:
    return ()


def dotted(path: yaml12.Path) -> str:
    """("cameras", 0, "url") as people write it: cameras[0].url."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def _not_distinct(name: str | None, other: yaml12.Path) -> str:
    if name is None:
        return f"is missing, and {dotted(other)} has none either; one alone may do without"
    return f"{name!r} is also {dotted(other)}; each needs its own"


def _fields_at(model: type[BaseModel], path: list[str | int]) -> list[str]:
    """The known keys of the model that stands at `path` below `model`."""
    for key in path:
        if isinstance(key, str):
            kinds = _models_in(model.model_fields[key].annotation)
            model = kinds[0] if kinds else model
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
