"""The daemon on a rendered gate: nothing to set up, events on the screen as they come."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from models.training.gate import GateScene
from streamer.app import PARTS, build_daemon
from streamer.config import parse_config
from streamer.data import Event, PlateEvent
from streamer.sinks.base import SinkBase

HEAD = "time      camera  plate       sure  looks  direction"


class ScreenSink(SinkBase):
    """Prints each event as one line for people, and keeps its plate."""

    name = "screen"

    def __init__(self) -> None:
        self.plates: list[str] = []

    def send(self, event: Event) -> None:
        """Print it."""
        if not isinstance(event, PlateEvent):
            return
        self.plates.append(event.plate)
        print(
            f"{event.last_seen:%H:%M:%S}  {event.camera:6}  {event.plate:10}"
            f"  {event.confidence:4.0%}  {event.looks:5}  {event.direction or ''}",
            flush=True,
        )


def run_demo(*, vehicles: int, seed: int, night: bool, fast: bool, stay: bool = False) -> int:
    """Run until the last vehicle has passed; then hold what was read against the truth. With
    `stay` the portal goes on until somebody ends it.

    Gives the daemon's exit code, and 1 if a plate is missing, wrong or there twice.
    """
    query = f"vehicles={vehicles}&seed={seed}&night={int(night)}"
    truth = [one.plate for one in GateScene(seed=seed, vehicles=vehicles, night=night).passages()]
    screen = ScreenSink()
    with tempfile.TemporaryDirectory(prefix="plate-streamer-") as folder:
        config = {
            "cameras": [{"name": "gate", "url": f"synthetic:?{query}", "realtime": not fast}],
            "store": {"folder": str(Path(folder) / "state")},
            "metrics": {"port": 0},
            "web": {"enabled": True, "port": 0},
        }
        print(f"a rendered gate; {vehicles} vehicles will pass; Ctrl-C ends it", flush=True)
        daemon = build_daemon(parse_config(json.dumps(config), PARTS), [screen], _show_address)
        daemon.stays = stay
        code = daemon.run()
    if code or (daemon.stopped and not stay):
        return code
    print(compare(truth, screen.plates))
    return 0 if sorted(truth) == sorted(screen.plates) else 1


def _show_address(url: str) -> None:
    print(f"the portal: {url}\n{HEAD}", flush=True)


def compare(truth: Sequence[str], read: Sequence[str]) -> str:
    """What was read against the truth, in one sentence."""
    right = sum(plate in read for plate in truth)
    missed = [plate for plate in truth if plate not in read]
    wrong = [plate for plate in read if plate not in truth]
    text = f"\n{right} of {len(truth)} plates read right, one event each"
    if len(set(read)) != len(read):
        text += f"; {len(read) - len(set(read))} event(s) too many"
    if missed:
        text += f"; missed: {', '.join(missed)}"
    if wrong:
        text += f"; wrong: {', '.join(wrong)}"
    return text
