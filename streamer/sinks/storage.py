"""What is kept on disk, and for how long: the section `store` of the configuration."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le

from streamer.pictures import RemoteUse
from streamer.sinks.media import Media
from streamer.sinks.outbox import Outbox
from streamer.sinks.picture_upload import PictureUpload
from streamer.sinks.remote import Remote, url_fault
from streamer.sinks.retention import Retention


class Storage:
    """The outbox for `sinks`, the pictures and the sweeping of old ones, in one `folder`.

    `media` is None without `pictures`; `sinks` are those that it needs itself: with `pictures_url`
    one that carries them there.
    `on_picture_failure` is called for every picture that could not be written,
    `on_remote_failure` as in `Media`.
    """

    def __init__(
        self,
        sinks: Mapping[str, Collection[str]] | Iterable[str] = (),
        on_picture_failure: Callable[[], None] = lambda: None,
        on_remote_failure: Callable[[RemoteUse], None] = lambda _: None,
        *,
        folder: Path = Path("state"),
        pictures: bool = True,
        pictures_url: str | None = None,
        pictures_options: dict[str, Any] = {},  # noqa: B006  (is not changed)
        keep_days: Annotated[int, Ge(1), Le(36500)] = 30,
    ) -> None:
        self.outbox = Outbox(folder / "events.sqlite3", sinks)
        remote = Remote(pictures_url, pictures_options) if pictures and pictures_url else None
        told = (on_picture_failure, remote, on_remote_failure)
        self.media = Media(folder / "pictures", *told, folder / "lessons") if pictures else None
        self.sinks = [PictureUpload(self.media)] if self.media and remote else []
        self.retention = Retention(self.outbox, self.media, keep_days)

    @staticmethod
    def faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with a URL of pictures."""
        url = options["pictures_url"]
        if url is not None and (fault := url_fault(url)):
            yield "pictures_url", fault

    def read_picture(self, place: str) -> bytes | None:
        """As `Media.read`; None where no pictures are kept."""
        return self.media.read(place) if self.media else None
