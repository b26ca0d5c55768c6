"""How fast the whole pipeline reads a recording, against decoding it alone, in one run.

    python benchmarks/pipeline.py [CLIP.mp4 …]      without a clip it renders one

Prints frames per second of (a) decoding to BGR alone and (b) capture → detect → track → read →
vote on the same file, their ratio, and where the time of a frame goes. Shared machines are
noisy: quote the ratio, not the frames per second.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import av

from streamer.api import STOP_S
from streamer.app import default_config
from streamer.config import CameraConfig
from streamer.metrics import Metrics
from streamer.pipeline import StageBase
from streamer.roots.one_camera import camera_pipeline
from streamer.watch import CameraWatch

RENDERED_S = 12


class Collect(StageBase):
    name = "publish"

    def __init__(self):
        self.plates = []

    def step(self, decided):
        self.plates.append(decided.event.plate)
        return ()


def render(path):
    from models.training.gate import GateScene

    scene = GateScene(seed=7, vehicles=2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "23", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *scene.size, "yuv420p"
        for number in range(RENDERED_S * 25):
            image = scene.render(number / 25).image
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


def decode_alone(path):
    started, count = time.perf_counter(), 0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="bgr24")
            count += 1
    return count / (time.perf_counter() - started)


def whole_pipeline(path):
    metrics, collect = Metrics(), Collect()
    camera = CameraConfig(name="bench", url=str(path))
    watch = CameraWatch(metrics, camera.name)
    pipeline = camera_pipeline(camera, default_config(str(path)), collect, watch)
    started = time.perf_counter()
    pipeline.start()
    pipeline.join()
    took_s = time.perf_counter() - started
    assert pipeline.join(STOP_S)
    if pipeline.failure:
        raise pipeline.failure
    frames = metrics.registry.get_sample_value("anpr_frames_captured_total", {"camera": "bench"})
    return frames, took_s, stages(metrics, frames), collect.plates


def stages(metrics, frames):
    table = {}
    for stage in ("detect", "track", "read", "vote"):
        labels = {"camera": "bench", "stage": stage}
        total = metrics.registry.get_sample_value("anpr_stage_duration_seconds_sum", labels) or 0
        table[stage] = 1000 * total / frames
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path)
    clips = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        if not clips:
            print("rendering a clip …", file=sys.stderr)
        for clip in clips or [render(Path(folder) / "gate.mp4")]:
            limit = decode_alone(clip)
            frames, took_s, table, plates = whole_pipeline(clip)
            rate = frames / took_s
            print(f"{clip.name}: {frames:.0f} frames; plates: {', '.join(plates) or 'none'}")
            print(f"  decode alone  {limit:7.1f} frames/s")
            print(f"  pipeline      {rate:7.1f} frames/s = {rate / limit:.3f} of the decode limit")
            for stage, milliseconds in table.items():
                print(f"  {stage:12} {milliseconds:6.2f} ms a frame")


if __name__ == "__main__":
    main()
