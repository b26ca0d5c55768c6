"""`plate-streamer schemas`: what integrators need to read our events by machine."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from streamer.errors import UserError

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_schemas(add: Add) -> None:
    """The command `schemas`."""
    parser = add(
        "schemas",
        _schemas,
        "Print the JSON Schemas of events, rejections and parking, as one object by file name; or "
        "write them, and the AsyncAPI document of everything that is said over MQTT.",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write DIR/asyncapi.yaml and DIR/schemas/*.json"
    )


def _schemas(options: argparse.Namespace) -> int:
    from streamer.asyncapi import document_text, schemas

    if options.output is None:
        print(_json(schemas()), end="")
        return 0
    files = {Path("schemas") / name: _json(schema) for name, schema in schemas().items()}
    files[Path("asyncapi.yaml")] = document_text()
    for name, text in files.items():
        path = options.output / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror}") from None
        print(path)
    return 0


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
