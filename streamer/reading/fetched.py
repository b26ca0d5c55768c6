"""Pictures that a web server gives, such as a camera's snapshot."""

import requests

from streamer.errors import UserError
from streamer.redact import redact

TIMEOUT_S = 20.0
MOST_BYTES = 64 * 2**20


def fetched(url: str) -> bytes:
    """What is at an address. Raises UserError, without the password that may be in it."""
    name = redact(url)
    try:
        with requests.get(url, timeout=TIMEOUT_S, stream=True) as answer:
            if not answer.ok:
                raise UserError(f"{name}: the server answers {answer.status_code} {answer.reason}")
            return _body(name, answer)
    except (requests.RequestException, ValueError) as error:
        raise UserError(f"{name}: cannot be fetched ({type(error).__name__})") from None


def _body(name: str, answer: requests.Response) -> bytes:
    data = bytearray()
    for part in answer.iter_content(2**16):
        data += part
        if len(data) > MOST_BYTES:
            raise UserError(f"{name}: larger than {MOST_BYTES >> 20} MiB; no picture of a car is")
    return bytes(data)
