"""What watching costs: the pipeline's frame rate with ten watching browsers against none.

    python benchmarks/watchers.py [--rounds 8] [--seconds 4] [CLIP.mp4]

One camera reads a film as fast as it goes, over and over, so that every bit of the processor that
something else takes shows. Rounds without anybody and with ten MJPEG clients, five at 960 pixels
and five at 640, each a process of its own, alternate in one run. Shared machines are noisy: quote
the median of the ratios of neighbouring rounds, and how far they lie apart.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from streamer.app import default_config
from streamer.archive.archive import Archive
from streamer.controls import Controls
from streamer.enrich.watchlists import Watchlists
from streamer.evaluation.throughput import render_gate
from streamer.live import LiveView
from streamer.metrics import Metrics
from streamer.one_camera import Site, camera_pipeline
from streamer.pipeline import StageBase
from streamer.sinks.outbox import Outbox
from streamer.watch import CameraWatch
from streamer.web.films import Films
from streamer.web.portal import Portal
from streamer.web.site import create_app


class Ignore(StageBase):
    name = "publish"

    def step(self, _):
        return ()


WIDTHS = (960,) * 5 + (640,) * 5
SETTLE_S = 1.0
SERVER_NICENESS = 5
CLIENT_NICENESS = 19
"""Browsers run on other machines."""
WATCH = """
import socket, sys
host, port, path = sys.argv[1:]
with socket.create_connection((host, int(port))) as line:
    line.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
    while line.recv(1 << 18):
        pass
"""


def serve(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))

    def run():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), SERVER_NICENESS)
        server.run()

    threading.Thread(target=run, name="web", daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return server, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


def gate(clip, folder):
    """A pipeline at work and the portal over it."""
    metrics, controls = Metrics(), Controls(["gate"])
    config = default_config(str(clip))
    camera = config.cameras[0].model_copy(update={"name": "gate", "loop": True})
    control = controls.cameras["gate"]
    view = LiveView(control)
    watch = CameraWatch(metrics, "gate", [controls.arriving])
    watch.shown_in(view)
    pipeline = camera_pipeline(camera, config, Ignore(), watch, Site(control))
    portal = Portal(
        Archive(folder),
        controls,
        Watchlists([], metrics),
        metrics,
        Outbox(folder / "events.sqlite3", ()),
        films=Films({"gate": view}),
    )
    return pipeline, portal


def watchers(url, widths):
    where = urlsplit(url)
    return [
        subprocess.Popen(
            [
                *("nice", "-n", str(CLIENT_NICENESS), sys.executable, "-c", WATCH),
                *(where.hostname, str(where.port), f"/api/v1/cameras/gate/live?width={width}"),
            ]
        )
        for width in widths
    ]


def busy_s():
    """Processor time so far of the threads that draw and that serve."""
    took = {"film gate": 0.0, "web": 0.0}
    for thread in threading.enumerate():
        if thread.name in took:
            fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
            user, system = fields.rpartition(")")[2].split()[11:13]
            took[thread.name] = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return took["film gate"], took["web"]


def rate(portal, seconds):
    def captured():
        return portal.metrics.registry.get_sample_value(
            "anpr_frames_captured_total", {"camera": "gate"}
        )

    before, began_s = captured(), time.perf_counter()
    time.sleep(seconds)
    return (captured() - before) / (time.perf_counter() - began_s)


def rounds(portal, url, count, seconds):
    film = portal.films.cameras["gate"]
    ratios = []
    for number in range(count):
        alone = rate(portal, seconds)
        clients = watchers(url, WIDTHS)
        while film.watchers < len(WIDTHS):
            time.sleep(0.05)
        time.sleep(SETTLE_S)
        encoded, began_s, busy = film.encoded, time.perf_counter(), busy_s()
        watched = rate(portal, seconds)
        took_s = time.perf_counter() - began_s
        shown = (film.encoded - encoded) / took_s
        drawing, serving = (
            100 * (now - before) / took_s for now, before in zip(busy_s(), busy, strict=True)
        )
        for client in clients:
            client.terminate()
            client.wait()
        while film.watchers:
            time.sleep(0.05)
        time.sleep(SETTLE_S)
        after = rate(portal, seconds)
        ratios.append(watched / ((alone + after) / 2))
        print(
            f"round {number + 1}: alone {alone:6.1f}, watched {watched:6.1f}, alone {after:6.1f}"
            f" frames/s; {shown:.1f} pictures a second; drawing {drawing:.1f} %, serving"
            f" {serving:.1f} % of a core; ratio {ratios[-1]:.3f}",
            flush=True,
        )
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pipeline, portal = gate(given.clip or render_gate(Path(folder) / "gate.mp4"), Path(folder))
        server, url = serve(create_app(portal))
        pipeline.start()
        time.sleep(SETTLE_S)
        ratios = rounds(portal, url, given.rounds, given.seconds)
        portal.films.close()
        server.should_exit = True
        pipeline.stop()
        pipeline.join(10)
    print(
        f"with ten watchers: {statistics.median(ratios):.3f} of the rate without"
        f" ({min(ratios):.3f} to {max(ratios):.3f})"
    )


if __name__ == "__main__":
    main()
