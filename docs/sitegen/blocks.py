"""Pieces of Markdown that several of the written pages need."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; whatever its cells hold stays in them."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines) + "\n"


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def as_yaml(value: Any) -> str:
    """A value as one writes it in the configuration, in one line."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    elif is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    elif isinstance(value, Path):
        value = str(value)
    elif isinstance(value, tuple):
        value = list(value)
    # In a list, since a scalar by itself would end with "...".
    return yaml.safe_dump([value], default_flow_style=True, width=10_000).strip()[1:-1]


def code(text: str, language: str = "") -> str:
    """A block of code, whatever it holds."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"
