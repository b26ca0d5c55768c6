"""A real Prometheus on a random loopback port, with the configuration that we ship."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from broker import free_port, wait_until
from tools import require_tool

SHIPPED = Path(__file__).parents[1] / "config/prometheus"


class Prometheus:
    """`with Prometheus(folder, ["127.0.0.1:9108"]) as prometheus:` scrapes these every second.

    Its rules and everything else are those of config/prometheus.
    """

    def __init__(self, folder, targets):
        self._program = require_tool("prometheus")
        self.folder = folder / "prometheus"
        shutil.copytree(SHIPPED, self.folder)
        config = self.folder / "prometheus.yml"
        config.write_text(config.read_text().replace(": 15s", ": 1s"))
        shown = [{"targets": targets}]
        (self.folder / "targets/plate-streamer.yml").write_text(json.dumps(shown))
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process = None

    def __enter__(self):
        words = [
            *(self._program, f"--config.file={self.folder}/prometheus.yml"),
            f"--web.listen-address={self.url.removeprefix('http://')}",
            f"--storage.tsdb.path={self.folder}/data",
        ]
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        wait_until(self._ready, what=(self.folder / "log").read_text)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(60)

    def _ready(self):
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            urllib.request.urlopen(f"{self.url}/-/ready", timeout=60).close()
        except OSError:
            return False
        return True

    def ask(self, path, **parameters):
        """What `/api/v1/<path>` answers; its own words where a query is wrong."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {json.load(error)['error']}") from None

    def values(self, query, **at):
        """The finite values of an instant query, one per series."""
        series = self.ask("query", query=query, **at)["result"]
        return [float(one["value"][1]) for one in series if one["value"][1] not in ("NaN", "+Inf")]
