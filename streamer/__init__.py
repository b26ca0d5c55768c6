"""plate-streamer: cameras in, one trustworthy event per vehicle out.

from streamer import PlateReader, main
"""

from typing import TYPE_CHECKING, Any

import models  # noqa: F401  (switches telemetry of the runtimes off before anything imports them)

if TYPE_CHECKING:
    from streamer.api import (
        Candidate,
        Character,
        Decided,
        FoundPlate,
        PlateEvent,
        PlateReader,
        UserError,
        events,
        main,
    )
    from streamer.embedded import web_app

__all__ = [
    "Candidate",
    "Character",
    "Decided",
    "FoundPlate",
    "PlateEvent",
    "PlateReader",
    "UserError",
    "events",
    "main",
    "web_app",
]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: `plate-streamer --help` needs no OpenCV.
    if name == "web_app":
        from streamer.embedded import web_app

        return web_app
    if name in __all__:
        from streamer import api

        return getattr(api, name)
    raise AttributeError(f"module 'streamer' has no attribute '{name}'")
