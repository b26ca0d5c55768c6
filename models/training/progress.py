"""How far long work is, on stderr."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

EVERY = 500


def counted(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items; now and then a line says how many there were."""
    for count, item in enumerate(items, start=1):
        yield item
        if count % EVERY == 0:
            print(f"read {count} of {len(items)} {what}", file=sys.stderr)
