"""The configuration: typed, checked as a whole, every fault at once with its key path.

A section that chooses a part (`reader: rapidocr`, or `reader: {name: paddle, model_dir: …}`)
takes that part's options: the keyword-only parameters of its constructor. So each option and
its default stand once, beside the code that uses them.
"""

from operator import itemgetter
from pathlib import Path

from streamer import yaml12
from streamer.config_check import Check
from streamer.errors import UserError
from streamer.sections import (
    CameraConfig,
    Config,
    KnownCamera,
    Part,
    Parts,
    Strict,
    make,
    options_model,
)

__all__ = [
    "CameraConfig",
    "Config",
    "ConfigError",
    "KnownCamera",
    "Part",
    "Parts",
    "Strict",
    "make",
    "options_model",
    "parse_config",
    "read_config",
]


class ConfigError(UserError):
    """All faults of a configuration, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_config(path: Path, parts: Parts, *, cameras: bool = True) -> Config:
    """The configuration in a file. Raises ConfigError with every fault, or UserError; without
    `cameras` it is none that there are none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give the path of a YAML configuration") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    return parse_config(text, parts, str(path), cameras=cameras)


def parse_config(text: str, parts: Parts, name: str = "config", *, cameras: bool = True) -> Config:
    """The configuration in a text; `name` stands before each fault. Else as `read_config`."""
    raw, lines = yaml12.load(text, name)
    if not isinstance(raw, dict):
        raise ConfigError([f"{name}: should be a mapping that begins with 'cameras:'"])
    check = Check(name, lines, parts, cameras=cameras)
    config = check.config(check.with_environment(raw, ()))
    if check.faults:
        raise ConfigError([fault for _, fault in sorted(check.faults, key=itemgetter(0))])
    return config
