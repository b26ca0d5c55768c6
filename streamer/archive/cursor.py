"""Where a page of a search ends, as a word that nobody needs to understand."""

import base64
import binascii

from streamer.archive.records import BadQuery
from streamer.archive.search import Key

LATEST = 1 << 62


def write_cursor(key: Key) -> str:
    """The place behind an event."""
    return base64.urlsafe_b64encode(f"{key[0]}/{key[1]}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Key:
    """The place that `write_cursor` wrote. Raises BadQuery for anything else."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, slash, event_id = base64.b64decode(padded, b"-_", validate=True).decode().partition("/")
        key = int(at), event_id
        if not slash or "\0" in event_id or not 0 <= key[0] < LATEST:
            raise ValueError(cursor)
        if write_cursor(key) != cursor:
            raise ValueError(cursor)
    except (ValueError, binascii.Error):
        raise BadQuery("cursor", "is not one that a search has given") from None
    return key
