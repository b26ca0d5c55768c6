"""The REST API for an application of somebody else: `with web_app() as plates: …`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from streamer.config import make
from streamer.roots.portal import portal_alone
from streamer.serve import serving_config
from streamer.web.mounted import Mounted
from streamer.web.options import Web
from streamer.web.site import create_app


@contextmanager
def web_app(config: str | Path | None = None, *, guarded: bool = True) -> Iterator[ASGIApp]:
    """The API (`…/api/v1/read` and all else of docs/api.md) as an ASGI application, to be mounted.

    `config` is a configuration file, whose cameras are left alone; None: that of a user who has
    none. It is open while the block lasts. `guarded` asks everybody for a token where
    `web.tokens` or `web.users` name somebody, and is otherwise there for programs of this machine
    alone; False leaves it to the application around it who may come in. Raises UserError.
    """
    settings = serving_config(None if config is None else Path(config))
    web: Web = make(settings.parts["web"])
    portal, services = portal_alone(settings, web)
    with ExitStack() as open_things:
        if portal.reading is not None:
            open_things.callback(portal.reading.stop)
        for service in services:
            open_things.callback(service())
        open_things.callback(portal.hub.close)
        yield Mounted(create_app(portal, web if guarded else None))
