"""The page of the configuration, from config/gate.yaml: its comments are the manual.

tests/streamer/test_gate_yaml.py holds that file against the options that the code takes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sitegen.blocks import code, table

KEY = re.compile(r"^(?P<off>#?)(?P<dash>- )?(?P<key>\w+):(?P<value>.*)$")

HEAD = """# Configuration

One YAML file, [`config/gate.yaml`](../../config/gate.yaml), of which this page is made: every
key, the value that it has
where you leave it out, and why. Only `cameras` is needed. Values of cameras, the broker and
receivers are examples.

```sh
plate-streamer check-config gate.yaml
```

names all errors at once. `${NAME}` is replaced by the environment variable `NAME`. This is YAML
1.2: `NO` is text, not
false. Sections marked *optional* are commented out in that file: they are parts that you add.
"""


@dataclass
class Row:
    """A key: where it stands, what it is, what it says."""

    indent: int
    off: bool
    key: str
    value: str
    says: str
    path: list[str] = field(default_factory=list)


def configuration_page(gate_yaml: str) -> str:
    """The page."""
    parts, rows = [HEAD], list(with_paths(rows_of(gate_yaml)))
    for row in rows:
        if len(row.path) > 1:
            continue
        note = " (optional)" if row.off else ""
        parts.append(f"## {row.key}{note}\n")
        if row.says:
            parts.append(f"{row.says}\n")
        below = [one for one in rows if len(one.path) > 1 and one.path[0] == row.key]
        parts.append(section(below))
    parts.append("## The whole file\n\n" + code(gate_yaml, "yaml"))
    return "\n".join(parts)


def section(rows: list[Row]) -> str:
    """The table of a section, or a table for each of its parts."""
    parts, lines = [], [row for row in rows if len(row.path) == 2 and not has_below(row, rows)]
    if lines:
        parts.append(key_table(lines))
    for row in rows:
        if len(row.path) == 2 and has_below(row, rows):
            note = " (optional)" if row.off else ""
            parts.append(f"### {'.'.join(row.path)}{note}\n")
            if row.says:
                parts.append(f"{row.says}\n")
            parts.append(
                key_table([one for one in rows if one.path[:2] == row.path and one != row])
            )
    return "\n".join(parts)


def has_below(row: Row, rows: list[Row]) -> bool:
    """Whether a key is a section of its own."""
    return any(one.path[: len(row.path)] == row.path and one is not row for one in rows)


def key_table(rows: list[Row]) -> str:
    """A line per key."""
    return table(
        ("key", "value", "says"),
        [(f"`{row.path[-1]}`", f"`{row.value}`" if row.value else "", row.says) for row in rows],
    )


def rows_of(text: str) -> Iterator[Row]:
    """Every key of the file, with the comment above it; also keys with a # directly before."""
    says: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# ") or bare == "#":
            says.append(bare[1:].strip())
            continue
        found = KEY.match(bare)
        if found is None:
            says = []
            continue
        indent = len(line) - len(line.lstrip()) + (2 if found["dash"] else 0)
        value = re.sub(r"\s+#.*$", "", found["value"]).strip()
        yield Row(indent, bool(found["off"]), found["key"], value, " ".join(says))
        says = []


def with_paths(rows: Iterator[Row]) -> Iterator[Row]:
    """The same, each with the keys that it stands below."""
    above: list[Row] = []
    for row in rows:
        while above and above[-1].indent >= row.indent:
            above.pop()
        row.path = [*(one.key for one in above), row.key]
        above.append(row)
        yield row
