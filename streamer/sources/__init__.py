"""Where frames come from: a source for each URL scheme. A source only yields until it fails."""

import re
from pathlib import Path

from streamer.errors import UserError
from streamer.parts import load_part, nearest
from streamer.redact import redact
from streamer.sources.base import PICTURES, Source, SourceOptions

SOURCES = {
    "rtsp": "streamer.sources.rtsp:RtspSource",
    "rtsps": "streamer.sources.rtsp:RtspSource",
    "webcam": "streamer.sources.webcam:WebcamSource",
    "file": "streamer.sources.file:FileSource",
    "images": "streamer.sources.images:ImagesSource",
    "synthetic": "streamer.sources.synthetic:SyntheticSource",
}

CAMERAS = {"rtsp", "rtsps", "webcam"}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(.*)", re.IGNORECASE | re.DOTALL)


def source_for(camera: str, url: str, options: SourceOptions | None = None) -> Source:
    """The source behind a URL or path; opens nothing.

    `rtsp://…`, `rtsps://…`, `webcam:0`, `/dev/video0`, `file:///clip.mp4`, the path of a
    video, of a picture or of a folder, a pattern (`cars/*.jpg`), or
    `synthetic:?vehicles=3&seed=7`. Raises UserError for what is none of these.
    """
    scheme, address = _split(url)
    source: type[Source] = load_part("source", SOURCES, scheme)
    return source.at(camera, address, options or SourceOptions())


def is_camera(url: str) -> bool:
    """Whether a URL is that of a real camera: what it shows goes on while nobody looks."""
    return _split(url)[0] in CAMERAS


def _split(url: str) -> tuple[str, str]:
    """The scheme and what the source of that scheme is told."""
    match = _SCHEME.fullmatch(url)
    if match is None or Path(url).exists():
        return _by_path(url)
    scheme, rest = match[1].lower(), match[2]
    if scheme in {"rtsp", "rtsps"}:
        return scheme, url
    if scheme == "file":
        return _by_path(rest.removeprefix("//"))
    if scheme in SOURCES:
        return scheme, rest
    raise UserError(
        f"{redact(url)}: no such source '{scheme}'; known: {', '.join(SOURCES)}, or a path"
        f"{nearest(scheme, SOURCES)}"
    )


def _by_path(path: str) -> tuple[str, str]:
    if path.startswith("/dev/video"):
        return "webcam", path
    pattern = any(sign in path for sign in "*?[") and not Path(path).exists()
    if pattern or Path(path).is_dir() or path.lower().endswith(PICTURES):
        return "images", path
    return "file", path
