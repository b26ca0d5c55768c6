"""Pages from what integrators read by machine: events, MQTT, REST."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sitegen.blocks import table

PROBLEM = "application/problem+json"
TITLES = {
    "plate-event-1": "A vehicle passed: `plate-event/1`",
    "plate-rejected-1": "A read was withheld: `plate-rejected/1`",
    "plate-parking-1": "A stay in the car park: `plate-parking/1`",
}


def events_page(folder: Path) -> str:
    """Every field of every event, from the JSON Schemas in `folder`."""
    parts = [
        "# Events\n",
        "What leaves the daemon: the same JSON over MQTT, webhooks, files, and the REST API. This",
        "page is made of the JSON Schemas that real events are tested against. A consumer ignores",
        "fields that it does not know: new ones may come with the same version.\n",
    ]
    for file in sorted(folder.glob("*.json"), key=lambda one: list(TITLES).index(one.stem)):
        schema = json.loads(file.read_text())
        parts += [
            f"## {TITLES[file.stem]}\n",
            f"{schema['description']} JSON Schema: [{file.name}](../schemas/{file.name}).\n",
            fields(schema),
        ]
        for name, inner in schema.get("$defs", {}).items():
            parts += [f"### {name} of {file.stem}\n", f"{inner['description']}\n", fields(inner)]
    return "\n".join(parts)


def fields(schema: Mapping[str, Any]) -> str:
    """The table of an object's fields."""
    needed = schema.get("required", ())
    return table(
        ("field", "type", "always", "says"),
        [
            (f"`{key}`", kind(one), "yes" if key in needed else "no", one.get("description", ""))
            for key, one in schema.get("properties", {}).items()
        ],
    )


def kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in short."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        inner = schema.get("items") or {}
        return f"list of {kind(inner)}" if inner else "list"
    types = schema.get("type", "any")
    names = types if isinstance(types, list) else [types]
    # Of a text that may be null, too, the format is told, and the null.
    return " or ".join(str(schema.get("format", one)) if one == "string" else one for one in names)


def topics_page(file: Path) -> str:
    """All topics, from the AsyncAPI document."""
    document = yaml.safe_load(file.read_text())
    channels = document["channels"]
    sends: dict[str, str] = {}
    for one in document["operations"].values():
        sends[one["channel"]["$ref"].rpartition("/")[2]] = one["action"]
    rows = [
        (
            f"`{channel['address'] or 'the response topic of a request'}`",
            # Channels without an operation of their own carry replies.
            {"send": "publishes", "receive": "obeys"}[sends.get(name, "send")],
            channel.get("summary", ""),
            ", ".join(f"[{one}](#{one.lower()})" for one in channel["messages"]),
        )
        for name, channel in channels.items()
    ]
    parts = [
        "# MQTT topics\n",
        f"{document['info']['description']} This page is made of the",
        "[AsyncAPI document](../asyncapi.yaml); [MQTT](../mqtt.md) is the guide.\n",
        table(("topic", "the daemon", "says", "messages"), rows),
        "## Messages\n",
    ]
    for name, message in document["components"]["messages"].items():
        payload = message.get("payload", {})
        parts += [
            f"### {name}\n",
            f"{message.get('summary') or message.get('title') or name}"
            f" (`{message.get('contentType', document['defaultContentType'])}`)\n",
            fields(payload) if payload.get("properties") else elsewhere(payload),
        ]
    return "\n".join(parts)


def elsewhere(payload: Mapping[str, Any]) -> str:
    """Where the fields of a message stand that has a schema of its own."""
    name = Path(payload.get("schema", {}).get("$ref", "")).stem
    return f"Its fields stand in [Events](events.md): {TITLES[name]}.\n" if name else ""


def rest_page(document: Mapping[str, Any]) -> str:
    """Every path of the REST API, from its OpenAPI document."""
    parts = [
        "# REST API, path by path\n",
        "Made of the OpenAPI document that the portal serves at `/api/v1/openapi.json`; a",
        "running portal shows it at `/docs`. [The guide](../api.md) has examples that work.\n",
    ]
    for tag, operations in by_tag(document).items():
        parts.append(f"## {tag}\n")
        for method, path, one in operations:
            parts += [f"### {method.upper()} {path}\n", described(one)]
    parts.append("## What is sent\n")
    for name, schema in document["components"]["schemas"].items():
        if schema.get("properties"):
            parts += [f"### {name}\n", f"{schema.get('description', '')}\n", fields(schema)]
    return "\n".join(parts)


def by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    """(method, path, operation) by the first part of the path behind the version."""
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for path, operations in document["paths"].items():
        tag = path.split("/")[3]
        found.setdefault(tag, []).extend((m, path, one) for m, one in operations.items())
    return found


def described(operation: Mapping[str, Any]) -> str:
    """An operation: what it does, takes, and answers."""
    parts = [operation.get("description") or operation.get("summary") or "", ""]
    parameters = operation.get("parameters", ())
    if parameters:
        parts.append(
            table(
                ("parameter", "in", "type", "says"),
                [
                    (f"`{p['name']}`", p["in"], kind(p.get("schema", {})), p.get("description", ""))
                    for p in parameters
                ],
            )
        )
    body = operation.get("requestBody")
    if body:
        parts.append("Takes " + " or ".join(_contents(body["content"])) + ".\n")
    parts.append(table(("answer", "is"), list(_answers(operation["responses"]))))
    return "\n".join(parts)


def _answers(responses: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each, the problems (RFC 9457) together: they are the same for most paths."""
    problems = []
    for status, one in responses.items():
        if PROBLEM in one.get("content", {}):
            problems.append(status)
            continue
        contents = ", ".join(_contents(one.get("content", {})))
        yield status, one["description"] + (f": {contents}" if contents else "")
    if problems:
        yield ", ".join(problems), f"a problem, as `{PROBLEM}`"


def _contents(content: Mapping[str, Any]) -> list[str]:
    return [
        f"`{media}`" + (f" ({kind(one['schema'])})" if one.get("schema") else "")
        for media, one in content.items()
    ]
