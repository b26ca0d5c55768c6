"""The AsyncAPI document and the schemas: what they say is what a real broker is sent."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource

from broker import Subscriber, wait_until
from mqtt_gate import Gate, asking, listening, publishing
from streamer.asyncapi import schemas
from streamer.cli import main
from streamer.codec import json_schema
from streamer.data import Rejection
from streamer.descriptions import DESCRIPTIONS

DOCS = Path(__file__).parents[2] / "docs"
NAMES = ("plate-event/1", "plate-rejected/1", "plate-parking/1")


def document():
    return yaml.safe_load((DOCS / "asyncapi.yaml").read_text())


def at(document, reference):
    for key in reference.removeprefix("#/").split("/"):
        document = document[key]
    return document


def test_what_is_committed_is_what_the_command_writes(tmp_path, capsys):
    assert main(["schemas", "--output", str(tmp_path)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert len(written) == 4
    for path in written:
        committed = DOCS / path.relative_to(tmp_path)
        assert path.read_text() == committed.read_text(), (
            f"{committed} is old; plate-streamer schemas --output docs"
        )
    assert {path.name for path in (DOCS / "schemas").iterdir()} == set(schemas())


def test_without_a_folder_the_schemas_are_printed(capsys):
    assert main(["schemas"]) == 0
    assert json.loads(capsys.readouterr().out) == schemas()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "schemas").write_text("a file")
    assert main(["schemas", "--output", str(tmp_path)]) == 2
    assert "schemas/plate-event-1.json: cannot be written: " in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_explained_and_nothing_else(name):
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for title, part in {**schema.get("$defs", {}), name: schema}.items():
        texts = DESCRIPTIONS[title]
        assert texts[""]
        assert set(part["properties"]) == set(texts) - {""}, title
        assert all(field["description"] for field in part["properties"].values())


def test_every_reference_leads_somewhere():
    whole = document()
    for reference in re.findall(r"\$ref: '?([^'\n]+)", (DOCS / "asyncapi.yaml").read_text()):
        if reference.startswith("#"):
            assert at(whole, reference)
        else:
            assert json.loads((DOCS / reference).read_text())["$schema"]


class Contract:
    """The document, asked about messages that were seen."""

    def __init__(self, base):
        self.whole = document()
        self._base = base
        self._registry = Registry().with_resources(
            (f"./schemas/{name}", Resource.from_contents(schema))
            for name, schema in schemas().items()
        )

    def channel_of(self, topic, action):
        """The name of the channel a topic belongs to; there is exactly one."""
        (name,) = [name for name in self.channels(action) if self._pattern(name).fullmatch(topic)]
        return name

    def channels(self, action):
        return [k for k, o in self.whole["operations"].items() if o["action"] == action]

    def _pattern(self, name):
        address = self.whole["channels"][name]["address"]
        return re.compile(address.format(base=re.escape(self._base), camera="[^/]+"))

    def check(self, message, channel):
        """The message is as one of those of the channel says."""
        known = self.whole["channels"][channel]["messages"].values()
        messages = [at(self.whole, reference["$ref"]) for reference in known]
        content_type = message.properties.ContentType
        (said,) = [m for m in messages if m["contentType"] == content_type]
        payload = said["payload"]
        schema = payload["schema"] if "schemaFormat" in payload else payload
        validator = jsonschema.Draft202012Validator(
            schema, registry=self._registry, format_checker=jsonschema.FormatChecker()
        )
        if content_type == "image/jpeg":
            assert message.payload[:2] == b"\xff\xd8"
            assert message.properties.PayloadFormatIndicator == 0
        else:
            text = message.payload.decode()
            validator.validate(text if content_type == "text/plain" else json.loads(text))
            assert message.properties.PayloadFormatIndicator == 1


@pytest.fixture
def everything(shared_broker, topic, make_event, make_parking, tmp_path):
    """What the broker was sent by a sink that did all it can do: below its base, and answers."""

    crop = tmp_path / "crop.jpg"
    crop.write_bytes(b"\xff\xd8")
    gate = Gate()
    gate.sees("gate")
    options = {"base_topic": topic, "commands": ("pause", "snapshot", "watchlist")}
    requests = [
        ("gate/set", "pause"), ("gate/set", "resume"), ("gate/snapshot", ""),
        ("yard/snapshot", ""), ("watchlist/add", '{"list": "residents", "plate": "A"}'),
        ("watchlist/remove", '{"list": "residents", "plate": "A", "note": null}'),
    ]  # fmt: skip
    with (
        Subscriber(shared_broker, f"{topic}/#") as seen,
        Subscriber(shared_broker, f"answers-{topic}") as answers,
        listening(shared_broker, gate, client_id=topic, **options),
        publishing(shared_broker) as publisher,
    ):
        sink = gate.sink
        sink.camera_status("gate", True)
        sink.send(make_event(crop=str(crop)))
        for capacity in (None, 40):
            sink.send(make_parking(camera="yard", capacity=capacity))
        when = datetime(2026, 1, 2, tzinfo=UTC)
        sink.rejected(
            Rejection(
                "gate", "unread", "", 0.0, 1, 0.0, 7, when, when, when, None, (1, 2, 3, 4), (9, 9)
            )
        )
        publisher.publish(f"{topic}/gate/snapshot", "", 1)
        for where, payload in requests:
            properties = asking(f"answers-{topic}")
            publisher.publish(f"{topic}/{where}", payload, 1, properties=properties)
        wait_until(lambda: len(answers.messages) == len(requests))
        sink.close(2.0)
        wait_until(lambda: seen.texts(f"{topic}/status") == ["online", "offline"])
        time.sleep(0.1)
        lines = shared_broker.log().splitlines()
        asked = {line.split()[3] for line in lines if f": {topic} 1 {topic}/" in line}
        yield seen.messages, answers.messages, asked, requests


def test_what_a_broker_is_sent_is_what_the_document_says(everything, topic):
    messages, answers, asked, requests = everything
    contract = Contract(topic)
    commands = [f"{topic}/{where}" for where, _ in requests]
    sent = [message for message in messages if message.topic not in commands]
    channels = [contract.channel_of(message.topic, "send") for message in sent]
    assert set(channels) == set(contract.channels("send"))
    for channel, message in zip(channels, sent, strict=True):
        contract.check(message, channel)
        operation = contract.whole["operations"][channel]
        assert message.qos == operation["bindings"]["mqtt"]["qos"], message.topic
    # All that is listened to is said, and all that is said is listened to.
    listened = [contract.channel_of(one, "receive") for one in asked]
    assert set(listened) == set(contract.channels("receive"))
    for message in answers:
        contract.check(message, "answers")


def test_what_is_retained_is_what_the_document_says(everything, shared_broker, topic):
    contract = Contract(topic)
    with Subscriber(shared_broker, f"{topic}/#") as late:
        late._client.publish(f"{topic}/end", "", 1)
        wait_until(lambda: late.of(f"{topic}/end"))  # the broker sends what is retained before
        topics = {message.topic for message in late.messages} - {f"{topic}/end"}
        retained = {contract.channel_of(one, "send") for one in topics}
    bindings = {k: o["bindings"]["mqtt"] for k, o in contract.whole["operations"].items()}
    assert retained == {name for name, mqtt in bindings.items() if mqtt["retain"]}
