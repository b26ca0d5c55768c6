"""The pages: files that browsers get as they are, and the shell for every path of the pages."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streamer.web.problems import problem

FOLDER = Path(__file__).with_name("static")
SHELL, DOCS = "index.html", "docs.html"
PAGES = re.compile(r"/((events|plates/[^/]{1,100}|inside|read|lists|system|login)/?)?")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
WORTH_PACKING = 1_000


@dataclass(frozen=True, slots=True)
class _File:
    """`packed` is the same as gzip, where that is shorter; each has a tag of its own."""

    kind: str
    content: bytes
    packed: bytes | None
    tag: str


class Pages:
    """An ASGI application for whatever is no route: reads all files below `folder` at once, so
    that no path of a request is ever one of the disk."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            f"/{path.relative_to(folder).as_posix()}": _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path.startswith("/api/") or path == "/api":
            raise HTTPException(404, "there is no such thing; what there is: /docs")
        await self._answer(scope, self._file(path))(scope, receive, send)

    def _file(self, path: str) -> _File | None:
        if path == "/docs":
            return self._files.get(f"/{DOCS}")
        if PAGES.fullmatch(path):
            return self._files.get(f"/{SHELL}")
        return self._files.get(path)

    def _answer(self, scope: Scope, file: _File | None) -> Response:
        if file is None:
            return self._nothing(Headers(scope=scope))
        if scope["method"] not in {"GET", "HEAD"}:
            return problem(405, "a page can be read only", headers={"Allow": "GET, HEAD"})
        headers = Headers(scope=scope)
        packs = "gzip" in headers.get("accept-encoding", "") and file.packed is not None
        tag = f'"{file.tag}{"-gz" if packs else ""}"'
        # no-cache: kept, but asked for each time whether it is still the same.
        given = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if tag in [one.strip().removeprefix("W/") for one in _tags(headers)]:
            return Response(status_code=304, headers=given)
        if packs:
            given["Content-Encoding"] = "gzip"
        content = file.packed if packs else file.content
        return Response(content, headers=given, media_type=file.kind)

    def _nothing(self, headers: Headers) -> Response:
        shell, given = self._files.get(f"/{SHELL}"), {"Cache-Control": "no-cache", "Vary": "Accept"}
        if shell is not None and "text/html" in headers.get("accept", ""):
            return Response(shell.content, 404, given, shell.kind)  # it says so itself
        return problem(404, "there is no such page", headers=given)


def _tags(headers: Headers) -> list[str]:
    return headers.get("if-none-match", "").split(",")


def _read(path: Path) -> _File:
    content = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    packed = gzip.compress(content, mtime=0) if len(content) > WORTH_PACKING else content
    return _File(
        kind or "application/octet-stream",
        content,
        packed if len(packed) < len(content) else None,
        hashlib.sha256(content).hexdigest()[:20],
    )
