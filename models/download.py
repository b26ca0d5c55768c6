"""Weights by a path or an address (`models/address.py`): fetched once, checked, kept.

What comes must have the SHA-256 that its address ends with, or else the one in the model card
beside it (the same address, ending `.json`). The card comes from the same server, so it tells a
broken file but no forged one; the hash in the address tells both. What was fetched by its card
stays as it was at first: a new version is fetched under another `@revision` or hash, or once the
kept file is deleted.

Kept in `weights/` below `$PLATE_STREAMER_CACHE`, else `$CACHE_DIRECTORY` (systemd), else the
user's cache folder: `<first 16 digits of the hash>/<name>.onnx`, its card beside it, and in
`addresses/` which hash an address had, so that a later start needs no network.
"""

import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm

from models.address import (
    Address,
    is_address,
    is_loopback,
    parse_address,
    refuse_open_road,
    shown,
)
from models.base import ModelError
from models.runtime import sha256_of

log = logging.getLogger(__name__)

CARD_BYTES = 1_000_000
CHUNK_BYTES = 1 << 16
STALE_S = 3600.0
"""A part that nobody has written to for so long belongs to a process that was killed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may cost us: seconds to connect, seconds without a byte, bytes in all."""

    connect_s: float = 10.0
    silence_s: float = 30.0
    size_bytes: int = 500_000_000


LIMITS = Limits()


def locate(weights: str | Path | None, *, bundled: Path, cache: Path | None = None) -> Path:
    """The file behind a detector's or reader's option `weights`; None is the bundled one.

    Raises `ModelError` for a path where no file is, and as `download` does.
    """
    if weights is None:
        return bundled
    if isinstance(weights, str) and is_address(weights):
        return download(weights, cache=cache)
    path = Path(os.path.expanduser(weights))
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    return path


def download(text: str, *, cache: Path | None = None, limits: Limits = LIMITS) -> Path:
    """The kept file of an address, fetched if it is not there or damaged.

    A bar shows the progress where stderr is a terminal; the log says when it begins and ends.
    Processes that fetch the same file do not disturb each other. Raises `ModelError`, one line,
    for an address that is none, has no hash to check by or cannot be reached, for a file that is
    not what its hash says, and for a cache that cannot be written.
    """
    address = parse_address(text)
    folder = (cache or default_cache()) / "weights"
    try:
        return _kept(address, folder) or _fetched(address, folder, limits)
    except OSError as error:
        raise ModelError(
            f"{folder}: weights cannot be kept there ({error.strerror or error});"
            " set PLATE_STREAMER_CACHE to a folder with room that may be written"
        ) from error


def default_cache() -> Path:
    """The folder that holds our `weights/` unless another one is given."""
    if given := os.environ.get("PLATE_STREAMER_CACHE"):
        return Path(os.path.expanduser(given))
    if given := os.environ.get("CACHE_DIRECTORY"):
        return Path(given.split(":")[0])  # systemd joins several with colons
    from platformdirs import user_cache_path

    return user_cache_path("plate-streamer", appauthor=False)


def _kept(address: Address, folder: Path) -> Path | None:
    """The file from an earlier time, if it and what vouches for it are whole."""
    sha256 = address.sha256 or _remembered(address, folder)
    if sha256 is None:
        return None
    file = folder / sha256[:16] / address.name
    card = file.with_suffix(".json")
    vouched = address.sha256 or (card.is_file() and _hash_in(card.read_bytes()) == sha256)
    return file if vouched and _holds(file, sha256) else None


def _fetched(address: Address, folder: Path, limits: Limits) -> Path:
    """Fetch what is missing. The record comes last: it says that all the rest is there."""
    card = b"" if address.sha256 else _card(address, limits)
    sha256 = address.sha256 or _hash_in(card)
    if sha256 is None:
        raise ModelError(
            f"{shown(address.card_url)}: no model card with a sha256 is there; put #sha256= and"
            f" the 64 digits that 'sha256sum {address.name}' gives behind the weights' address"
        )
    file = folder / sha256[:16] / address.name
    if not _holds(file, sha256):
        _fetch(address, sha256, file, limits)
    if card:
        with replacing(file.with_suffix(".json")) as out:
            out.write(card)
        with replacing(_record(address, folder)) as out:
            out.write(f"{sha256}  {shown(address.place)}\n".encode())
    return file


def _remembered(address: Address, folder: Path) -> str | None:
    """The hash that this address had when it was fetched by its card."""
    with suppress(FileNotFoundError):
        words = _record(address, folder).read_text(encoding="utf-8", errors="replace")
        return words[:64]
    return None


