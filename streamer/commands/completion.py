"""`plate-streamer completion SHELL`: what a shell needs to complete our commands.

The script is complete in itself: no TAB starts Python.
"""

import argparse
import re
from collections.abc import Callable
from typing import Any

from streamer.commands.teaching import commands_of

SHELLS = ("bash", "zsh", "fish")
FOLDER = re.compile(r"DIR|FOLDER")
FILE = re.compile(r"FILE|PATH|CSV|\.(yaml|onnx|html|csv)")


def add_completion(
    add: Callable[..., argparse.ArgumentParser], root: argparse.ArgumentParser
) -> None:
    """Add the command; `add(name, function, help)` makes its parser, `root` is the whole."""
    text = "Print a script that lets a shell complete commands, options and files."

    def complete(options: argparse.Namespace) -> int:
        print(script(root, options.shell))
        return 0

    parser = add("completion", complete, text)
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads it")


def script(root: argparse.ArgumentParser, shell: str) -> str:
    """The completion of all commands below `root`, in the language of `shell`."""
    import shtab

    for _, parser in commands_of(root):
        for action in parser._actions:
            kind = _kind(action)
            if kind is not None:
                action.complete = shtab.DIRECTORY if kind == "folder" else shtab.FILE  # type: ignore[attr-defined]
    text: str = shtab.complete(root, shell)
    return text


def _kind(action: argparse.Action) -> str | None:
    """What an argument names: "file", "folder" (None: neither), as its help has it."""
    name: Any = action.metavar or ""
    word = name if isinstance(name, str) else ""
    if FILE.search(word):
        return "file"
    if FOLDER.search(word):
        return "folder"
    return "folder" if action.dest in ("run", "images", "annotations") else None
