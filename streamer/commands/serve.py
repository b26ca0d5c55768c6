"""The commands of the portal: `serve`, and `password` for its users."""

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from streamer.errors import UserError


class Add(Protocol):
    """Adds a command, and gives its parser."""

    def __call__(
        self, name: str, does: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        """One whose help is `text`."""
        ...


def add_serve(add: Add) -> None:
    """`serve [CONFIG.yaml]` and `password`."""
    parser = add(
        "serve",
        _serve,
        "Serve the portal without cameras: what is in the archive, and pictures and videos that "
        "are sent to be read.",
    )
    parser.add_argument("config", type=Path, nargs="?", metavar="CONFIG.yaml")
    parser.add_argument("--port", type=int, metavar="N", help="in place of web.port; 0: a free one")
    add(
        "password",
        _password,
        "Ask for a password, from the terminal or stdin, and print its hash for web.users.",
    )


def _serve(options: argparse.Namespace) -> int:
    from streamer.serve import run_serve

    return run_serve(options.config, options.port)


def _password(_: argparse.Namespace) -> int:
    from streamer.web.passwords import PREFIX, PasswordHash, fault_of

    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if password.startswith(PREFIX):
        raise UserError("password: that is a hash already")
    if fault := fault_of(password):
        raise UserError(f"password: {fault}")
    print(PasswordHash.of(password))
    return 0


def _asked() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise UserError("password: these were two different ones")
    return password
