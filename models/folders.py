"""A model of several files, by the address of their folder: fetched once, checked, kept.

PaddleOCR's models are such. The folder has one hash, that of what `sha256sum` says of its files,
sorted by name:

    sha256sum inference.json inference.pdiparams inference.yml | sha256sum

It stands behind the address, `hf:owner/repo#sha256=…`. Unlike a single file's, it comes from no
card: an address without it is fetched and kept, but refused with the hash that is to be put
behind it, so that what runs is what was once looked at. Kept in `weights/` as single files are
(`models/download.py`), `<first 16 digits of the hash>/`; a later start needs no network.
"""

import hashlib
import logging
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from models.address import Address, parse_folder, shown
from models.base import ModelError
from models.download import (
    LIMITS,
    STALE_S,
    Limits,
    Refused,
    default_cache,
    received,
    replacing,
)
from models.runtime import sha256_of

log = logging.getLogger(__name__)

Names = tuple[str, ...]
"""The files that make a model, the first of them telling it from other kinds."""


def fetch_folder(
    text: str, kinds: Sequence[Names], *, cache: Path | None = None, limits: Limits = LIMITS
) -> Path:
    """The kept folder of an address, fetched if it is not there or damaged.

    `kinds` are the models that would do, the preferred one first. Raises `ModelError`, one
    line, for an address that is none, has no hash or cannot be reached, for a folder that holds
    none of `kinds` or is not what its hash says, and for a cache that cannot be written.
    """
    address = parse_folder(text)
    weights = (cache or default_cache()) / "weights"
    try:
        kept = weights / address.sha256[:16] if address.sha256 else None
        if kept and any(hash_of(kept, names) == address.sha256 for names in kinds):
            return kept
        return _fetched(address, kinds, weights, limits)
    except OSError as error:
        raise ModelError(
            f"{weights}: a model cannot be kept there ({error.strerror or error});"
            " set PLATE_STREAMER_CACHE to a folder with room that may be written"
        ) from error


def hash_of(folder: Path, names: Sequence[str]) -> str | None:
    """The hash of the files of a folder, None unless they are all there."""
    if not all((folder / name).is_file() for name in names):
        return None
    lines = (f"{sha256_of(folder / name)}  {name}\n" for name in sorted(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _fetched(address: Address, kinds: Sequence[Names], weights: Path, limits: Limits) -> Path:
    _sweep(weights)
    part = weights / f"{secrets.token_hex(8)}.part"
    try:
        log.info("fetching %s", shown(address.url))
        names = _fetch(address, kinds, part, limits)
        sha256 = hash_of(part, names) or ""
        if address.sha256 not in (None, sha256):
            raise ModelError(
                f"{shown(address.url)}: sha256 of its files is {sha256};"
                f" its address expects {address.sha256}"
            )
        kept = weights / sha256[:16]
        if hash_of(kept, names) != sha256:
            _put(part, kept)
        log.info("fetched and checked %s", shown(address.url))
    finally:
        shutil.rmtree(part, ignore_errors=True)
    if address.sha256 is None:
        raise ModelError(
            f"{shown(address.place)}: has no hash; if this is the model that you want, write"
            f" {shown(address.place)}#sha256={sha256}"
        )
    return kept


def _put(part: Path, kept: Path) -> None:
    """Put a whole folder where a damaged one may be."""
    shutil.rmtree(kept, ignore_errors=True)
    try:
        part.rename(kept)
    except OSError:
        if not kept.is_dir():  # else another process was quicker, with the same
            raise


def _sweep(weights: Path) -> None:
    """Throw away what processes left that were killed long ago."""
    for part in weights.glob("*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > STALE_S:
                shutil.rmtree(part, ignore_errors=True)


def _fetch(address: Address, kinds: Sequence[Names], part: Path, limits: Limits) -> Names:
    """The files of the first kind that the server has; returns their names."""
    refused = None
    for names in kinds:
        try:
            _fetch_file(address, names[0], part, limits)
        except Refused as error:
            refused = error
            continue
        for name in names[1:]:
            _fetch_file(address, name, part, limits)
        return names
    wanted = ", or ".join(" with ".join(names) for names in kinds)
    raise ModelError(f"{refused} expected there: {wanted}") from refused


def _fetch_file(address: Address, name: str, part: Path, limits: Limits) -> None:
    with closing(received(address.url + name, limits)) as chunks, replacing(part / name) as out:
        for chunk in chunks:
            out.write(chunk)
