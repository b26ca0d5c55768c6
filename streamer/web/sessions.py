"""Who is logged in: random ids in cookies, of which only hashes are kept here."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from streamer.web.access import User

MOST = 1000
MOST_OF_ONE = 50


@dataclass(frozen=True, slots=True)
class Session:
    """`csrf` is what a page must send with every change; `until_s` is of the sessions' clock."""

    user: User
    csrf: str
    until_s: float


class Sessions:
    """Any thread. They last `hours` and not beyond the process."""

    def __init__(self, hours: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.lasts_s = hours * 3600.0
        self._clock = clock
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user: User) -> tuple[str, Session]:
        """A new one, and its id for the cookie. Too many: the oldest end."""
        name = secrets.token_urlsafe(32)
        session = Session(user, secrets.token_urlsafe(32), self._clock() + self.lasts_s)
        with self._lock:
            same = [key for key, one in self._sessions.items() if one.user.name == user.name]
            for key in same[: max(0, len(same) - MOST_OF_ONE + 1)]:
                del self._sessions[key]
            self._sessions[_key(name)] = session
            while len(self._sessions) > MOST:
                self._sessions.popitem(last=False)
        return name, session

    def find(self, name: str) -> Session | None:
        """The session of that id, while it lasts."""
        # Looked up by its hash: how long that takes tells nothing of the ids there are.
        key = _key(name)
        with self._lock:
            session = self._sessions.get(key)
            if session is not None and session.until_s <= self._clock():
                del self._sessions[key]
                return None
        return session

    def end(self, name: str) -> None:
        """Log out."""
        with self._lock:
            self._sessions.pop(_key(name), None)


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogatepass")).digest()
