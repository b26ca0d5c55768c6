"""Passwords never reach a log, a metric or an error message."""

import re

_SCHEME = r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)"
# The second form is a password with an unescaped slash: after the colon stands no port.
_USER_INFO = re.compile(rf"{_SCHEME}(?:[^\s/]*@|[^\s/:@]*:(?!\d+(?:/|\s|$))\S*@)")


def redact(text: str) -> str:
    """`text` with the user and password of every URL in it replaced: `rtsp://***@host/path`."""
    return _USER_INFO.sub(r"\g<scheme>***@", text)
