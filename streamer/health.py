"""Readiness and watchdog for systemd, by its plain datagram protocol (sd_notify(3))."""

import os
import socket


def notify(state: str) -> bool:
    """Tell systemd `state` ("READY=1", "WATCHDOG=1", "STATUS=…"); False when it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):  # the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
            speaker.settimeout(1.0)
            speaker.sendto(state.encode(), address)
    except OSError:  # a service manager that went away must not take the gate with it
        return False
    return True


def watchdog_period_s() -> float | None:
    """Half of what systemd waits for a sign of life (its own advice), or None without watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2e6
