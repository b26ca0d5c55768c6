import pytest

from streamer.errors import UserError
from streamer.yaml12 import load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("-5", -5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("2026-01-02", "2026-01-02"),
        ("~", None),
        ("''", ""),
        ("null", None),
        ("a: ", {"a": None}),
    ],
)
def test_scalars_follow_the_core_schema(text, value):
    loaded, _ = load(text, "test")
    assert loaded == value
    assert type(loaded) is type(value)


def test_every_value_knows_its_line():
    _, lines = load("a: 1\nb:\n  - x\n  - {c: 2}\n", "test")
    assert lines[("a",)] == 1
    assert lines[("b", 1)] == 4
    assert lines[("b", 1, "c")] == 4


def test_anchors_and_merge_keys_are_not_confused_with_duplicates():
    assert load("a: &x {k: 1}\nb: *x", "test")[0] == {"a": {"k": 1}, "b": {"k": 1}}


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2", "{", "a: b: c", "\t- x", "? [a]\n: b", "\x00", "a: &x [*x]"]
)
def test_faulty_yaml_is_one_line(text):
    with pytest.raises(UserError, match="^test") as caught:
        load(text, "test")
    assert "\n" not in str(caught.value)
