"""`plate-streamer dead-letters`: events that never arrived, and another try for them."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.errors import UserError
from streamer.redact import redact

if TYPE_CHECKING:
    from streamer.sinks.outbox import Outbox


def add_dead_letters(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command; `add(name, function, help)` makes its parser."""
    parser = add(
        "dead-letters",
        _dead_letters,
        "List the events that a sink refused or that waited too long for it.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument(
        "--retry", metavar="SINK", help="have them wait for this sink again (stop the daemon first)"
    )


def _dead_letters(options: argparse.Namespace) -> int:
    from streamer.app import checked
    from streamer.config import make
    from streamer.sinks.dead_letters import dead_letters

    config = checked(options.config)
    outbox = make(config.parts["store"]).outbox
    if options.retry:
        return _retry(outbox, options.retry, list(config.sinks))
    found = dead_letters(outbox.store.path)
    for letter in found:
        since = datetime.fromtimestamp(letter.since, UTC)
        cells = (letter.sink, letter.event_id, letter.camera, letter.plate)
        print(*cells, f"{since:%Y-%m-%dT%H:%M:%SZ}", _one_line(letter.error), sep="\t")
    print(f"dead letters: {len(found)}", file=sys.stderr)
    return 0


def _one_line(error: str) -> str:
    return redact(" ".join(error.split()))


def _retry(outbox: "Outbox", sink: str, known: list[str]) -> int:
    from streamer.parts import nearest
    from streamer.sinks.store import StoreInUse

    if sink not in known:
        raise UserError(
            f"--retry {sink}: no such sink; known: {', '.join(known)}{nearest(sink, known)}"
        )
    try:
        outbox.open()
    except StoreInUse:
        raise UserError(
            f"--retry {sink}: the daemon is running and holds '{outbox.store.path}';"
            " stop it, then try again"
        ) from None
    try:
        print(f"{outbox.revive(sink)} events wait for sink {sink} again", file=sys.stderr)
    finally:
        outbox.close()
    return 0
