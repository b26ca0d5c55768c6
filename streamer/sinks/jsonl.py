"""One `plate-event/1` per line of a file."""

from streamer.codec import decode, encode
from streamer.data import Event
from streamer.errors import UserError
from streamer.sinks.file_sink import FileSink


class JsonlSink(FileSink):
    """Each line the JSON of an event."""

    name = "jsonl"

    @staticmethod
    def is_whole(line: bytes) -> bool:
        """Whether it is an event."""
        try:
            decode(line)
        except UserError:
            return False
        return True

    def line(self, event: Event) -> bytes:
        """Its JSON."""
        return encode(event).encode() + b"\n"
