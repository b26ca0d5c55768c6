"""Checking a configuration as a whole: every fault at once, with its line and key path."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from streamer import yaml12
from streamer.errors import UserError
from streamer.parts import load_part, nearest, part_name
from streamer.redact import redact
from streamer.sections import (
    CameraConfig,
    Config,
    Fixed,
    FormatsConfig,
    LogConfig,
    MetricsConfig,
    Part,
    Parts,
    options_model,
)

SECRETS = {"password", "secret", "headers", "pictures_options", "token", "users", "tokens"}
M = TypeVar("M", bound=BaseModel)


class Check:
    """Walks a raw configuration and gathers what is wrong with it."""

    def __init__(
        self, name: str, lines: dict[yaml12.Path, int], parts: Parts, *, cameras: bool = True
    ) -> None:
        self.faults: list[tuple[int, str]] = []
        self._name = name
        self._lines = lines
        self._parts = parts
        self._cameras: list[str] | None = None  # not known yet
        self._wants_cameras = cameras

    def config(self, raw: dict[str, Any]) -> Config:
        """The configuration that `raw` says, as far as it goes; `faults` tell the rest."""
        sections = self._sections()
        given: dict[str, Any] = {} if self._wants_cameras else {"cameras": []}
        given |= {key: value for key, value in raw.items() if key not in sections}
        fixed = self._validate(Fixed, given, ())
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
        listed = {s: tuple(self._items(s, raw.get(s))) for s in self._parts.listed}
        if fixed:
            names = {section: [part.name for part in parts] for section, parts in listed.items()}
            self._check_among(cameras, names, [part for part in plain.values() if part])
        for index, camera in enumerate(cameras):
            radar = camera.speed.mqtt if camera.speed else None
            if radar is not None and radar.host is None and "mqtt" not in sinks:
                fault = "is missing, and there is no sinks.mqtt whose broker it could be"
                self._fault(("cameras", index, "speed", "mqtt", "host"), fault)
        return Config(
            cameras=cameras,
            formats=fixed.formats if fixed else FormatsConfig(),
            metrics=fixed.metrics if fixed else MetricsConfig(),
            log=fixed.log if fixed else LogConfig(),
            parts={key: part for key, part in {**chosen, **plain}.items() if part},
            sinks=sinks,
            listed=listed,
        )

    def _check_among(
        self, cameras: tuple[CameraConfig, ...], listed: dict[str, list[str]], parts: list[Part]
    ) -> None:
        """Options that name cameras or lists: a part that has such says what is wrong."""
        for part in parts:
            faults = getattr(part.make, "faults_among", _no_faults)
            for place, fault in faults(part.options, cameras, listed):
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
        if not cameras and self._wants_cameras:
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
            known = _fields_at(model, parents) + (self._sections() if model is Fixed else [])
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
