"""Home Assistant's templates without Home Assistant: Jinja in a sandbox, and a few functions.

As https://www.home-assistant.io/docs/configuration/templating/ has them. It is stricter: what is
not defined is an error.
"""

import json
from datetime import UTC, datetime, timedelta

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from streamer.sinks.home_assistant import Site

EVERYTHING = Site("plates", ["gate-in", "yard"], ["residents", "police"], parking=True)
START = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)  # when the events of conftest are read


def environment(late_s=0.0):
    """`late_s`: how long after START it is, in seconds."""
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    made.globals |= {
        "now": lambda: START + timedelta(seconds=late_s),
        "as_datetime": as_datetime,
        "as_local": lambda at: at.astimezone(UTC),
        "as_timestamp": lambda at: as_datetime(at).timestamp(),
    }
    return made


def as_datetime(at):
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def render(template, payload=None, late_s=0.0, **names):
    """What a template makes of an MQTT payload, or of `names`."""
    if payload is not None:
        names |= {"value": payload, "value_json": json.loads(payload)}
    return environment(late_s).from_string(template).render(**names).strip()
