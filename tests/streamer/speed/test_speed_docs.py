"""The examples of docs/speed.md are configurations without faults."""

import re
import textwrap
from pathlib import Path

import pytest

from streamer.app import PARTS
from streamer.config import parse_config

PAGE = (Path(__file__).parents[3] / "docs/speed.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_good_configuration(example):
    speed = textwrap.dedent(example[example.index("    speed:") :])
    text = f"cameras:\n- name: gate\n  url: a.mp4\n{textwrap.indent(speed, '  ')}"
    config = parse_config(text + "sinks: {mqtt: {host: localhost}}\n", PARTS)
    assert config.cameras[0].speed is not None


def test_there_is_one_of_each():
    assert len(EXAMPLES) == 3
