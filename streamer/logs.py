"""Structured logs on stderr: one line an entry, as text or as JSON, passwords taken out."""

import json
import logging
import sys
import time
from typing import Any, Literal

from streamer.redact import redact

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}


def _utc(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


class TextFormat(logging.Formatter):
    """`12:00:00.000Z info    capture: camera is up camera=gate-in`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback below it where there is one."""
        extras = "".join(f" {key}={value}" for key, value in _extras(record).items())
        source = record.name.rpartition(".")[2]
        line = (
            f"{_utc(record)[11:]} {record.levelname.lower():7} {source}: "
            f"{record.getMessage()}{extras}"
        )
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return redact(line)


class JsonFormat(logging.Formatter):
    """One JSON object a line: `at`, `level`, `source`, `message`, and the entry's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        entry: dict[str, Any] = {
            "at": _utc(record),
            "level": record.levelname.lower(),
            "source": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return redact(json.dumps(entry, default=str, ensure_ascii=False))


def start_logging(level: str, style: Literal["text", "json"] = "text") -> None:
    """Send the logs of all our packages to stderr (stdout belongs to results)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormat() if style == "json" else TextFormat())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for package in ("streamer", "models", "trackers"):
        logging.getLogger(package).setLevel(level.upper())
