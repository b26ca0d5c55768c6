"""All pages of the reference that the code writes."""

import importlib
import runpy
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sitegen.blocks import as_yaml, table
from sitegen.commands import command_pages
from sitegen.configuration import configuration_page
from sitegen.schemas import events_page, rest_page, topics_page

METRICS = """# Metrics

Every metric that `/metrics` serves, made of the code that declares it.
[Monitoring](../monitoring.md) says which to look
at, and has the alerts and the dashboard.

"""

PARTS = """# Parts by name

What may stand in the configuration as `detector`, `reader`, `tracker`, `owner`, or below `sinks`,
made of the tables that
the code looks them up in. A part's module is loaded when it is chosen, not before.

"""


PYTHON = """# Python API

```python
from streamer import PlateReader, main

PlateReader().read("car.jpg")  # [FoundPlate(plate="AB123CD", confidence=0.97, …)]
main("clip.mp4")  # [PlateEvent(plate="AB123CD", looks=7, …)]
```

What `streamer` exports is stable, and so are the fields of what it gives. Everything is typed;
whatever else can be
imported may change with any version. Pictures are arrays as OpenCV has them: (height, width, 3),
uint8, BGR.

"""


def reference_pages(root: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of each."""
    docs = root / "docs"
    yield from command_pages()
    gate_yaml = (root / "config/gate.yaml").read_text()
    yield "reference/configuration.md", configuration_page(gate_yaml)
    yield "reference/parts.md", PARTS + parts_tables()
    yield "reference/events.md", events_page(docs / "schemas")
    yield "reference/topics.md", topics_page(docs / "asyncapi.yaml")
    yield "reference/rest.md", rest_page(openapi_document())
    yield "reference/python.md", python_page()
    metrics = runpy.run_path(str(docs / "metrics_table.py"))["table"]()
    yield "reference/metrics.md", METRICS + metrics


def openapi_document() -> dict[str, Any]:
    """What the portal serves at /api/v1/openapi.json, without starting one."""
    from streamer.config import make
    from streamer.roots.portal import portal_alone
    from streamer.serve import serving_config
    from streamer.web.site import create_app

    with tempfile.TemporaryDirectory() as folder:
        config = serving_config(None)
        store = config.parts["store"]
        elsewhere = replace(store, options={**store.options, "folder": Path(folder)})
        config = replace(config, parts={**config.parts, "store": elsewhere})
        web = make(config.parts["web"])
        portal, _ = portal_alone(config, web)
        return create_app(portal, web).openapi()


def parts_tables() -> str:
    """A table for each kind of part, with the options of each and their defaults."""
    from streamer.app import PARTS as KNOWN
    from streamer.config import options_model
    from streamer.parts import load_part

    texts = []
    kinds = {kind: (names, default) for kind, (names, default) in KNOWN.chosen.items()}
    kinds |= {kind: (names, None) for kind, names in KNOWN.several.items()}
    for kind, (names, default) in kinds.items():
        rows = []
        for name, place in names.items():
            fields = options_model(load_part(kind, names, name)).model_fields
            options = ", ".join(
                f"`{key}`" if field.is_required() else f"`{key}: {as_yaml(field.default)}`"
                for key, field in fields.items()
            )
            mark = " (default)" if name == default else ""
            rows.append((f"`{name}`{mark}", options or "none", f"`{place.partition(':')[0]}`"))
        texts.append(f"## {kind}\n\n" + table(("name", "options", "module"), rows))
    return "\n".join(texts)


def python_page() -> str:
    """The page of the Python API: what `streamer` exports, and what that gives and takes."""
    import streamer

    shown = [f"streamer.{name}" for name in sorted(streamer.__all__, key=str.lower)]
    shown += [f"streamer.data.{name}" for name in ("PlateEvent", "Character", "Candidate")]
    shown += ["streamer.errors.UserError", "models.base.ModelError"]
    blocks = "\n\n".join(f"::: {place_of(one)}" for one in shown)
    return PYTHON + blocks + "\n"


def place_of(dotted: str) -> str:
    """Where a name is defined: `streamer` only passes it on."""
    module, _, name = dotted.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    return f"{found.__module__}.{found.__name__}"
