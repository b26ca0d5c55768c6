"""What all commands' help has in common: paragraphs that fit a terminal, defaults, examples."""

import argparse
import textwrap
from collections.abc import Iterator

from streamer.commands.examples import EXAMPLES, Examples

WIDTH = 78


def commands_of(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of each command, by its words ("train reader"), itself first, as ""."""
    yield " ".join(words), parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from commands_of(inner, (*words, name))


def teach(parser: argparse.ArgumentParser) -> None:
    """Give a parser and all its commands examples, and its options their defaults."""
    for words, one in commands_of(parser):
        one.formatter_class = argparse.RawDescriptionHelpFormatter
        one.description = textwrap.fill(one.description or "", WIDTH)
        if words in EXAMPLES:
            one.epilog = epilog(EXAMPLES[words])
        for action in one._actions:
            _tell_default(action)


def epilog(examples: Examples) -> str:
    """The end of a help text."""
    return "examples:\n" + "\n\n".join(f"  # {does}\n  {folded(line)}" for does, line in examples)


def folded(line: str) -> str:
    """A command line on several lines, as a shell takes it."""
    parts = textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)
    return " \\\n      ".join(parts)


def _tell_default(action: argparse.Action) -> None:
    said = action.help or ""
    if not action.option_strings or _goes_without_saying(action.default) or "default" in said:
        return
    told = "default: %(default)s"
    action.help = f"{said} ({told})" if said else told


def _goes_without_saying(default: object) -> bool:
    return default is None or default is False or default in ("", [], argparse.SUPPRESS)
