"""The portal without cameras: what is in the archive, and pictures and videos that are sent."""

import json
import logging
import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType

from platformdirs import user_state_path

from streamer import health
from streamer.app import PARTS
from streamer.config import Config, ConfigError, make, parse_config, read_config
from streamer.logs import start_logging
from streamer.roots.portal import portal_alone, web_service
from streamer.web.options import Web

log = logging.getLogger(__name__)


def serving_config(path: Path | None, port: int | None = None) -> Config:
    """The configuration in a file, or that of a user who has none; with the portal on, which is
    what it is for. Raises UserError."""
    if path is None:
        text = json.dumps({"store": {"folder": str(user_state_path("plate-streamer"))}})
        config = parse_config(text, PARTS, cameras=False)
    else:
        config = read_config(path, PARTS, cameras=False)
    part = config.parts["web"]
    options = {**part.options, "enabled": True}
    if port is not None:
        options["port"] = port
    faults = [f"{path or 'config'}: web.{key}: {fault}" for key, fault in Web.faults(options)]
    if faults:
        raise ConfigError(faults)
    return replace(config, parts={**config.parts, "web": replace(part, options=options)})


def run_serve(path: Path | None, port: int | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; gives the exit code. Raises UserError."""
    config = serving_config(path, port)
    start_logging(config.log.level, config.log.format)
    ending = threading.Event()

    def on_signal(number: int, _: FrameType | None) -> None:
        log.info("%s: stopping", signal.Signals(number).name)
        ending.set()

    with ExitStack() as open_things:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                open_things.callback(signal.signal, number, signal.signal(number, on_signal))
        web: Web = make(config.parts["web"])
        portal, services = portal_alone(config, web)
        for service in [*services, web_service(portal, web)]:
            open_things.callback(service())
        health.notify("READY=1")
        ending.wait()
        health.notify("STOPPING=1")
    return 0
