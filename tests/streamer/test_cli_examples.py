"""`--help` teaches: each command has examples, and each example is one that the parser takes."""

import argparse
import re
import shlex

import pytest

from streamer.cli import command_line, main
from streamer.commands.examples import EXAMPLES
from streamer.commands.teaching import commands_of

COMMANDS = [words for words, _ in commands_of(command_line())]


def test_every_command_has_examples_and_every_example_a_command():
    assert len(COMMANDS) > 20
    assert sorted(EXAMPLES) == sorted(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_help_describes_the_command_and_shows_examples(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    usage, description, *_ = text.split("\n\n")
    assert usage.startswith(f"usage: plate-streamer {words}".rstrip())
    assert len(description) > 20
    assert description[0].isupper()
    shown = examples_in(text)
    assert 2 <= len(shown) <= 4
    assert shown == [line for _, line in EXAMPLES[words]]


def examples_in(text):
    """The command lines of a help text, continued lines joined as a shell does."""
    lines = text.partition("\nexamples:\n")[2].replace(" \\\n     ", "").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("  #")]


@pytest.mark.parametrize(
    "line", [line for some in EXAMPLES.values() for _, line in some if "plate-streamer" in line]
)
def test_examples_parse(line):
    words = ours(line)
    options = command_line().parse_args(words)
    assert callable(options.command)


def ours(line):
    """The arguments of `plate-streamer` in a line that a shell would run."""
    before, _, after = line.partition("plate-streamer ")
    if not after:
        return []
    assert re.fullmatch(r"(\w+=\w+ |[\w -]+ \| )?", before), line
    return shlex.split(re.split(r" (?:\||>|&&) ", after)[0])


@pytest.mark.parametrize("words", COMMANDS)
def test_the_examples_of_a_command_use_it(words):
    for _, line in EXAMPLES[words]:
        assert f"plate-streamer {words}".rstrip() in line


@pytest.mark.parametrize("words", COMMANDS)
def test_defaults_are_told(words):
    parser = dict(commands_of(command_line()))[words]
    for action in parser._actions:
        if action.option_strings and action.default not in (None, False, "", [], argparse.SUPPRESS):
            assert "default" in action.help, action.option_strings


def test_an_example_that_is_wrong_would_be_seen():
    with pytest.raises(SystemExit):
        command_line().parse_args(ours("plate-streamer read car.jpg --frmat csv"))
