"""Plates as people write them, and as the reader gives them: A-Z and 0-9, nothing between."""

from models.readers.decode import SIGNS, fold
from streamer.errors import WrongInput

WILDCARDS = "*?"
"""Any signs or none; exactly one sign."""
SEPARATORS = " \t\u00a0-\u2010\u2011\u2013\u2014.\u00b7\u2022:/_"
LONGEST = 20
"""No plate has more signs."""


class EntryError(WrongInput, ValueError):
    """An entry that cannot be used; the message says what would be right."""


def canonical(text: str) -> str:
    """`ab-123 cd` as AB123CD: case, blanks, hyphens and dots do not count, and Ö is read as O.

    Raises EntryError for what no plate shows.
    """
    return _folded(text, SIGNS)


def canonical_pattern(text: str) -> str:
    """`canonical`, with `*` and `?` left in; several `*` in a row are one."""
    pattern = _folded(text, SIGNS + WILDCARDS)
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern


def squeezed(text: str) -> str:
    """Part of a plate as people write it, to be looked for in plates: without what separates
    them; what no plate shows stays, and finds nothing."""
    return "".join(fold(char) or char for char in text.upper() if char not in SEPARATORS)


def is_pattern(plate: str) -> bool:
    """Whether it has wildcards."""
    return any(sign in plate for sign in WILDCARDS)


def _folded(text: str, allowed: str) -> str:
    signs = []
    for char in text.upper():
        if char in SEPARATORS:
            continue
        sign = char if char in allowed else fold(char)
        if not sign:
            raise EntryError(f"plate '{text}' has '{char}', which no plate shows")
        signs.append(sign)
    if not 1 <= len(signs) <= LONGEST:
        raise EntryError(f"plate '{text}' should have 1 to {LONGEST} letters and digits")
    return "".join(signs)
