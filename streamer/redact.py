"""Passwords never reach a log, a metric or an error message."""

import re

_USER_INFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@]*(?::[^\s@]*)?@")


def redact(text: str) -> str:
    """`text` with the user and password of every URL in it replaced: `rtsp://***@host/path`."""
    return _USER_INFO.sub(r"\g<scheme>***@", text)
