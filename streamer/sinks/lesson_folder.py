"""What can be learnt from corrections: `<event>.png`, a piece of a picture, and `<event>.json`.

They outlive events and their pictures, for somebody has said what is on them.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

from models.base import Image
from streamer.codec import to_text
from streamer.data import PlateEvent
from streamer.errors import UserError
from streamer.pictures import png, unpacked
from streamer.sinks.remote import Remote

log = logging.getLogger(__name__)

EVENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MARGIN = 3.0
"""Around the plate, in its heights. A reader's training cuts more widely than the box (0.4), and
takes pieces beside it for what is no plate: with 2 none has room."""

GOING = ".going"

Box = tuple[int, int, int, int]


class LessonFolder:
    """Lessons in `folder`, and at `remote` too, below `lessons/`.

    Any thread may call any method. What has changed and is not yet so at `remote` is noted in
    the folder `changed`, so that an outage or a restart loses none.
    """

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        self._folder = folder
        self._remote = remote
        self._changed = folder / "changed"
        self._lock = threading.Lock()

    def has(self, event_id: str) -> bool:
        """Whether there is one of that event."""
        return self._file(event_id, "json").is_file()

    def keep(self, event: PlateEvent, picture: bytes) -> bool:
        """Cut the lesson out of the event's picture; False if that shows no such box.

        Without loss: a JPEG of a JPEG has faults that no camera makes. Raises UserError if it
        cannot be written.
        """
        image = unpacked(picture)
        found = None if image is None else cut_out(image, event)
        if found is None:
            log.warning("event %s: its picture does not show the plate", event.id)
            return False
        piece, box = found
        about = {
            "event": event.id,
            "camera": event.camera,
            "at": to_text(event.read_at),
            "read": event.plate,
            "box": box,
            "size": [piece.shape[1], piece.shape[0]],
        }
        with self._lock:
            self._write(event.id, "png", png(piece))
            # Last: with this there is a lesson.
            self._write(event.id, "json", json.dumps(about).encode())
            self._note(event.id)
        return True

    def load(self, event_id: str) -> tuple[Image, Box] | None:
        """The piece of picture, (H, W, 3) uint8 BGR, and the box in it; None without one.

        Raises UserError if it could only be elsewhere, and nobody answers there.
        """
        about, picture = (self._read(event_id, ending) for ending in ("json", "png"))
        if about is None or picture is None:
            return None
        try:
            x1, y1, x2, y2 = (int(edge) for edge in json.loads(about)["box"])
        except (ValueError, KeyError, TypeError):
            log.error("lesson of event %s: its JSON is damaged", event_id)
            return None
        image = unpacked(picture)
        return None if image is None else (image, (x1, y1, x2, y2))

    def forget(self, event_id: str) -> bool:
        """Throw a lesson away; False if there was none."""
        with self._lock:
            there = self.has(event_id)
            for ending in ("json", "png"):
                self._file(event_id, ending).unlink(missing_ok=True)
            if there:
                self._note(event_id)
        return there

    def upload(self) -> None:
        """Have `remote` as it is here. Raises UserError."""
        if self._remote is None or not self._changed.is_dir():
            return
        for mark in sorted(self._changed.iterdir()):
            event_id = mark.name.removesuffix(GOING)
            going = self._changed / f"{event_id}{GOING}"
            mark.replace(going)  # what changes meanwhile is marked anew
            self._carry(self._remote, event_id)
            going.unlink()

    def _carry(self, remote: Remote, event_id: str) -> None:
        names = [f"{event_id}.{ending}" for ending in ("png", "json")]
        try:
            files = {f"lessons/{name}": (self._folder / name).read_bytes() for name in names}
        except FileNotFoundError:
            for name in names:
                remote.delete(f"lessons/{name}")
            return
        except OSError as error:
            raise UserError(f"lesson '{self._folder / names[0]}': {error.strerror}") from error
        remote.put(files)

    def _file(self, event_id: str, ending: str) -> Path:
        if not EVENT_ID.fullmatch(event_id):
            raise UserError(f"event '{event_id}': no such id; it should be a UUID")
        return self._folder / f"{event_id}.{ending}"

    def _read(self, event_id: str, ending: str) -> bytes | None:
        file = self._file(event_id, ending)
        try:
            return file.read_bytes()
        except OSError:
            if self._remote is None or (self._changed / event_id).exists():
                return None  # what is still to be thrown away there is gone
            return self._remote.get(f"lessons/{file.name}")

    def _write(self, event_id: str, ending: str, content: bytes) -> None:
        file = self._file(event_id, ending)

        def write() -> None:
            half = file.with_suffix(f".{ending}.half")
            with half.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())  # nobody corrects the same plate twice
            half.replace(file)

        self._on_disk(write)

    def _note(self, event_id: str) -> None:
        if self._remote is not None:
            self._on_disk((self._changed / event_id).touch, self._changed)

    def _on_disk(self, does: Callable[[], object], folder: Path | None = None) -> None:
        try:
            (folder or self._folder).mkdir(parents=True, exist_ok=True)
            does()
        except OSError as error:
            raise UserError(
                f"lessons folder '{self._folder}': {error.strerror};"
                " it must be a folder that may be written to, with space left"
            ) from error


def cut_out(image: Image, event: PlateEvent) -> tuple[Image, Box] | None:
    """The piece of an event's picture around its plate, and where the plate is in it; None if the
    picture is another's."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = event.box
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if event.frame_size != (width, height) or x1 >= x2 or y1 >= y2:
        return None
    more = round(MARGIN * (y2 - y1))
    left, top = max(x1 - more, 0), max(y1 - more, 0)
    piece = image[top : y2 + more, left : x2 + more]
    return piece, (x1 - left, y1 - top, x2 - left, y2 - top)
