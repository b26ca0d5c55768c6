"""Texts with places for what an event says: Jinja2, in its sandbox.

A template is given `event` (what the event's JSON says, as a mapping), `json` (that JSON as
text) and, when it asks for them, `crop_base64` and `snapshot_base64` (the event's pictures as
JPEG in Base64, empty without one). `tojson` writes any value as JSON, without the escapes for
HTML of Jinja2's own. A name that is not there is an error, not an empty text.
"""

import base64
import json
import logging
import re
from collections.abc import Collection
from functools import cache

import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from streamer.codec import encode
from streamer.data import Event
from streamer.errors import UserError
from streamer.sinks.base import ReadPicture, read_file
from streamer.sinks.samples import SAMPLES

log = logging.getLogger(__name__)

PICTURES = {"crop_base64": "crop", "snapshot_base64": "snapshot"}
NAMES = {"event", "json", *PICTURES}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class TemplateFault(ValueError):
    """What is wrong with a template, in one line."""


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> jinja2.Environment:
    # What comes out is JSON, text or a header, never HTML: nothing to escape.
    environment = ImmutableSandboxedEnvironment(
        autoescape=False, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {"tojson": _to_json, "to_json": _to_json}
    return environment


class Template:
    """A template, compiled; `read` gives the pictures of events. Raises TemplateFault where it is
    not well formed."""

    def __init__(self, text: str, read: ReadPicture = read_file) -> None:
        self._read = read
        try:
            tree = _environment().parse(text)
            names = meta.find_undeclared_variables(tree)
            self._template = _environment().from_string(text)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateFault(f"line {error.lineno} of the template: {error.message}") from None
        except jinja2.TemplateError as error:
            raise TemplateFault(f"the template is wrong: {error}") from None
        unknown = sorted(names - NAMES - set(_environment().globals))
        if unknown:
            known = ", ".join(sorted(NAMES))
            raise TemplateFault(f"the template asks for '{unknown[0]}'; there are: {known}")
        self._pictures = names & set(PICTURES)

    def render(self, event: Event) -> str:
        """The text for one event. Raises TemplateFault."""
        text = encode(event)
        fields = json.loads(text)
        pictures = {name: self._picture(fields.get(PICTURES[name])) for name in self._pictures}
        try:
            return self._template.render(event=fields, json=text, **pictures)
        except Exception as error:  # a template may do anything that a program may
            raise TemplateFault(f"the template fails: {' '.join(str(error).split())}") from None

    def _picture(self, place: str | None) -> str:
        if place is None:
            return ""
        try:
            picture = self._read(place)
        except UserError as error:
            log.warning("a template goes without a picture: %s", error)
            return ""
        if picture is None:
            log.warning("a template goes without a picture: %s is not there", place)
        return base64.b64encode(picture or b"").decode()


def header_text(text: str) -> str:
    """`text` as the value of a header: what would end the line, or the header, is a blank."""
    return CONTROL.sub(" ", text).strip()


def try_template(text: str, kinds: Collection[str]) -> None:
    """Render a template for events that could come. Raises TemplateFault, saying for which."""
    template = Template(text)
    for what, event in SAMPLES.items():
        if event.schema in kinds:
            try:
                template.render(event)
            except TemplateFault as fault:
                raise TemplateFault(f"{fault} (for {what})") from None
