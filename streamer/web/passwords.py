"""Passwords, kept as scrypt hashes: `$scrypt$ln=14,r=8,p=5$salt$hash`, both in base64."""

import base64
import hashlib
import hmac
import re
import secrets
import threading
from dataclasses import dataclass, field

PREFIX = "$scrypt$"
SHORTEST = 8
_FORM = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})"
)
_COST = (14, 8, 5)
"""OWASP's choice for 16 MiB of memory: about 0.2 s on a small box."""
_MOST_BYTES = 64 << 20

_ONE_AT_A_TIME = threading.Lock()
"""Guesses from many sides must take neither all cores nor all memory."""


class BadHash(ValueError):
    """The message says what is wrong with a hash."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """`cost` is (log2 of n, r, p)."""

    cost: tuple[int, int, int]
    salt: bytes
    key: bytes

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """From what `str` gave. Raises BadHash."""
        found = _FORM.fullmatch(text)
        if not found:
            raise BadHash("is no whole hash; `plate-streamer password` prints one")
        ln, r, p = int(found[1]), int(found[2]), int(found[3])
        if not (10 <= ln <= 18 and r and p) or 128 * r << ln > _MOST_BYTES:
            raise BadHash("wants too little or too much; `plate-streamer password` prints one")
        return cls((ln, r, p), _decoded(found[4]), _decoded(found[5]))

    @classmethod
    def of(cls, password: str) -> "PasswordHash":
        """The hash of a password, with a salt of its own."""
        salt = secrets.token_bytes(16)
        return cls(_COST, salt, _derive(password, _COST, salt))

    def fits(self, password: str) -> bool:
        """Whether that is the password; takes as long either way."""
        with _ONE_AT_A_TIME:
            return hmac.compare_digest(_derive(password, self.cost, self.salt), self.key)

    def __str__(self) -> str:
        ln, r, p = self.cost
        return f"{PREFIX}ln={ln},r={r},p={p}${_encoded(self.salt)}${_encoded(self.key)}"


@dataclass(frozen=True, slots=True)
class Plain:
    """A password that the configuration has in plain. It is not hashed at the start, for many
    users would make that slow, but a guess takes as long as with a hash."""

    password: str = field(repr=False)

    def fits(self, password: str) -> bool:
        """As of `PasswordHash`."""
        with _ONE_AT_A_TIME:
            _derive(password, _COST, b"16 bytes of salt")
        given, known = password.encode(errors="surrogatepass"), self.password.encode()
        return hmac.compare_digest(given, known)


def password_of(text: str) -> PasswordHash | Plain:
    """What the configuration has: a hash, or a password in plain."""
    return PasswordHash.parse(text) if text.startswith(PREFIX) else Plain(text)


def fault_of(password: str) -> str | None:
    """What is wrong with a password of the configuration; never tells it."""
    if password.startswith(PREFIX):
        try:
            PasswordHash.parse(password)
        except BadHash as error:
            return str(error)
        return None
    if len(password) < SHORTEST:
        return f"has {len(password)} characters; {SHORTEST} at least"
    return None


def _derive(password: str, cost: tuple[int, int, int], salt: bytes) -> bytes:
    ln, r, p = cost
    given = password.encode(errors="surrogatepass")
    return hashlib.scrypt(
        given, salt=salt, n=1 << ln, r=r, p=p, dklen=32, maxmem=_MOST_BYTES + (1 << 20)
    )


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
