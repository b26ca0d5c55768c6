"""The section `tracing`: what it refuses, and that it costs nothing while off."""

import subprocess
import sys

import pytest

from streamer.app import PARTS
from streamer.config import ConfigError, parse_config
from streamer.metrics import Metrics
from streamer.tracing.tracing import ENDPOINT, Tracing
from streamer.watch import CameraWatch

CAMERA = "cameras: [{name: gate, url: 'synthetic:'}]\n"
BLOCKED = "import sys; sys.modules['opentelemetry.sdk'] = None\n"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("endpoint: collector:4318", "tracing.endpoint: 'collector:4318' should be a whole URL"),
        ("endpoint: 'http://host:4318'", f"should be a whole URL such as {ENDPOINT}"),
        ("endpoint: 'http://joe:pw@host'", "'http://***@host' should be"),
        ("headers: {'bad name': x}", "tracing.headers: 'bad name' is no name of a header"),
        ('headers: {x: "a\\nb"}', "tracing.headers: the value of 'x' should be printable"),
        ("share: 0", "tracing.share: 0 should be greater than 0"),
        ("share: 1.5", "tracing.share: 1.5 should be less than or equal to 1"),
        ("service_name: ''", "tracing.service_name: '' should have at least 1 character"),
        ("plate: true", "tracing.plate: unknown key; did you mean 'plates'?"),
    ],
)
def test_faults_are_named(given, fault):
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{CAMERA}tracing: {{{given}}}", PARTS)
    assert fault in str(caught.value)


def test_a_secret_in_a_header_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{CAMERA}tracing: {{headers: {{authorization: 12345678}}}}", PARTS)
    assert "12345678" not in str(caught.value)
    assert "tracing.headers.authorization: ***" in str(caught.value)


def test_headers_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("TOKEN", "s3cret")
    config = parse_config(CAMERA + "tracing: {headers: {authorization: '${TOKEN}'}}", PARTS)
    assert config.parts["tracing"].options["headers"] == {"authorization": "s3cret"}


def test_while_off_everything_stays_as_it_is():
    def accept(event, at):
        return True

    tracing = Tracing(lambda _: False)
    assert tracing.timed("store", accept) is accept
    assert tracing.accepting(accept) is accept
    assert tracing.journal is None
    assert tracing.trail() is None
    assert CameraWatch(Metrics(), "gate", trail=tracing.trail()).on_steps == []
    tracing.start()()


def test_the_environment_can_switch_it_off_as_it_does_everywhere(monkeypatch):
    assert Tracing(lambda _: False, enabled=True).journal is not None
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert Tracing(lambda _: False, enabled=True).journal is None


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )


def test_without_the_extra_it_says_what_to_install(tmp_path):
    file = tmp_path / "gate.yaml"
    file.write_text(CAMERA + "tracing:\n  enabled: true\n")
    program = f"from streamer.cli import main; sys.exit(main(['check-config', {str(file)!r}]))"
    done = run(BLOCKED + program)
    assert done.returncode == 2
    assert "gate.yaml:3: tracing.enabled: true needs OpenTelemetry" in done.stderr
    assert "pip install 'plate-streamer[tracing]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_while_off_what_traces_is_not_imported():
    program = f"""
import sys
from streamer.app import PARTS, build_daemon
from streamer.config import parse_config
text = {CAMERA!r} + "store: {{folder: /dev/null/nowhere}}"
build_daemon(parse_config(text, PARTS))
loaded = ("opentelemetry.sdk", "opentelemetry.exporter")
sys.exit(any(name.startswith(loaded) for name in sys.modules))
"""
    done = run(program)
    assert done.returncode == 0, done.stderr
