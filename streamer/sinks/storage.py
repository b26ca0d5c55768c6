"""What is kept on disk, and for how long: the section `store` of the configuration."""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from streamer.sinks.media import Media
from streamer.sinks.outbox import Outbox
from streamer.sinks.retention import Retention


class Storage:
    """The outbox for `sinks`, the pictures and the sweeping of old ones, in one `folder`.

    `media` is None without `pictures`. `on_picture_failure` is called for every picture that
    could not be written.
    """

    def __init__(
        self,
        sinks: Mapping[str, Collection[str]] | Iterable[str] = (),
        on_picture_failure: Callable[[], None] = lambda: None,
        *,
        folder: Path = Path("state"),
        pictures: bool = True,
        keep_days: Annotated[int, Ge(1), Le(36500)] = 30,
    ) -> None:
        self.outbox = Outbox(folder / "events.sqlite3", sinks)
        self.media = Media(folder / "pictures", on_picture_failure) if pictures else None
        self.retention = Retention(self.outbox, self.media, keep_days)
