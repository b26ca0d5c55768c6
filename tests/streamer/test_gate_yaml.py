"""`config/gate.yaml` is the manual: it names every key, with its default."""

import re
from pathlib import Path

import pytest

from streamer import yaml12
from streamer.app import PARTS
from streamer.config import CameraConfig, options_model, parse_config
from streamer.parts import load_part
from streamer.sections import FormatsConfig, LogConfig, MetricsConfig

FILE = Path(__file__).parents[2] / "config/gate.yaml"
EXAMPLES = {"name", "url", "username", "password", "host", "path"}  # have no default worth keeping


def whole_text():
    """The file with its optional parts (`#key:`, no blank after the sign) switched on."""
    return re.sub(r"^( *)#(?=[^ \n])", r"\1", FILE.read_text(), flags=re.MULTILINE)


def raw():
    return yaml12.load(whole_text(), "gate.yaml")[0]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in re.findall(r"\$\{(\w+)\}", FILE.read_text()):
        monkeypatch.setenv(name, "x")


def sections():
    yield "cameras", CameraConfig, raw()["cameras"][0]
    yield "formats", FormatsConfig, raw()["formats"]
    yield "metrics", MetricsConfig, raw()["metrics"]
    yield "log", LogConfig, raw()["log"]
    for section, (table, default) in PARTS.chosen.items():
        given = dict(raw()[section])
        name = given.pop("name", default)
        yield section, options_model(load_part(section, table, name)), given
    for section, place in PARTS.plain.items():
        yield section, options_model(load_part(section, {section: place}, section)), raw()[section]
    for section, table in PARTS.several.items():
        for name, given in raw()[section].items():
            yield f"{section}.{name}", options_model(load_part(section, table, name)), given
    for section, place in PARTS.listed.items():
        first = raw()[section][0]
        yield section, options_model(load_part(section, {section: place}, section)), first


def test_the_file_is_a_good_configuration():
    assert parse_config(FILE.read_text(), PARTS, "gate.yaml").cameras


def test_with_every_optional_part_it_is_good_too():
    assert parse_config(whole_text(), PARTS, "gate.yaml").cameras


def test_every_key_of_every_section_is_explained():
    for section, model, given in sections():
        assert set(given or {}) == set(model.model_fields), section


def test_every_default_is_the_real_one():
    for section, model, given in sections():
        for key, field in model.model_fields.items():
            if key in EXAMPLES or field.is_required():
                continue
            found = getattr(model(**given), key)
            assert found == field.default, f"{section}.{key}: {found} is not {field.default}"


def test_every_key_has_a_line_of_why():
    lines = FILE.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^ +#?[a-z_]+: [^#]*$", line):
            above = lines[number - 1].strip()
            assert above.startswith("# "), f"line {number + 1}: {line}"
