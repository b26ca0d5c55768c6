"""How long `POST /read` takes for a 1080p picture at 4 parallel clients, against reading it bare.

    python benchmarks/read_api.py [--rounds 3] [--reads 50] [--workers 2]

Bare is decoding the same JPEG and `PlateReader.read`, (a) one after the other and (b) in as many
threads as there are clients, each with a reader of its own: what the processor can do. Server,
clients and the bare reading are processes of their own; rounds of all three take turns. Prints the
p50 and p95 of each and the ratios of p95; on a shared machine quote the ratios.

With fewer cores than clients (a) cannot be kept up with: four pictures at a time on two cores take
at least twice as long each as one picture alone.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from models.training.gate import GateScene
from streamer.app import default_config
from streamer.picture_reader import PlateReader
from streamer.pictures import decoded, jpeg

SIZE = (1920, 1080)
AT_S = 8.0
WARM_UP = 5
START_S = 30.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reads", type=int, default=50, help="of each client, a round")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2, help="web.read_workers")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--ask", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve, options.workers)
    elif options.ask:
        print(json.dumps(ask(int(options.ask[0]), Path(options.ask[1]), options)))
    else:
        compare(options)


def compare(options):
    data = jpeg(GateScene(SIZE, seed=7, vehicles=1).render(AT_S).image, 90)
    taken = {"bare, alone": [], "bare, threads": [], "POST /read": []}
    readers = [PlateReader() for _ in range(options.clients)]
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "gate.jpg"
        picture.write_bytes(data)
        with socket.create_server(("127.0.0.1", 0)) as taken_port:
            port = taken_port.getsockname()[1]
        with started("--serve", port, "--workers", options.workers, cwd=folder) as server:
            wait_for(port)
            for _ in range(options.rounds):
                taken["bare, alone"] += bare(data, readers[:1], options.reads)
                taken["bare, threads"] += bare(data, readers, options.reads)
                asked = ["--ask", port, picture, "--reads", options.reads]
                with started(*asked, "--clients", options.clients) as clients:
                    taken["POST /read"] += json.loads(clients.communicate()[0])
            memory_mb = resident_mb(server.pid)
            server.terminate()
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


def started(*arguments, cwd=None):
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=cwd)


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


def serve(port, workers):
    import uvicorn
    from fastapi import Depends, FastAPI, Request

    from streamer.reads import reading_of
    from streamer.web import read
    from streamer.web.access import OPEN
    from streamer.web.problems import install_problems
    from streamer.web.read_limits import ReadLimits

    class OnlyReading:
        reading = reading_of(default_config("unused"), ReadLimits(read_workers=workers))

    async def admit(request: Request):
        request.state.user = OPEN

    app = FastAPI()
    install_problems(app)
    app.include_router(read.router(OnlyReading), prefix="/api/v1", dependencies=[Depends(admit)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
