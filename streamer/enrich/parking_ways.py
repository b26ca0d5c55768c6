"""Which way a vehicle went, by what the configuration says of the camera that saw it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamer.config import CameraConfig
from streamer.data import Direction, PlateEvent, Way

Directions = Mapping[str, Mapping[Direction, Way]]
"""By camera: which way somebody goes who moves like this through its picture."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The cameras where vehicles enter, and where they leave.

    `lined` have lines or areas of their own, which alone tell there (`PlateEvent.way`).
    """

    entry: Collection[str]
    exit: Collection[str]
    directions: Directions
    lined: Collection[str] = ()

    def concern(self, camera: str) -> bool:
        """Whether this camera stands where vehicles enter or leave."""
        return camera in self.entry or camera in self.exit

    def of(self, event: PlateEvent) -> Way | None:
        """Which way the vehicle went; None where that cannot be told."""
        if not self.concern(event.camera):
            return None
        if event.way is not None or event.camera in self.lined:
            return event.way
        if event.camera in self.directions:
            known = self.directions[event.camera]
            return None if event.direction is None else known.get(event.direction)
        return "entry" if event.camera in self.entry else "exit"


Fault = tuple[tuple[str | int, ...], str]
"""Where in a section, and what is wrong there."""


def faults(ways: Ways, cameras: Sequence[CameraConfig]) -> Iterator[Fault]:
    """What is wrong with ways that a configuration names, in words for who wrote it."""
    known = [camera.name for camera in cameras]
    for key, names in (("entry", ways.entry), ("exit", ways.exit), ("directions", ways.directions)):
        for place, name in enumerate(names):
            at = (key, name) if key == "directions" else (key, place)
            if name not in known:
                yield at, f"no camera '{name}'; there are: {', '.join(known)}"
            elif key == "directions" and not ways.concern(name):
                yield at, f"camera '{name}' is neither in parking.entry nor in parking.exit"
            elif key == "directions" and name in ways.lined:
                yield at, f"camera '{name}' has lines of its own, which tell; leave it out here"
    if bool(ways.entry) != bool(ways.exit):
        empty, full = ("exit", "entry") if ways.entry else ("entry", "exit")
        yield (empty,), f"is empty; name the cameras there as well, as parking.{full} does"
    for place, name in enumerate(ways.exit):
        if name in ways.entry and name not in ways.directions and name not in ways.lined:
            yield (
                ("exit", place),
                f"camera '{name}' is in parking.entry, too; draw its lines (`entry` and `exit` of"
                " the camera), or say in parking.directions who enters and who leaves",
            )
