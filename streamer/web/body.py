"""The body of a request, taken as it comes: never more of it than is allowed, never in memory."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from streamer.web.problems import Problem
from streamer.web.upload import Upload

SILENCE_S = 30.0
"""Without a byte for so long, the rest of a body is not waited for."""

LINGER_S, LINGER_BYTES = 2.0, 64_000_000
"""How much of a refused body is still read: many clients look for an answer only afterwards."""

WRAPPING = 64_000
"""Bytes of a multipart body that are not the file's."""

Feed = Callable[[bytes], None]

for _name in ("python_multipart", "python_multipart.multipart"):
    logging.getLogger(_name).setLevel(logging.ERROR)  # what others send is no matter for our log


async def take_raw(request: Request, upload: Upload, most_bytes: int) -> None:
    """The whole body is the file. Raises Problem."""
    await _pump(request, upload.write, upload, most_bytes)


async def take_multipart(request: Request, upload: Upload, most_bytes: int) -> None:
    """The file is the part `file` of a form. Raises Problem."""
    try:
        form = _Form(upload, request.headers.get("content-type", ""))
    except Problem as problem:
        raise await refusal(request, problem) from None
    await _pump(request, form.write, upload, most_bytes + WRAPPING)
    form.end()


async def take_small(request: Request, most_bytes: int) -> bytes:
    """A body of a few bytes. Raises Problem."""
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > most_bytes:
            raise await refusal(request, Problem(413, f"larger than {most_bytes} bytes", "body"))
    return bytes(taken)


async def refusal(request: Request, problem: Problem) -> Problem:
    """The problem, once as much of the body was read and thrown away as is reasonable."""
    if "expect" in request.headers:  # such a client waits for the answer before it sends
        return problem
    left = LINGER_BYTES
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(LINGER_S):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    break
    return problem


async def _pump(request: Request, feed: Feed, upload: Upload, most_bytes: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise await refusal(request, upload.too_large())
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SILENCE_S) as limit:
            async for chunk in request.stream():
                limit.reschedule(loop.time() + SILENCE_S)
                if upload.on_disk:
                    await run_in_threadpool(feed, chunk)
                else:
                    feed(chunk)
    except TimeoutError:
        raise Problem(408, f"nothing more came for {SILENCE_S:g} s", upload.field) from None
    except ClientDisconnect:
        raise Problem(400, "the connection was closed before all had come", upload.field) from None
    except Problem as problem:
        raise await refusal(request, problem) from None


class _Form:
    """A multipart body, of which the part `file` goes into `upload`."""

    def __init__(self, upload: Upload, content_type: str) -> None:
        self._upload = upload
        self._header = self._value = b""
        self._disposition = b""
        self._taking = False
        self._files = 0
        self._spare = WRAPPING
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise Problem(422, "multipart/form-data without a boundary", "body")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begins,
                    "on_header_field": self._header_comes,
                    "on_header_value": self._value_comes,
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data_comes,
                },
            )
        except FormParserError as error:
            raise Problem(422, str(error), "body") from None

    def write(self, data: bytes) -> None:
        """The next bytes of the body. Raises Problem."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Problem(422, f"no valid multipart/form-data: {error}", "body") from None

    def end(self) -> None:
        """That was all. Raises Problem where there was no file."""
        if not self._files:
            raise Problem(422, "is missing: send the picture or video as 'file'", "body.file")

    def _part_begins(self) -> None:
        self._disposition = b""

    def _header_comes(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _value_comes(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_end(self) -> None:
        options = parse_options_header(self._disposition.decode("latin-1"))[1]
        self._taking = options.get(b"name") == b"file"
        if not self._taking:
            return
        self._files += 1
        if self._files > 1:
            raise Problem(422, "is there more than once: send one file at a time", "body.file")
        self._upload.name = options.get(b"filename", b"").decode("utf-8", "replace")

    def _data_comes(self, data: bytes, start: int, end: int) -> None:
        if self._taking:
            self._upload.write(data[start:end])
            return
        self._spare -= end - start
        if self._spare < 0:
            raise Problem(413, "more beside the part 'file' than is taken", "body")
