"""Carries the pictures of events to where `store.pictures_url` says."""

from streamer.data import Event, PlateEvent
from streamer.errors import SinkError, UserError
from streamer.sinks.base import SinkBase
from streamer.sinks.media import Media


class PictureUpload(SinkBase):
    """A sink behind the outbox, so that an outage or a restart loses no picture.

    None is ever given up: whatever is wrong with the other side, somebody may mend it.
    """

    name = "pictures"

    def __init__(self, media: Media) -> None:
        self._media = media

    def send(self, event: Event) -> None:
        """Return when both pictures are there, as far as there are any. Raises SinkError."""
        try:
            if isinstance(event, PlateEvent):
                self._media.upload(event)
            self._media.upload_lessons()
        except UserError as error:
            raise SinkError(str(error)) from error

    def tidy(self) -> None:
        """Lessons do not have to wait for the next vehicle. Raises UserError."""
        self._media.upload_lessons()
