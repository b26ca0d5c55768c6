"""Parts by name: `READERS = {"rapidocr": "models.readers.rapidocr:RapidocrReader"}`.

The tables are plain strings, so that they can be searched for, and a part is imported only
when it is chosen.
"""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

from streamer.errors import UserError

LABEL = "^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""What may become part of a topic and a label."""


def part_name(kind: str, name: str | None) -> str:
    """How one of several parts of a kind is known, whatever its place in the configuration:
    `webhook-barrier`; `webhook` for the one without a name."""
    return f"{kind}-{name}" if name else kind


def nearest(word: str, known: Mapping[str, object] | list[str]) -> str:
    """`; did you mean 'x'?` for the known word that looks most like `word`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def load_part(kind: str, table: Mapping[str, str], name: str) -> Any:
    """The class behind `name`. Raises UserError naming the known ones."""
    if name not in table:
        raise UserError(f"no such {kind} '{name}'; known: {', '.join(table)}{nearest(name, table)}")
    module, _, attribute = table[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
