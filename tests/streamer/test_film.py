"""Annotated videos, as players see them."""

from fractions import Fraction

import av
import numpy as np
import pytest

from clips import FPS, gate_film, write_clip
from streamer.api import default_config
from streamer.errors import UserError
from streamer.overlay import PLAIN
from streamer.reading.film import Film, rate_of
from streamer.vehicles import vehicles


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return gate_film(tmp_path_factory.mktemp("film") / "gate.mp4", size=(1280, 720))


def filmed(source, path):
    film = Film(path, rate_of(str(source)))
    try:
        return list(vehicles(str(source), default_config(str(source)), spectator=film))
    finally:
        film.close()


def frames(path):
    with av.open(str(path)) as container:
        return [(one.time, one.to_ndarray(format="bgr24")) for one in container.decode(video=0)]


@pytest.mark.slow
def test_every_frame_is_in_it_at_its_time_and_the_plate_is_drawn(film, tmp_path):
    (decided,) = filmed(film.path, tmp_path / "out.mp4")
    assert decided.event.plate == film.plate
    before, after = frames(film.path), frames(tmp_path / "out.mp4")
    assert rate_of(str(tmp_path / "out.mp4")) == FPS
    assert [round(at, 3) for at, _ in after] == [round(at, 3) for at, _ in before]
    published = round(decided.look.frame.time_s * FPS) + 12
    image = after[published][1].astype(int)
    drawn = np.abs(image - PLAIN).max(2) < 40  # H.264 keeps colours roughly
    assert drawn.sum() > 1000
    assert not (np.abs(before[published][1].astype(int) - PLAIN).max(2) < 40).sum() > 300


def test_a_film_keeps_uneven_times_and_sides(tmp_path):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 255, (91, 161, 3), np.uint8)[:90, :160] for _ in range(5)]
    write_clip(tmp_path / "in.mp4", images, fps=Fraction(30000, 1001))
    filmed(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert len(frames(tmp_path / "out.mp4")) == 5
    assert rate_of(str(tmp_path / "out.mp4")) == pytest.approx(30000 / 1001, rel=0.001)


def test_a_film_that_cannot_be_written_ends_the_reading(film, tmp_path):
    with pytest.raises(UserError, match=r"--annotate /no/such/out.mp4: cannot be written"):
        filmed(film.path, "/no/such/out.mp4")


@pytest.mark.parametrize("place", ["/no/such.mp4", "rtsp://cam/", __file__])
def test_what_is_no_video_has_no_rate(place):
    assert rate_of(place) is None