def _record(address: Address, folder: Path) -> Path:
    # Under the place as written, for the hub may be reached by another endpoint next time.
    return folder / "addresses" / hashlib.sha256(address.place.encode()).hexdigest()[:16]


def _holds(file: Path, sha256: str) -> bool:
    return file.is_file() and sha256_of(file) == sha256


class Refused(ModelError):
    """The server answered, but not with the file."""


def _card(address: Address, limits: Limits) -> bytes:
    """The bytes of the model card, none where there is none."""
    try:
        with closing(received(address.card_url, replace(limits, size_bytes=CARD_BYTES))) as chunks:
            return b"".join(chunks)
    except Refused:
        return b""


def _hash_in(card: bytes) -> str | None:
    """The sha256 that a card gives, if it gives one."""
    try:
        sha256 = json.loads(card)["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return sha256 if re.fullmatch("[0-9a-f]{64}", str(sha256)) else None


def _fetch(address: Address, sha256: str, file: Path, limits: Limits) -> None:
    started_s = time.monotonic()
    log.info("fetching %s", shown(address.url))
    digest, size = hashlib.sha256(), 0
    with replacing(file) as out, closing(received(address.url, limits)) as chunks:
        for chunk in chunks:
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        if digest.hexdigest() != sha256:
            witness = "its address" if address.sha256 else "its card"
            raise ModelError(
                f"{shown(address.url)}: sha256 is {digest.hexdigest()}; {witness} expects {sha256}"
            )
    seconds = time.monotonic() - started_s
    log.info("fetched and checked %s: %.1f MB in %.1f s", address.name, size / 1e6, seconds)


def received(url: str, limits: Limits) -> Generator[bytes, None, None]:
    """The body behind `url`, piece by piece, with a bar if that takes longer than a second."""
    try:
        with _opened(url, limits) as answer:
            length = answer.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else None
            _refuse_large(url, size or 0, limits)
            got = 0
            # Without a terminal (disable=None) there is no bar.
            with tqdm(
                total=size, unit="B", unit_scale=True, leave=False, delay=1.0, disable=None
            ) as bar:
                for chunk in answer.iter_content(CHUNK_BYTES):
                    got += len(chunk)
                    _refuse_large(url, got, limits)
                    bar.update(len(chunk))
                    yield chunk
    except (OSError, ValueError) as error:  # requests' errors are OSErrors, some of urllib3's not
        raise ModelError(
            f"{shown(url)} cannot be reached ({_reason(error)}): copy the file here by hand and"
            " give its path, or run 'plate-streamer weights ADDRESS' while there is a network"
        ) from error


class _Guarded(HTTPAdapter):
    """What every request over plain http passes, those of redirects too."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send it, unless it would leave this machine."""
        refuse_open_road(request.url or "")
        return super().send(request, *args, **kwargs)


@contextmanager
def _opened(url: str, limits: Limits) -> Iterator[requests.Response]:
    with requests.Session() as session:
        session.mount("http://", _Guarded())
        # A proxy could not reach what lies on this very machine.
        host = urlsplit(url).hostname
        direct = {"no_proxy": host} if host and is_loopback(host) else None
        session.headers["Accept-Encoding"] = "identity"  # so the length is that of the file
        timeout = (limits.connect_s, limits.silence_s)
        with session.get(url, stream=True, timeout=timeout, proxies=direct) as answer:
            if answer.status_code != requests.codes.ok:
                raise Refused(
                    f"{shown(url)}: the server answers {answer.status_code} {answer.reason};"
                    " is the address right?"
                )
            yield answer


def _refuse_large(url: str, size: int, limits: Limits) -> None:
    if size > limits.size_bytes:
        raise ModelError(f"{shown(url)}: larger than {limits.size_bytes / 1e6:g} MB: no weights")


def _reason(error: BaseException) -> str:
    """What lies beneath the errors that wrap each other; the outer ones show whole addresses."""
    wrapped = (getattr(error, "reason", None), *error.args)
    inner = [one for one in wrapped if isinstance(one, Exception)]
    text = re.sub(r"^HTTPS?Connection(Pool)?\(.*?\): ", "", str(error))
    return _reason(inner[0]) if inner else " ".join(shown(text).split())


@contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `file` once it is whole, and leaves nothing if not."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _sweep(file.parent)
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    for part in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > STALE_S:
                part.unlink()
