"""Passwords never reach a log, a metric or an error message."""

import re

# Bounded, for an endless word costs the square of its length otherwise.
_SCHEME = r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)"
# The second form is a password with an unescaped slash: after the colon stands no port.
_USER_INFO = re.compile(rf"{_SCHEME}(?:[^\s/\"]*@|[^\s/:@\"]*:(?!\d+(?:/|\s|$))[^\s\"]*@)")


# Some cameras take the login in the query: rtsp://host/?user=viewer&password=…
_QUERY = re.compile(r"(?i)\b(pass(?:word|wd)?|pwd|token|secret|auth)=[^&#\s\"']*")


def redact(text: str) -> str:
    """`text` with every URL's user, password and secrets of its query replaced by ***."""
    return _QUERY.sub(r"\1=***", _USER_INFO.sub(r"\g<scheme>***@", text))
