import os
import socket

import pytest

from streamer import health


@pytest.fixture
def listener(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def test_systemd_is_told(listener):
    assert health.notify("READY=1")
    assert listener.recv(100) == b"READY=1"


def test_an_abstract_socket_works_too(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0plate-streamer-test-{os.getpid()}")
        sock.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@plate-streamer-test-{os.getpid()}")
        assert health.notify("WATCHDOG=1")
        assert sock.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all"])
def test_nobody_listening_is_no_error(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not health.notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "period"),
    [
        ("30000000", None, 15.0),
        ("30000000", "1", None),
        ("", None, None),
        ("often", None, None),
    ],
)
def test_the_watchdog_period_is_half_of_systemds(monkeypatch, usec, pid, period):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert health.watchdog_period_s() == period
