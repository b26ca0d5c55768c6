"""Where weights lie that are not here: what users write, and what it means.

| written | means |
|---|---|
| `https://host/folder/plates.onnx` | the file there |
| `hf:owner/repo/folder/plates.onnx@v1` | `<hub>/owner/repo/resolve/v1/folder/plates.onnx` |

A folder of files is written as they are, without a file's name (`models/folders.py`):
`https://host/folder/`, `hf:owner/repo`, `hf:owner/repo/folder/@v1`.

Without `@…` a name means the revision `main`. `<hub>` and the rule are those of the hub's own
client (`hf_hub_url` of huggingface_hub); the environment's `HF_ENDPOINT` names another hub.
Either may end in `#sha256=` and 64 hexadecimal digits: the hash that the file must have.
"""

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from models.base import ModelError

HUB = "https://huggingface.co"
FORMS = "https://…/file.onnx or hf:owner/repo/file.onnx"
FOLDERS = "https://…/folder/ or hf:owner/repo"


@dataclass(frozen=True, slots=True)
class Address:
    """`place` is as the user wrote it, without the hash; `name` is that of the file alone."""

    place: str
    url: str
    name: str
    sha256: str | None

    @property
    def card_url(self) -> str:
        """Of the model card: the same address, ending `.json`."""
        parts = urlsplit(self.url)
        return parts._replace(path=parts.path.removesuffix(".onnx") + ".json").geturl()


def is_address(text: str) -> bool:
    """True for what is meant as an address, right or wrong; all else is a path."""
    return re.match(r"hf:|[\w+.-]+://", text) is not None


def parse_address(text: str) -> Address:
    """What `text` means. Raises `ModelError` if it is no address of an ONNX file."""
    place, sha256 = _parted(text)
    url = _on_hub(place, "hf:owner/repo/file.onnx") if _is_name(place) else place
    refuse_open_road(url)
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    if not re.fullmatch(r"\w[\w .+()-]*\.onnx", name):
        raise ModelError(f"{shown(place)}: weights are ONNX files; expected {FORMS}")
    return Address(place, url, name, sha256)


def is_folder(text: str) -> bool:
    """True for what is meant as the address of a folder: all of a repo, or ends in a slash."""
    place = text.partition("#")[0].partition("@")[0]
    return is_address(text) and (place.endswith("/") or place.count("/") == 1)


def parse_folder(text: str) -> Address:
    """What `text` means, a folder; `url` ends in a slash, `name` is that of the folder.

    Raises `ModelError` if it is none.
    """
    place, sha256 = _parted(text)
    url = _on_hub(place, "hf:owner/repo", path="(?:/([^@]*))?") if _is_name(place) else place
    refuse_open_road(url)
    parts = urlsplit(url)
    if parts.query or PurePosixPath(parts.path).suffix == ".onnx":
        raise ModelError(f"{shown(place)}: no folder of a model; expected {FOLDERS}")
    name = PurePosixPath(unquote(parts.path)).name
    return Address(place, url.rstrip("/") + "/", name, sha256)


def _parted(text: str) -> tuple[str, str | None]:
    """The place, and the hash behind it."""
    place, _, fragment = text.partition("#")
    if fragment and not re.fullmatch("sha256=[0-9a-fA-F]{64}", fragment):
        raise ModelError(f"{shown(place)}: after # should stand sha256= and 64 hexadecimal digits")
    return place, fragment.lower().removeprefix("sha256=") or None


def _is_name(place: str) -> bool:
    return place.startswith("hf:")


def _on_hub(place: str, form: str, path: str = "/([^@]+)") -> str:
    found = re.fullmatch(rf"hf:([\w.-]+/[\w.-]+){path}(?:@(.+))?", place)
    if found is None:
        raise ModelError(f"{place}: should be {form} or {form}@revision")
    repo, inside, revision = found.groups()
    hub = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    at = f"{hub}/{repo}/resolve/{quote(revision or 'main', safe='')}"
    return f"{at}/{quote(inside)}" if inside else at


def refuse_open_road(url: str) -> None:
    """Raise `ModelError` unless it is https, or http that never leaves this machine."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ModelError(f"{shown(url)}: no address ({error}); expected {FORMS}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelError(f"{shown(url)}: no address; expected {FORMS}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ModelError(
            f"{shown(url)}: what comes over plain http may be changed on its way;"
            " expected https:// (http:// is for 127.0.0.1 and localhost alone)"
        )


def is_loopback(host: str) -> bool:
    """True for a host that is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shown(url: str) -> str:
    """Without what may be secret: a password, a signature among the parameters."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])
