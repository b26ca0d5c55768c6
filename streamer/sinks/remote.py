"""Pictures elsewhere: a folder or a bucket by URL (`s3://bucket/prefix`), through fsspec."""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from streamer.errors import UserError
from streamer.parts import nearest
from streamer.redact import redact

log = logging.getLogger(__name__)

S3 = ("s3", "s3a")
FOLDERS = ("file", "local", "sftp", "ssh", "ftp", "smb")
"""Where a folder has to be made before there can be a file in it. Elsewhere that could make a
bucket, which nobody has asked for."""

PUT_S = 60.0  # two pictures of 4K on a slow line
ASK_S = 15.0
S3_LIMITS = {"connect_timeout": 5.0, "read_timeout": 10.0, "retries": {"total_max_attempts": 1}}
"""The courier tries again, with its own pauses: what hangs in a driver only delays the end."""

SECRET = re.compile(r"(?i)key|secret|token|password|passwd|credential|connection_string")
SHORTEST_SECRET = 6  # shorter ones are parts of other words
OUR_FILE = re.compile(r"\S*[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\S*")
UNFIT = ("http", "https", "data", "github", "gist", "reference", "simplecache", "filecache")
"""What fsspec knows and pictures cannot be put to, or only by way of another URL."""


class RemoteError(UserError):
    """Pictures cannot be put there, or not be fetched from there, now."""


def url_fault(url: str) -> str | None:
    """What is wrong with such a URL, if anything: the driver is loaded, nobody is asked."""
    parts = urlsplit(url)
    if not parts.scheme or "::" in url:
        return f"{redact(url)!r} should be a URL like s3://bucket/prefix"
    if "@" in parts.netloc:
        return (
            "holds a login, and every event would tell it: 'pictures_options' is where that belongs"
        )
    if parts.query or parts.fragment:
        return f"{redact(url)!r} should be a URL without ? and #"
    if parts.scheme in S3 and not parts.netloc:
        return f"{url!r} names no bucket; s3://bucket/prefix"
    return _driver_fault(parts.scheme)


def _driver_fault(scheme: str) -> str | None:
    import fsspec
    from fsspec.registry import available_protocols

    known = [one for one in available_protocols() if one not in UNFIT]
    if scheme not in known:
        return f"pictures cannot be put to {scheme}://{nearest(scheme, known)}"
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        how = "pip install 'plate-streamer[s3]'" if scheme in S3 else str(error)
        return f"{scheme}:// needs a driver that is not installed: {how}"
    return None


class Remote:
    """Files below `url`. Any thread may call any method; nothing is opened before the first.

    `options` are those of fsspec's file system (`endpoint_url`, `key`, `secret` … of s3fs); the
    environment is asked for credentials that are not among them, as the driver does it.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url = url.rstrip("/")
        self._scheme = urlsplit(url).scheme
        self._options = options
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files, by name; what is there already is replaced. Raises RemoteError."""
        with self._asked() as (system, root):
            named = {f"{root}/{name}": content for name, content in files.items()}
            if self._scheme in FOLDERS:
                for folder in {path.rpartition("/")[0] for path in named}:
                    system.makedirs(folder, exist_ok=True)
            system.pipe(named, **_within(system, PUT_S))

    def get(self, name: str) -> bytes | None:
        """What is in a file; None if it is not there. Raises RemoteError."""
        with self._asked() as (system, root):
            try:
                content: bytes = system.cat_file(f"{root}/{name}", **_within(system, ASK_S))
            except FileNotFoundError:
                return None
            return content

    def delete(self, name: str) -> None:
        """Throw a file away, if it is there. Raises RemoteError."""
        with self._asked() as (system, root):
            try:
                system.rm_file(f"{root}/{name}", **_within(system, ASK_S))
            except FileNotFoundError:
                if self._scheme in S3:
                    raise  # S3 does not say so of a file, but of a bucket

    @contextmanager
    def _asked(self) -> Iterator[tuple[Any, str]]:
        try:
            yield self._open()
        except Exception as error:  # drivers raise whatever their libraries do
            self._drop(error)
            raise RemoteError(f"{self.url}: {self._explained(error)}") from error

    def _drop(self, error: Exception) -> None:
        """A connection that was cut does not heal by itself, nor does a login that was not found.

        But HTTP connects anew each time, and what s3fs leaves behind is cleared up by whatever
        thread the garbage collector happens to run in, a stage's too, which then waits.
        """
        with self._lock:
            kept = self._opened and getattr(self._opened[0], "async_impl", False)
            if not kept or type(error).__name__ == "NoCredentialsError":
                self._opened = None

    def _open(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                self._opened = self._connected()
            return self._opened

    def _connected(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        options = {"skip_instance_cache": True, "use_listings_cache": False, **self._options}
        if self._scheme in S3:
            own = options.get("config_kwargs") or {}
            options["config_kwargs"] = {**S3_LIMITS, **own}
        system, root = url_to_fs(self.url, **options)
        if self._scheme in S3:
            system.retries = 1
        if loop := getattr(system, "loop", None):
            loop.call_soon_threadsafe(loop.set_default_executor, _Detached())
        return system, str(root).rstrip("/")

    def _explained(self, error: Exception) -> str:
        said = " ".join(str(error).split()) or repr(error)
        for secret in _secrets(self._options):
            said = said.replace(secret, "***")
        # Without the picture's name: the same trouble is to read the same for every picture.
        said = OUR_FILE.sub("the picture", redact(said))
        kind = next((text for kind, text in _KINDS.items() if isinstance(error, kind)), "failed")
        return f"{kind} ({said})"


def _within(system: Any, limit_s: float) -> dict[str, float]:
    """The option that ends a call after so long, for drivers that can be ended.

    Their own limits do not: who waits to be asked for the rest of a request waits for ever.
    """
    return {"timeout": limit_s} if getattr(system, "async_impl", False) else {}


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif SECRET.search(key) and isinstance(value, str) and len(value) >= SHORTEST_SECRET:
            yield value


_KINDS: dict[type[Exception], str] = {
    FileNotFoundError: "no such bucket or folder",
    PermissionError: "not allowed",
    TimeoutError: "no answer in time",
    NotImplementedError: "cannot be written to",
}


class _Detached(ThreadPoolExecutor):
    """Threads that nobody waits for: a name server that does not answer must not keep the daemon
    from ending, as the threads of asyncio's own executor would."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, name="pictures-lookup", daemon=True).start()
        return future
