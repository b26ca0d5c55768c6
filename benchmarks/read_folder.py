"""How much faster `plate-streamer read` goes through a folder with two processes than with one.

    python benchmarks/read_folder.py [--pictures 200] [--rounds 3] [--workers 1 2]

Renders that many pictures of a gate (1280x720, all different), and reads them with the command
itself, each number of workers in turn, in one run. Prints pictures a second with the start of
Python and the models (what the user waits for) and from the first result on (what a large folder
comes to), and the ratios; on a shared machine quote the ratios. With `--workers 1` the command
reads in its own process.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from models.training.gate import GateScene

SIZE = (1280, 720)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        render(Path(folder), options.pictures)
        rounds = [
            {workers: read(folder, workers) for workers in options.workers}
            for _ in range(options.rounds)
        ]
    tell(rounds, options)


def render(folder, pictures):
    for number in range(pictures):
        scene = GateScene(SIZE, seed=number + 1, vehicles=1)
        image = scene.render(scene.passage(0).last_s - 1.5).image
        cv2.imwrite(str(folder / f"{number}.jpg"), image)


def read(folder, workers):
    """Pictures a second, as a whole and after the first."""
    command = [sys.executable, "-m", "streamer", "read", folder, "--workers", str(workers)]
    began_s = time.perf_counter()
    with subprocess.Popen([*command, "--quiet"], stdout=subprocess.PIPE) as process:
        times_s = [time.perf_counter() for _ in process.stdout]
    whole_s = time.perf_counter() - began_s
    return len(times_s) / whole_s, (len(times_s) - 1) / (times_s[-1] - times_s[0])


def tell(rounds, options):
    few = options.workers[0]
    for place, words in enumerate(("with the start", "from the first result on")):
        print(f"{words}, {options.pictures} pictures, median of {options.rounds} rounds:")
        for workers in options.workers:
            rate = statistics.median(one[workers][place] for one in rounds)
            ratio = statistics.median(one[workers][place] / one[few][place] for one in rounds)
            print(f"  --workers {workers}: {rate:6.1f} pictures/s, {ratio:.2f} of --workers {few}")


if __name__ == "__main__":
    main()
