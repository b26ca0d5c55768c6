"""Pictures of events, as files: `YYYY-MM-DD/<id>.jpg` (the frame) and `<id>-crop.jpg`.

They are written here, at once, and carried elsewhere afterwards, if anywhere: the gate waits for
no network. An event then says where they will be.
"""

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
from streamer.pictures import RemoteUse, jpeg
from streamer.sinks.lesson_folder import Box, LessonFolder
from streamer.sinks.remote import Remote, RemoteError

log = logging.getLogger(__name__)

PICTURE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-crop)?\.jpg")
NAME = re.compile(rf"(?:.*/)?(\d{{4}}-\d\d-\d\d/{PICTURE.pattern})", re.DOTALL)
SNAPSHOT_QUALITY = 85
CROP_QUALITY = 95  # small, and people read the plate on it


def name_of(place: str) -> str | None:
    """`YYYY-MM-DD/<id>.jpg` of an event's `snapshot` or `crop`; None for what is none of ours.

    Whatever stands before that does not matter: pictures are looked for where ours are now.
    """
    found = NAME.fullmatch(place)
    return found[1] if found else None


class Media:
    """Writes the pictures of events below `folder`, reads them, and throws old ones away.

    `on_failure` is called for every picture that could not be written: the event goes on
    without it. With `remote` pictures are carried there too (see `PictureUpload`), and
    `on_remote_failure` is told of those that were gone before they could be carried, and of what
    could not be read or deleted there. `lessons` is the folder of what corrections teach.
    """

    def __init__(
        self,
        folder: str | Path,
        on_failure: Callable[[], None] = lambda: None,
        remote: Remote | None = None,
        on_remote_failure: Callable[[RemoteUse], None] = lambda _: None,
        lessons: Path | None = None,
    ) -> None:
        self._folder = Path(folder).absolute()
        self._on_failure = on_failure
        self._remote = remote
        self._on_remote_failure = on_remote_failure
        self._lessons = LessonFolder(lessons or self._folder / "lessons", remote)
        self._old = self._folder / "old-elsewhere"
        self._complaint = ""

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
        """The event with the places of its two pictures; None for one that failed."""
        event, look = decided.event, decided.look
        day = event.read_at.astimezone(UTC).date().isoformat()
        return replace(
            event,
            snapshot=self._write(f"{day}/{event.id}.jpg", look.frame.image, SNAPSHOT_QUALITY),
            crop=self._write(f"{day}/{event.id}-crop.jpg", look.crop, CROP_QUALITY),
        )

    def _write(self, name: str, image: Image, quality: int) -> str | None:
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpeg(image, quality))
        except (OSError, ValueError) as error:
            self._on_failure()
            log.error("picture %s could not be written: %s", path, error)
            with suppress(OSError):
                path.unlink()  # half a picture is none
            return None
        return f"{self._remote.url}/{name}" if self._remote else str(path)

    def read(self, place: str) -> bytes | None:
        """The JPEG that an event's `snapshot` or `crop` names; None if there is none (any more).

        Nothing but pictures of ours is read, whatever the place says. Raises UserError if one
        could only be elsewhere, and nobody answers there.
        """
        name = name_of(place)
        if name is None:
            return None
        picture = self._local(name)
        if picture is not None or self._remote is None:
            return picture
        try:
            return self._remote.get(name)
        except RemoteError:
            self._on_remote_failure("read")
            raise

    def _local(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def upload(self, event: PlateEvent) -> None:
        """Carry the event's pictures to `remote`. Raises UserError if that cannot be done now.

        One that is here no more is left out: waiting would not bring it back.
        """
        if self._remote is None:
            return
        names = [name_of(place) for place in (event.snapshot, event.crop) if place]
        found = {name: self._local(name) for name in names if name}
        files = {name: picture for name, picture in found.items() if picture is not None}
        if files:
            self._remote.put(files)
        for name in found.keys() - files:
            self._on_remote_failure("upload")
            log.error("picture %s was gone before it could be put to %s", name, self._remote.url)

    def upload_lessons(self) -> None:
        """Carry to `remote` what has changed among the lessons. Raises UserError."""
        self._lessons.upload()

    def keep_lesson(self, event: PlateEvent) -> bool:
        """Keep what a correction of the event can be learnt from, for good; False if its picture
        is gone. Raises UserError if it cannot be written or fetched."""
        if self._lessons.has(event.id):
            return True
        picture = self.read(event.snapshot) if event.snapshot else None
        return picture is not None and self._lessons.keep(event, picture)

    def lesson(self, event_id: str) -> tuple[Image, Box] | None:
        """A picture that was kept, (H, W, 3) uint8 BGR, and the box of the plate in it.

        Raises UserError if it could only be elsewhere, and nobody answers there.
        """
        return self._lessons.load(event_id)

    def forget_lesson(self, event_id: str) -> bool:
        """Throw away what was kept (the correction was taken back); False if nothing was."""
        return self._lessons.forget(event_id)

    def purge(self, before: date, keep: Container[str]) -> int:
        """Delete pictures of days before `before` whose event is not in `keep`; gives how many.

        Touches only files that carry the name of a picture of ours. The copies elsewhere are
        noted, for `purge_remote`.
        """
        deleted = 0
        for folder in self._days_before(before):
            old = [
                path
                for path in folder.iterdir()
                if (name := PICTURE.fullmatch(path.name)) and name[1] not in keep
            ]
            if self._remote is not None and old:
                with self._old.open("a", encoding="ascii") as notes:
                    notes.writelines(f"{folder.name}/{path.name}\n" for path in old)
            for path in old:
                path.unlink(missing_ok=True)
            deleted += len(old)
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

    def purge_remote(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Delete at `remote` what `purge` has deleted here; gives how many.

        Only what this daemon had itself: others may keep theirs in the same place. What cannot
        be deleted now, or not before `stopping`, is still noted the next time.
        """
        if self._remote is None or not self._old.exists():
            return 0
        names = [name for name in self._old.read_text("ascii").split() if name_of(name) == name]
        done = 0
        try:
            for name in names:
                if stopping():
                    break
                self._remote.delete(name)
                done += 1
            self._complaint = ""
        except RemoteError as error:
            self._on_remote_failure("delete")
            self._complain(f"old pictures are kept for now: {error}")
        half = self._old.with_suffix(".half")
        half.write_text("".join(f"{name}\n" for name in names[done:]), "ascii")
        half.replace(self._old)
        if done == len(names):
            self._old.unlink()
        return done

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("%s", complaint)
