"""Why the daemon ended stands in its log."""

import signal

import pytest

from processes import DaemonProcess

pytestmark = pytest.mark.slow
OVER = "every source is over: stopping"


def synthetic(name, **more):
    return {"name": name, "url": "synthetic:?vehicles=0&size=320x180&fps=2", **more}


def test_it_says_that_its_sources_are_over(tmp_path):
    with DaemonProcess(tmp_path, {"cameras": [synthetic("left"), synthetic("right")]}) as daemon:
        assert daemon.wait() == 0, daemon.log
    *_, last = daemon.log.splitlines()
    assert OVER in last
    for name in ("left", "right"):
        assert daemon.log.count(f"camera {name}: synthetic:?vehicles=0") == 1


def test_one_source_that_is_over_leaves_it_running_and_a_signal_is_no_end_of_the_others(tmp_path):
    goes_on = synthetic("right", realtime=True, loop=True)
    with DaemonProcess(tmp_path, {"cameras": [synthetic("left"), goes_on]}) as daemon:
        daemon.wait_for("camera left: synthetic:?vehicles=0&size=320x180&fps=2 is over")
        daemon.wait_for("camera right: frames arrive")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0, daemon.log
    assert "SIGTERM: stopping" in daemon.log
    assert OVER not in daemon.log
    assert "camera right: synthetic:?vehicles=0&size=320x180&fps=2 is over" not in daemon.log
