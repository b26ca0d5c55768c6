"""The daemon on real clips: RTSP server → daemon → mosquitto, events beside the truth.

    python benchmarks/real_clips.py VIDEOS [--seconds 25]

VIDEOS is a folder with clips and ground_truth.csv (video, plate_text, …). Each clip is shown
over and over by a real RTSP server on loopback; the daemon is a process of its own.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from broker import Mosquitto, Subscriber, wait_until
from cameras import RtspServer
from processes import DaemonProcess

SIDEWAYS = {"in_scooter_yard.mp4": 90}  # its rotation is in the file, which a stream leaves out


def watch(clip, broker, seconds, rotate):
    camera = {"name": "gate", "url": "", "rotate": rotate}
    with (
        tempfile.TemporaryDirectory() as folder,
        RtspServer(clip) as server,
        Subscriber(broker, "plates/gate/event") as seen,
    ):
        config = {
            "cameras": [{**camera, "url": server.url}],
            "sinks": {"mqtt": {"host": broker.host, "port": broker.port}},
        }
        with DaemonProcess(Path(folder), config) as daemon:
            wait_until(lambda: daemon.metric("anpr_frames_captured_total") > 0)
            started, before = time.monotonic(), daemon.metric(*DETECTED, **DETECT)
            time.sleep(seconds)
            looked_at = daemon.metric(*DETECTED, **DETECT) - before
            rate = looked_at / (time.monotonic() - started)
            captured = daemon.metric("anpr_frames_captured_total")
            dropped = daemon.metric("anpr_frames_dropped_total")
            code, took_s = daemon.stop()
            if code:
                raise SystemExit(daemon.log)
        events = [json.loads(text)["plate"] for text in seen.texts("plates/gate/event")]
    return events, rate, dropped / max(captured, 1), took_s


DETECTED = ("anpr_stage_duration_seconds_count",)
DETECT = {"stage": "detect"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("--seconds", type=float, default=25.0)
    options = parser.parse_args()
    print(f"{'clip':26} {'truth':10} {'events':22} frames/s  dropped  stop")
    with (options.videos / "ground_truth.csv").open() as file, Mosquitto() as broker:
        for row in csv.DictReader(file):
            clip = options.videos / row["video"]
            rotate = SIDEWAYS.get(clip.name, 0)
            events, rate, dropped, took_s = watch(clip, broker, options.seconds, rotate)
            print(
                f"{clip.name:26} {row['plate_text'] or '-':10} {', '.join(events) or '-':22}"
                f" {rate:7.1f}  {dropped:6.0%}  {took_s:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
