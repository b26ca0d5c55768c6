from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Le

from streamer import config_check
from streamer.config import ConfigError, Parts, parse_config, read_config
from streamer.errors import UserError


class Eyes:
    def __init__(
        self,
        given_by_the_root: object = None,
        *,
        weights: Path | None = None,
        threads: Annotated[int, Ge(1), Le(8)] = 1,
        mode: Literal["fast", "exact"] = "fast",
    ):
        self.options = (weights, threads, mode)


class Needy:
    def __init__(self, *, host: str, password: str | None = None):
        self.host = host


class Listed:
    def __init__(self, *, name: str, size: int = 1):
        self.name = name

    @staticmethod
    def faults(options):
        if options["size"] > 9:
            yield "size", f"{options['size']} is too much"
            yield "size", "and so is all that is more"


HERE = f"{__name__}:Eyes"
PARTS = Parts(
    chosen={"reader": ({"eyes": HERE, "needy": f"{__name__}:Needy"}, "eyes")},
    plain={"looks": HERE},
    listed={"watches": f"{__name__}:Listed"},
    several={"sinks": {"needy": f"{__name__}:Needy", "eyes": HERE}},
)
CAMERA = "cameras: [{name: gate, url: 'rtsp://host/1'}]\n"


def faults(text):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, PARTS, "gate.yaml")
    return caught.value.faults


def test_the_least_configuration_is_one_camera():
    config = parse_config(CAMERA, PARTS)
    assert [camera.name for camera in config.cameras] == ["gate"]
    assert config.parts["reader"].name == "eyes"
    assert config.parts["reader"].options == {"weights": None, "threads": 1, "mode": "fast"}
    assert config.sinks == {}


@pytest.mark.parametrize(
    ("section", "name", "threads"),
    [
        ("reader: eyes", "eyes", 1),
        ("reader: {threads: 3}", "eyes", 3),
        ("reader: {name: eyes, threads: 4}", "eyes", 4),
    ],
)
def test_a_part_is_chosen_by_name_or_by_its_options(section, name, threads):
    part = parse_config(CAMERA + section, PARTS).parts["reader"]
    assert (part.name, part.options["threads"]) == (name, threads)
    assert isinstance(part.make(**part.options), Eyes)


def test_a_list_of_parts_has_each_under_its_name():
    parts = parse_config(CAMERA + "watches: [{name: a}, {name: b, size: 3}]", PARTS).listed
    assert [(one.name, one.options) for one in parts["watches"]] == [
        ("a", {"name": "a", "size": 1}),
        ("b", {"name": "b", "size": 3}),
    ]
    assert parse_config(CAMERA, PARTS).listed == {"watches": ()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("watches: {name: a}", ["gate.yaml:2: watches: {'name': 'a'} should be a list"]),
        ("watches: [a]", ["gate.yaml:2: watches[0]: 'a' should be a mapping with some of"]),
        (
            "watches:\n- {name: a}\n- {name: a}",
            ["gate.yaml:4: watches[1].name: 'a' is there twice"],
        ),
        ("watches: [{size: 2}]", ["gate.yaml:2: watches[0].name: is missing"]),
        (
            "watches:\n- name: a\n  size: 10\nlog: {level: x}",
            [
                "gate.yaml:4: watches[0].size: 10 is too much",
                "gate.yaml:4: watches[0].size: and so is all that is more",
                "gate.yaml:5: log.level: 'x' should be",
            ],
        ),
    ],
)
def test_faults_of_a_list_of_parts(text, found):
    told = faults(CAMERA + text)
    assert len(told) == len(found)
    assert all(one.startswith(wanted) for one, wanted in zip(told, found, strict=True)), told


def test_what_the_root_gives_is_no_option():
    assert "given_by_the_root" in faults(CAMERA + "looks: {given_by_the_root: 1}")[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("log: {level: info}", "gate.yaml:1: cameras: is missing"),
        ("cameras: []", "cameras: is empty; one camera at least"),
        ("cameras: [{url: x}]", "cameras[0].name: is missing"),
        ("cameras: [{name: 'a/b', url: x}]", "cameras[0].name: 'a/b' should match"),
        (CAMERA + "reader: eyez", "gate.yaml:2: reader: no such reader 'eyez'; known: eyes, needy"),
        (CAMERA + "reader: {name: eyez}", "reader.name: no such reader 'eyez'"),
        (CAMERA + "reader: [eyes]", "reader: ['eyes'] should be one of: eyes, needy"),
        (CAMERA + "reader: needy", "reader.host: is missing"),
        (CAMERA + "reader: {threads: 9}", "reader.threads: 9 should be less than or equal to 8"),
        (CAMERA + "reader: {mode: best}", "reader.mode: 'best' should be 'fast' or 'exact'"),
        (CAMERA + "reader: {thread: 2}", "reader.thread: unknown key; did you mean 'threads'?"),
        (CAMERA + "readr: eyes", "readr: unknown key; did you mean 'reader'?"),
        (
            CAMERA + "xyz: 1",
            "xyz: unknown key; known: cameras, formats, metrics, log, reader, looks, sinks",
        ),
        (CAMERA + "metrics: {prot: 1}", "metrics.prot: unknown key; did you mean 'port'?"),
        (CAMERA + "metrics: {port: 70000}", "metrics.port: 70000 should be less than or equal"),
        (CAMERA + "sinks: {eys: {}}", "sinks.eys: no such sink 'eys'; known: needy, eyes; did"),
        (CAMERA + "sinks: [eyes]", "sinks: ['eyes'] should be a mapping of: needy, eyes"),
        (CAMERA + "sinks: {eyes: 3}", "sinks.eyes: 3 should be a mapping with some of: weights"),
        (CAMERA + "looks: 3", "looks: 3 should be a mapping with some of: weights"),
        (CAMERA + "log: {level: loud}", "log.level: 'loud' should be 'debug', 'info'"),
        (
            "cameras: [{name: a, url: x}, {name: a, url: y}]",
            "cameras[1].name: 'a' is also cameras[0]",
        ),
        (
            "cameras: [{name: a, url: 'rtsp://u:${NO_SUCH_NAME}@h'}]",
            "cameras[0].url: the environment variable NO_SUCH_NAME is not set",
        ),
        (
            "cameras: [{name: a, url: x, transport: quic}]",
            "cameras[0].transport: 'quic' should be 'tcp' or 'udp'",
        ),
        ("cameras: [{name: a, url: x, username: 12}]", "12 should be a valid string; put it in qu"),
    ],
)
def test_a_fault_names_key_path_value_and_what_is_right(text, fault):
    assert any(fault in line for line in faults(text)), faults(text)


