"""Short rendered films for tests, encoded by PyAV."""

from dataclasses import dataclass
from pathlib import Path

import av

from models.training.gate import GateScene

FPS = 12


@dataclass(frozen=True)
class Clip:
    """A film of one vehicle at the gate, and what is in it."""

    path: Path
    fps: int
    frames: int
    size: tuple[int, int]
    plate: str


def write_clip(path, images, fps=FPS, turned=0):
    """Encode pictures as H.264 as cameras do it: a key picture a second, no B-frames.

    `turned` is the rotation (degrees, counter-clockwise) that a player is asked for.
    """
    options = {"preset": "ultrafast", "g": str(fps), "bf": "0", "crf": "20"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return Path(path)


def gate_film(path, size=(640, 360), seed=7, from_s=5.5, until_s=9.5, **settings):
    """One vehicle from coming near to driving on."""
    scene = GateScene(size, seed=seed, vehicles=1, **settings)
    times = [from_s + index / FPS for index in range(round((until_s - from_s) * FPS))]
    write_clip(path, [scene.render(time_s).image for time_s in times])
    return Clip(Path(path), FPS, len(times), size, scene.passage(0).plate)
