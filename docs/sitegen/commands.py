"""A page for each command, from the parser that takes it."""

import argparse
import re
from collections.abc import Iterator

from sitegen.blocks import code, table
from streamer.cli import command_line
from streamer.commands.examples import EXAMPLES
from streamer.commands.teaching import commands_of, folded

TITLES = {"positional arguments": "Arguments", "options": "Options"}
HEAD = """# Command line

Results go to stdout; progress, logs and errors to stderr. Exit codes: 0 done, 1 the daemon failed
while running, 2 something you can mend (one line says what), 130 interrupted, 143 ended by SIGTERM.
A command's page says where it has others.

`plate-streamer COMMAND --help` says on the terminal what these pages say.

"""
INDEX = "reference/commands/index.md"


def command_pages() -> Iterator[tuple[str, str]]:
    """(path, text) of each, the first an index of all."""
    parsers = dict(commands_of(command_line()))
    rows = [
        (f"[`plate-streamer {words}`]({page_of(words)})", first_sentence(parser))
        for words, parser in parsers.items()
        if words
    ]
    yield INDEX, HEAD + table(("command", "does"), rows)
    for words, parser in parsers.items():
        if words:
            yield f"reference/commands/{page_of(words)}", page(words, parser)


def page_of(words: str) -> str:
    """The name of a command's page."""
    return f"{words.replace(' ', '-')}.md"


def first_sentence(parser: argparse.ArgumentParser) -> str:
    """What a command does, in short."""
    return re.split(r"(?<=\.)\s", " ".join((parser.description or "").split()))[0]


def page(words: str, parser: argparse.ArgumentParser) -> str:
    """All that the parser knows of its command."""
    parts = [f"# plate-streamer {words}\n", " ".join((parser.description or "").split()) + "\n"]
    parts.append(code(parser.format_usage().removeprefix("usage: "), "text"))
    parts.append("## Examples\n")
    for does, line in EXAMPLES.get(words, ()):
        parts.append(f"{does[0].upper()}{does[1:]}:\n\n{code(folded(line), 'sh')}")
    for group in parser._action_groups:
        shown = [one for one in group._group_actions if one.help != argparse.SUPPRESS]
        if shown:
            title = TITLES.get(group.title or "", "Options")
            parts.append(f"## {title}\n\n{arguments(parser, shown)}")
    return "\n".join(parts)


def arguments(parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> str:
    """A table of some arguments."""
    formatter = parser._get_formatter()
    return table(
        ("argument", "says"),
        [
            (f"`{name(formatter, one)}`", formatter._expand_help(one) if one.help else "")
            for one in actions
            if not isinstance(one, argparse._SubParsersAction)
        ]
        + [
            (f"[`{choice.dest}`]({page_of(f'{parser.prog} {choice.dest}'.split(' ', 1)[1])})",
             choice.help or "")
            for one in actions
            if isinstance(one, argparse._SubParsersAction)
            for choice in one._choices_actions
        ],
    )  # fmt: skip


def name(formatter: argparse.HelpFormatter, action: argparse.Action) -> str:
    """An argument, as one types it."""
    return formatter._format_action_invocation(action)