def test_all_faults_come_at_once_in_the_order_of_the_file():
    found = faults(
        "cameras:\n"
        "  - {name: a, url: x, transprt: tcp}\n"
        "reader: eyez\n"
        "looks: {threads: 0}\n"
        "sinks:\n"
        "  needy: {}\n"
        "metrics: {port: -1}\n"
    )
    assert [line.split(":")[1] for line in found] == ["2", "3", "4", "6", "7"]


@pytest.mark.parametrize(
    "text",
    [
        "cameras: [{name: a, url: x, password: 12345678}]",
        CAMERA + "sinks: {needy: {host: 1, password: [12345678]}}",
        "cameras: [{name: a, url: ['rtsp://joe:12345678@host']}]",
    ],
)
def test_a_fault_never_shows_a_password(text):
    assert "12345678" not in "\n".join(faults(text))


def test_secrets_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("GATE_PASSWORD", "s3cret")
    config = parse_config(CAMERA + "sinks: {needy: {host: h, password: '${GATE_PASSWORD}'}}", PARTS)
    assert config.sinks["needy"].options["password"] == "s3cret"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "should be a mapping"),
        ("- a", "should be a mapping"),
        ("cameras: [", "not YAML"),
        ("log: {}\nlog: {}", "gate.yaml:2: not YAML: the key 'log' is there twice"),
        ("a: !!python/object:os.system {}", "not YAML"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_line(text, says):
    with pytest.raises(UserError, match="^gate.yaml") as caught:
        parse_config(text, PARTS, "gate.yaml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere.yaml: no such file"):
        read_config(tmp_path / "nowhere.yaml", PARTS)


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="x.yaml: cannot be read"):
        read_config(tmp_path / "x.yaml", PARTS)


def test_a_key_path_reads_as_people_write_it():
    assert config_check.dotted(("cameras", 0, "url")) == "cameras[0].url"


def test_formats_are_those_of_all_countries_unless_said_otherwise():
    formats = parse_config(CAMERA, PARTS).formats
    assert (formats.countries, formats.patterns) == (None, ())
    said = "formats: {countries: [DE, NO], patterns: ['TAXI[0-9]{1,3}']}"
    formats = parse_config(CAMERA + said, PARTS).formats
    assert (formats.countries, formats.patterns) == (("DE", "NO"), ("TAXI[0-9]{1,3}",))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("countries: [DE, UK]", "formats.countries[1]: no formats of 'UK'; is it GB?"),
        ("countries: [Germany]", "formats.countries[0]: no formats of 'Germany'; known: AD, AE"),
        ("countries: []", "formats.countries: [] allows nothing; null allows all countries"),
        ("countries: DE", "formats.countries: 'DE' should be"),
        ("patterns: ['AB', 'A+']", "formats.patterns[1]: 'A+' has '+', which has no end; say how"),
        (
            "patterns: ['ab-1']",
            "formats.patterns[0]: 'ab-1' has 'a'; a plate's letters are capital",
        ),
        ("patterns: [12]", "formats.patterns[0]: 12 should be a valid string; put it in quotes"),
        ("pattern: []", "formats.pattern: unknown key; did you mean"),
    ],
)
def test_faults_in_formats_are_named_by_their_place(given, fault):
    assert f"gate.yaml:2: {fault}" in faults(f"{CAMERA}formats: {{{given}}}")[0]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("ignore: [[[0, 0], [1, 0]]]", "cameras[0].ignore[0]"),
        ("ignore: [[[0, 0], [1, 0], [1, 1.5]]]", "cameras[0].ignore[0][2][1]"),
        ("entry: [[[0, 0.5]]]", "cameras[0].entry[0]"),
        ("exit: [[[0, 0.5], [100, 0.5]]]", "cameras[0].exit[0][1][0]"),
        ("gate: 'no spaces'", "cameras[0].gate"),
    ],
)
def test_faults_in_places_are_named_by_their_point(given, fault):
    said = faults(f"cameras: [{{name: gate, url: 'a.mp4', {given}}}]")
    assert any(f"{fault}: " in one for one in said)


def test_places_are_those_of_the_camera():
    text = "cameras: [{name: gate, url: a.mp4, exit: [[[0, 0.5], [1, 0.5]]]}]"
    (camera,) = parse_config(text, PARTS).cameras
    assert camera.places().exit == (((0.0, 0.5), (1.0, 0.5)),)
    assert camera.places().has_ways
