"""Where a request comes from: whose page sent it, to which of our names, from which address."""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_loopback(host: str) -> bool:
    """Whether only this machine itself can reach `host`: 127.0.0.0/8, ::1, localhost. Other names
    may resolve to anything, some other day."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def host_name(netloc: str) -> str | None:
    """`gate.example` of `gate.example:8090`; None for what is no host."""
    try:
        return urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None


def names_us(netloc: str, ours: Iterable[str]) -> bool:
    """Whether a request's `Host` is one of ours or loopback: a name of somebody else's that
    resolves to this machine (DNS rebinding) is not."""
    name = host_name(netloc)
    return name is not None and (is_loopback(name) or name in ours)


def is_ours(headers: Mapping[str, str], *, https: bool, public_url: str | None) -> bool:
    """Whether the page that sends a request is one of ours, or it is no page that does.

    Browsers say so in headers that no page can change; programs send none of them.
    """
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    if public_url is not None and origin.lower() == origin_of(public_url):
        return True
    scheme, _, netloc = origin.lower().partition("://")
    return netloc == headers.get("host", "").lower() and (not https or scheme == "https")


def origin_of(url: str) -> str:
    """`https://gate.example` of a URL there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def client_key(address: str) -> str:
    """Whom to count requests against: of IPv6 the network, for one machine has 2^64 addresses."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
