import itertools
import time

import numpy as np
import pytest

from streamer.sources import source_for
from streamer.sources.base import SourceOptions

SMALL = "synthetic:?size=320x180&vehicles=1&seed=3&fps=5"


def test_a_recording_of_the_scene_from_start_to_end():
    source = source_for("gate", SMALL)
    frames = list(source.frames())
    assert not source.live
    assert len(frames) == int(source.scene.duration_s * 5) + 1
    assert [frame.pts_s for frame in frames] == pytest.approx(np.arange(len(frames)) / 5)
    assert all(frame.size == (320, 180) for frame in frames)


def test_the_same_seed_gives_the_same_film():
    one, two, other = (
        next(itertools.islice(source_for("gate", SMALL.replace("seed=3", seed)).frames(), 20, None))
        for seed in ("seed=3", "seed=3", "seed=4")
    )
    assert (one.image == two.image).all()
    assert (one.image != other.image).any()


def test_settings_reach_the_scene():
    source = source_for("gate", "synthetic:?vehicles=2&seed=9&night=1&size=640x480&noise=4&blur=1")
    assert source.scene.size == (640, 480)
    assert len(source.scene.passages()) == 2
    day = source_for("gate", "synthetic:?seed=9&size=640x480")
    dark, light = (next(one.frames()).image.mean() for one in (source, day))
    assert dark < light / 2


def test_endless():
    source = source_for("gate", "synthetic:?vehicles=endless&size=320x180")
    assert source.scene.duration_s == float("inf")
    assert len(source.scene.passages(until_s=40)) in (4, 5)
    with pytest.raises(ValueError, match="endless"):
        source.scene.passages()


def test_no_vehicle_is_an_empty_drive():
    source = source_for("gate", "synthetic:?vehicles=0&size=320x180&fps=1")
    assert len(list(source.frames())) > 1
    assert source.scene.passages() == ()


def test_realtime_is_live_and_keeps_time():
    source = source_for("gate", SMALL.replace("fps=5", "fps=20"), SourceOptions(realtime=True))
    started_s = time.monotonic()
    taken = list(itertools.islice(source.frames(), 5))
    assert source.live
    assert all(frame.clock_s - started_s >= frame.pts_s for frame in taken)


def test_realtime_leaves_out_what_nobody_took():
    source = source_for("gate", SMALL.replace("fps=5", "fps=20"), SourceOptions(realtime=True))
    frames = source.frames()
    first = next(frames)
    time.sleep(0.5)
    second = next(frames)
    assert second.index == 1
    assert second.pts_s - first.pts_s >= 0.4


def test_loop_begins_again_later_in_time():
    source = source_for("gate", "synthetic:?vehicles=0&size=64x64&fps=1", SourceOptions(loop=True))
    taken = list(itertools.islice(source.frames(), 25))
    assert all(b.pts_s > a.pts_s for a, b in itertools.pairwise(taken))
