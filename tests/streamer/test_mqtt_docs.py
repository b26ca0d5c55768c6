"""What docs/mqtt.md tells people to type does what it says."""

import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from broker import Mosquitto, Subscriber, wait_until
from mqtt_gate import Gate, listening
from tools import require_tool

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "mqtt.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [
    line
    for language, block in BLOCKS
    for line in block.splitlines()
    if language == "sh" and line.startswith(("mosquitto_pub", "mosquitto_rr"))
]


def block(beginning):
    (found,) = [text for _, text in BLOCKS if text.startswith(beginning)]
    return found


def daemon(broker, **options):
    """A daemon's sink with all commands, below the topic that it has by default."""
    gate = Gate(["gate-in"])
    gate.sees("gate-in")
    return listening(broker, gate, commands=("pause", "snapshot", "watchlist"), **options)


def run(line, broker, cwd, *login):
    """An example, at a broker of ours."""
    require_tool(line.split()[0])
    command, _, into = line.partition(" > ")
    words = shlex.split(command)
    words[words.index("-h") + 1] = broker.host
    words += ["-p", str(broker.port), *login]
    done = subprocess.run(words, capture_output=True, timeout=120, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    if into:
        (cwd / into).write_bytes(done.stdout)
    return done.stdout


def test_there_are_examples():
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_is_obeyed(shared_broker, tmp_path, line):
    with daemon(shared_broker) as gate:
        said = run(line, shared_broker, tmp_path)
        wait_until(lambda: gate.outcomes)
        assert [outcome for _, outcome in gate.outcomes] == ["done"]
        if ">" in line:
            assert (tmp_path / "now.jpg").read_bytes()[:2] == b"\xff\xd8"
        elif line.startswith("mosquitto_rr"):
            assert said.strip() == b'{"error": null}'


def test_the_access_list_lets_everybody_do_what_is_theirs(tmp_path, make_event, caplog):
    users = dict.fromkeys(("plate-streamer", "barrier", "home"), "x")
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(b"\xff\xd8")
    pause, *_, asked, _ = EXAMPLES
    with (
        Mosquitto(users, acl=block("user plate-streamer")) as broker,
        daemon(broker, username="plate-streamer", password="x") as gate,
        Subscriber(broker, "plates/#", "barrier", "x") as barrier,
        Subscriber(broker, "plates/#", "home", "x") as home,
    ):
        gate.sink.send(make_event(camera="gate-in", crop=str(crop)))
        wait_until(lambda: home.of("plates/gate-in/crop") and barrier.messages)
        assert "refused" not in caplog.text
        assert home.texts("plates/status") == ["online"]
        run(pause, broker, tmp_path, "-u", "barrier", "-P", "x")  # may not, and MQTT 3 says nothing
        run(pause, broker, tmp_path, "-u", "home", "-P", "x")
        run(asked, broker, tmp_path, "-u", "home", "-P", "x")
        assert (tmp_path / "now.jpg").read_bytes()[:2] == b"\xff\xd8"
        wait_until(lambda: gate.outcomes == [("set", "done"), ("snapshot", "done")])
        assert [message.topic for message in barrier.messages] == ["plates/gate-in/event"]


def test_certificates_made_like_this_let_in(make_event):
    require_tool("openssl")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        here.chmod(0o755)
        script = block("openssl req -x509").replace("broker.example", "localhost")
        subprocess.run(["sh", "-e", "-c", script], cwd=here, check=True, capture_output=True)
        for path in here.iterdir():
            path.chmod(0o644)  # mosquitto runs as nobody
        (here / "gate.acl").write_text(block("user plate-streamer"))
        settings = block("listener 8883").replace("broker.example", "localhost")
        settings = settings.replace("listener 8883\n", "").replace("/etc/mosquitto/certs", folder)
        options = yaml.safe_load(block("sinks:").replace("/etc/plate-streamer", folder))
        options = options["sinks"]["mqtt"] | {"host": "localhost"}
        broker = Mosquitto(settings=settings.replace("/etc/mosquitto", folder))
        with broker, daemon(broker, **options) as gate:
            gate.sink.send(make_event())
            assert "u'plate-streamer'" in broker.log()


def test_the_tables_are_those_of_the_asyncapi_document():
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
    for heading, action in (("## What is published", "send"), ("## Commands", "receive")):
        section = TEXT.partition(heading)[2].partition("\n## ")[0]
        rows = re.findall(r"^\| `(plates/[^`]+)` \|", section, re.MULTILINE)
        named = {
            row.replace("plates/", "{base}/", 1).replace("<camera>", "{camera}") for row in rows
        }
        operations = document["operations"].items()
        channels = [document["channels"][name] for name, o in operations if o["action"] == action]
        assert named == {channel["address"] for channel in channels}


def test_the_table_says_what_is_retained_and_how_sure():
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
    rows = re.findall(r"^\| `plates/([^`]+)` \| (yes|no) \| (.*?) \|", TEXT, re.MULTILINE)
    assert len(rows) == 10
    for topic, retained, qos in rows:
        address = "{base}/" + topic.replace("<camera>", "{camera}")
        (name,) = [k for k, c in document["channels"].items() if c["address"] == address]
        binding = document["operations"][name]["bindings"]["mqtt"]
        assert binding["retain"] == (retained == "yes")
        assert str(binding["qos"]) == qos.replace("`qos` (1)", "1")
