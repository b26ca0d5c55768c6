"""How long `POST /read` takes for a 1080p picture at 4 parallel clients, against reading it bare.

    python benchmarks/read_api.py [--rounds 3] [--reads 50] [--workers 2]
    python benchmarks/read_api.py --beside          what cameras lose while the clients ask

Bare is decoding the same JPEG and `PlateReader.read`, (a) one after the other and (b) in as many
threads as there are clients, each with a reader of its own: what the processor can do. Server,
clients and the bare reading are processes of their own; rounds of all three take turns. Prints the
p50 and p95 of each and the ratios of p95; on a shared machine quote the ratios.

With fewer cores than clients (a) cannot be kept up with: four pictures at a time on two cores take
at least twice as long each as one picture alone.

The server is `plate-streamer serve`. `--beside` has `plate-streamer run` read a film as fast as it
can, and compares its frames per second without and with clients that ask without a pause. A camera
gives fewer frames than that, and so loses less.
"""

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import av

from models.training.gate import GateScene
from streamer.picture_reader import PlateReader
from streamer.pictures import decoded, jpeg

SIZE = (1920, 1080)
AT_S = 8.0
WARM_UP = 5
START_S = 30.0
FILM_S, FPS = 8, 15
SETTLE_S, COUNTED_S = 2.0, 5.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reads", type=int, default=50, help="of each client, a round")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2, help="web.read_workers")
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(int(options.ask[0]), Path(options.ask[1]), options)))
    elif options.beside:
        beside(options)
    else:
        compare(options)


def picture_in(folder):
    data = jpeg(GateScene(SIZE, seed=7, vehicles=1).render(AT_S).image, 90)
    (Path(folder) / "gate.jpg").write_bytes(data)
    return data


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def beside(options):
    rates = {"without clients": [], "with clients": []}
    with tempfile.TemporaryDirectory() as folder:
        picture_in(folder)
        film = {"name": "film", "url": str(render(Path(folder) / "film.mp4")), "loop": True}
        with portal("run", folder, options.workers, [film]) as (port, metrics, _):
            for _ in range(options.rounds):
                rates["without clients"].append(frames_per_s(metrics))
                asked = ["--ask", port, Path(folder) / "gate.jpg", "--reads", 1_000_000]
                with started(*asked, "--clients", options.clients) as clients:
                    time.sleep(SETTLE_S)
                    rates["with clients"].append(frames_per_s(metrics))
                    clients.kill()
    for name, found in rates.items():
        print(f"  {name:16} {statistics.median(found):6.1f} frames/s, median of {len(found)}")
    share = statistics.median(rates["with clients"]) / statistics.median(rates["without clients"])
    print(f"  with {options.clients} clients {share:.2f} of the frames without")


def frames_per_s(port):
    """Of the film, over a while."""
    before = captured(port)
    time.sleep(COUNTED_S)
    return (captured(port) - before) / COUNTED_S


def captured(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    return float(re.search(r'^anpr_frames_captured_total{camera="film"} (.*)$', text, re.M)[1])


@contextmanager
def portal(command, folder, workers, cameras=()):
    """The daemon, or the portal alone: its port, that of its metrics, its process id."""
    port, metrics = free_port(), free_port()
    web = {"enabled": True, "port": port, "read_workers": workers}
    web |= {"requests_per_s": 1e6, "burst": 1_000_000}
    config = {"web": web, "metrics": {"port": metrics}, "store": {"folder": folder}}
    if cameras:
        config |= {"cameras": list(cameras), "log": {"level": "error"}}
    path = Path(folder) / "gate.yaml"
    path.write_text(json.dumps(config))
    with subprocess.Popen([sys.executable, "-m", "streamer", command, str(path)]) as process:
        try:
            wait_for(port)
            yield port, metrics, process.pid
        finally:
            process.terminate()


def compare(options):
    taken = {"bare, alone": [], "bare, threads": [], "POST /read": []}
    readers = [PlateReader() for _ in range(options.clients)]
    with tempfile.TemporaryDirectory() as folder:
        picture, data = Path(folder) / "gate.jpg", picture_in(folder)
        with portal("serve", folder, options.workers) as (port, _, pid):
            for _ in range(options.rounds):
                taken["bare, alone"] += bare(data, readers[:1], options.reads)
                taken["bare, threads"] += bare(data, readers, options.reads)
                asked = ["--ask", port, picture, "--reads", options.reads]
                with started(*asked, "--clients", options.clients) as clients:
                    taken["POST /read"] += json.loads(clients.communicate()[0])
            memory_mb = resident_mb(pid)
    report(taken, options, len(data), memory_mb)


def report(taken, options, size, memory_mb):
    cores = len(os.sched_getaffinity(0))
    print(
        f"{options.clients} clients, {options.workers} workers, {cores} cores, 1080p JPEG of "
        f"{size / 1000:.0f} kB, {options.rounds} rounds; the server takes {memory_mb:.0f} MB"
    )
    p95 = {}
    for name, seconds in taken.items():
        cuts = statistics.quantiles(seconds, n=20)
        p95[name] = cuts[18]
        middle = statistics.median(seconds)
        print(f"  {name:14} p50 {1000 * middle:6.1f} ms   p95 {1000 * cuts[18]:6.1f} ms")
    for name in ("bare, alone", "bare, threads"):
        print(f"  p95 of POST /read is {p95['POST /read'] / p95[name]:.2f}x that of {name}")


def started(*arguments):
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(port):
    until_s = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)


def resident_mb(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def in_threads(works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def timed(reads, once):
    seconds = []
    for number in range(WARM_UP + reads):
        started_s = time.perf_counter()
        once()
        if number >= WARM_UP:
            seconds.append(time.perf_counter() - started_s)
    return seconds


def bare(data, readers, reads):
    seconds = []

    def work(reader):
        seconds.extend(timed(reads, lambda: reader.read(decoded(data))))

    in_threads([lambda reader=reader: work(reader) for reader in readers])
    return seconds


def ask(port, picture, options):
    data, seconds = picture.read_bytes(), []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def once():
            connection.request("POST", "/api/v1/read", data, {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            assert json.loads(body)["plates"], body

        seconds.extend(timed(options.reads, once))

    in_threads([client] * options.clients)
    return seconds


def render(path):
    scene = GateScene((1280, 720), seed=7, vehicles=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *scene.size, "yuv420p"
        for number in range(FILM_S * FPS):
            image = scene.render(4 + number / FPS).image
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


if __name__ == "__main__":
    main()
