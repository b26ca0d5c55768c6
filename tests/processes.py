"""The daemon as users start it: a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from broker import wait_until

START_S = 180.0
PROMISED_S = 5.0
STOP_LIMIT_S = 10.0
"""Twice what we promise, for a busy machine; who waits for something that hangs needs far more."""
LOAD_S = 2.0
"""What a new interpreter takes to load the daemon on a machine that keeps the promise."""
MOST_SLOWNESS = 6.0


def in_time(seconds):
    """Whether the daemon ended as soon as is promised. A machine that is even slower, or busier,
    may take as much longer as it takes for anything else just now."""
    return seconds < STOP_LIMIT_S or seconds < PROMISED_S * min(_slowness(), MOST_SLOWNESS)


def _slowness():
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import streamer.app"], check=True)
    return (time.monotonic() - started) / LOAD_S


class DaemonProcess:
    """`with DaemonProcess(folder, config) as daemon:` `config` is the configuration as a dict."""

    def __init__(self, folder, config):
        self.folder = folder
        self._config = folder / "config.yaml"
        self._log = folder / "log"
        settings = {"store": {"folder": str(folder / "state")}, "metrics": {"port": 0}}
        self._config.write_text(json.dumps({**settings, **config}))
        self._process = None

    def start(self):
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamer", "run", str(self._config)],
                stdin=subprocess.DEVNULL,
                stderr=log,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONFAULTHANDLER": "1"},
            )
        return self

    @property
    def log(self):
        return self._log.read_text() if self._log.exists() else ""

    @property
    def alive(self):
        return self._process is not None and self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, timeout_s=START_S):
        """The exit code."""
        return self._process.wait(timeout_s)

    def wait_for(self, text, timeout_s=START_S):
        wait_until(
            lambda: self._running_or_fail() and text in self.log,
            timeout_s,
            lambda: f"{text!r} is not in the log:\n{self.log}",
        )

    def _running_or_fail(self):
        assert self.alive, f"the daemon ended:\n{self.log}"
        return True

    def metrics(self):
        """Samples by name, each a list of (labels, value), read by Prometheus' own parser."""
        self.wait_for("/metrics")
        url = re.findall(r"http://\S+/metrics", self.log)[-1]
        with urllib.request.urlopen(url, timeout=60) as answer:
            page = answer.read().decode()
        samples = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        return samples

    def metric(self, name, **labels):
        """One value; 0 for a sample that is not there yet."""
        found = [
            value
            for given, value in self.metrics().get(name, [])
            if labels.items() <= given.items()
        ]
        return sum(found)

    def stop(self):
        """SIGTERM; gives (exit code, seconds it took)."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(START_S)
        return code, time.monotonic() - started

    def kill(self):
        if self.alive:
            self._process.kill()
            self._process.wait(60)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def plate_streamer(*words, timeout_s=400, **environment):
    """Run a command to its end; the finished process, with stdout and stderr as text."""
    return subprocess.run(
        [sys.executable, "-m", "streamer", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env={**os.environ, **environment},
    )
