"""Hands events on to somebody within the daemon, as often and as surely as to any sink."""

from collections.abc import Callable, Collection

from streamer.data import Event
from streamer.errors import SinkError, UserError
from streamer.sinks.base import SinkBase


class Within(SinkBase):
    """A sink that calls `take` with each event of `kinds`, in the order they were accepted.

    `take` must have the same effect when it is given an event once more. A UserError of it (the
    store failed) is waited out; no event is given up for that.
    """

    def __init__(self, name: str, kinds: Collection[str], take: Callable[[Event], None]) -> None:
        self.name = name
        self.kinds = kinds
        self._take = take

    def send(self, event: Event) -> None:
        """Return when it has been taken. Raises SinkError otherwise."""
        try:
            self._take(event)
        except UserError as error:
            raise SinkError(str(error)) from error
