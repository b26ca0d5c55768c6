"""Signatures of what a webhook is sent, as the Standard Webhooks specification has them.

The HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`, in Base64, behind `v1,`. Id and
time are signed too, so a receiver may tell what was sent again by a stranger from what was sent
again by us. Source: Standard Webhooks, github.com/standard-webhooks/standard-webhooks.
"""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes, as the specification has it


def key_of(secret: str) -> bytes:
    """The key in a `whsec_…`. Raises ValueError, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(
            f"should be {PREFIX} and {SHORTEST} to {LONGEST} random bytes in Base64;"
            f" echo {PREFIX}$(openssl rand -base64 32) makes one"
        )
    return key


def signed(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header `webhook-signature`; `timestamp` is in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
