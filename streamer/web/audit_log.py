"""Logins and refusals in the audit log: never more of them than it can take."""

import logging
from collections.abc import Callable

from streamer.errors import UserError
from streamer.web.buckets import Buckets

log = logging.getLogger(__name__)

NOBODY = "nobody"
PER_S, BURST = 0.2, 30.0


class Audit:
    """`write` is the archive's `log`: who, action, subject, detail. An archive that is away stops
    nobody from logging in. Any thread."""

    def __init__(self, write: Callable[[str, str, str, str], None]) -> None:
        self._write = write
        self._room = Buckets(PER_S, BURST)
        self._left_out = 0

    def login(self, name: str, address: str) -> None:
        """Somebody logged in."""
        self._add(name, "login", address, "")

    def logout(self, name: str, address: str) -> None:
        """Somebody logged out."""
        self._add(name, "logout", address, "")

    def login_refused(self, name: str, address: str, why: str) -> None:
        """Somebody did not come in."""
        log.warning("login of %r from %s refused: %s", name[:100], address, why)
        self._seldom("login.refused", address, f"{name[:100]}: {why}")

    def refused(self, address: str, what: str) -> None:
        """A request was refused for where it comes from."""
        log.info("refused: %s from %s", what, address)
        self._seldom("request.refused", address, what)

    def _seldom(self, action: str, subject: str, detail: str) -> None:
        # Whoever may write here without a login must not fill the disk.
        if self._room.take(action):
            self._left_out += 1
            return
        more = f" (and {self._left_out} more before)" if self._left_out else ""
        self._left_out = 0
        self._add(NOBODY, action, subject, detail + more)

    def _add(self, by: str, action: str, subject: str, detail: str) -> None:
        try:
            self._write(by, action, subject[:200], detail[:500])
        except UserError as error:
            log.warning("audit log: %s of %s is not in it: %s", action, by, error)
