"""Pictures of events, as files: `YYYY-MM-DD/<id>.jpg` (the frame) and `<id>-crop.jpg`."""

import logging
import re
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

from models.base import Image
from streamer.data import Decided, PlateEvent
from streamer.errors import UserError
from streamer.pictures import jpeg

log = logging.getLogger(__name__)

PICTURE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-crop)?\.jpg")
SNAPSHOT_QUALITY = 85
CROP_QUALITY = 95  # small, and people read the plate on it


class Media:
    """Writes the pictures of events below `folder`, and throws old ones away.

    `on_failure` is called for every picture that could not be written: the event goes on
    without it.
    """

    def __init__(self, folder: str | Path, on_failure: Callable[[], None] = lambda: None) -> None:
        self._folder = Path(folder).absolute()
        self._on_failure = on_failure

    def open(self) -> None:
        """Make the folder and try it. Raises UserError naming it."""
        trial = self._folder / ".writable"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            trial.write_bytes(b"")
            trial.unlink()
        except OSError as error:
            raise UserError(
                f"media folder '{self._folder}': {error.strerror};"
                " it must be a folder that may be written to"
            ) from error

    def illustrate(self, decided: Decided) -> PlateEvent:
        """The event with the paths of its two pictures; None for one that failed."""
        event, look = decided.event, decided.look
        day = self._folder / event.read_at.astimezone(UTC).date().isoformat()
        return replace(
            event,
            snapshot=self._write(day / f"{event.id}.jpg", look.frame.image, SNAPSHOT_QUALITY),
            crop=self._write(day / f"{event.id}-crop.jpg", look.crop, CROP_QUALITY),
        )

    def _write(self, path: Path, image: Image, quality: int) -> str | None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(image, quality))
        except (OSError, ValueError) as error:
            self._on_failure()
            log.error("picture %s could not be written: %s", path, error)
            with suppress(OSError):
                path.unlink()  # half a picture is none
            return None
        return str(path)

    def purge(self, before: date, keep: Container[str]) -> int:
        """Delete pictures of days before `before` whose event is not in `keep`; gives how many.

        Touches only files that carry the name of a picture of ours.
        """
        deleted = 0
        for folder in self._days_before(before):
            for path in list(folder.iterdir()):
                name = PICTURE.fullmatch(path.name)
                if name and name[1] not in keep:
                    path.unlink(missing_ok=True)
                    deleted += 1
            if not any(folder.iterdir()):
                folder.rmdir()
        return deleted

    def _days_before(self, before: date) -> Iterator[Path]:
        for folder in sorted(self._folder.iterdir()):
            try:
                if date.fromisoformat(folder.name) < before and folder.is_dir():
                    yield folder
            except ValueError:
                continue
