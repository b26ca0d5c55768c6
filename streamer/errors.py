"""Errors that a user can mend: one line, no traceback, exit code 2."""

from collections.abc import Sequence
from typing import Literal


class UserError(Exception):
    """The message names the key or file, its value, and what would be right."""


class NotThere(UserError):
    """What was asked for does not exist."""


class NotPossible(UserError):
    """It cannot be done as things stand; the message says what stands against it."""


class WrongInput(UserError):
    """What somebody has given is wrong. `by_part` are pairs of a part of it and what is wrong
    with that, where this is known."""

    def __init__(self, message: str, by_part: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.by_part = tuple(by_part)


StreamFailure = Literal[
    "not_found", "unauthorized", "refused", "timeout", "no_video", "corrupt", "ended", "error"
]
"""Why a source stopped; a label of `anpr_stream_reconnects_total`, so the set is closed."""


class SourceError(UserError):
    """A source that failed. `permanent` says that waiting cannot help (a missing file, say)."""

    def __init__(self, message: str, *, reason: StreamFailure, permanent: bool = False) -> None:
        super().__init__(message)
        self.reason: StreamFailure = reason
        self.permanent = permanent


class SinkError(UserError):
    """A sink that could not deliver.

    `permanent`: the configuration is wrong (password refused, say), waiting cannot help.
    `rejected`: this one event was refused by the other side, and will be again.
    Neither: the other side is away; try again later, and not before `retry_after_s` seconds
    have passed.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        rejected: bool = False,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.rejected = rejected
        self.retry_after_s = retry_after_s
