import sys

import pytest

from streamer.sources.camera_clock import CameraClock


class Packet:
    """As PyAV's, of a picture that was taken at `taken_at`; None: the camera said nothing."""

    def __init__(self, taken_at=None):
        self._taken_at = taken_at

    def has_sidedata(self, kind):
        return kind == "prft" and self._taken_at is not None

    def get_sidedata(self, kind):
        microseconds = round(self._taken_at * 1_000_000)
        return microseconds.to_bytes(8, sys.byteorder, signed=True) + bytes(8)


def skews_of(packets, step_s):
    """What is told of packets that arrive at 1000 s by our clock, `step_s` apart."""
    told, clock = [], iter(range(len(packets)))
    camera = CameraClock(told.append, lambda: next(clock) * step_s, lambda: 1000.0)
    for packet in packets:
        camera.look(packet)
    return told


def test_a_clock_that_is_ahead_is_positive_one_that_is_behind_negative():
    assert skews_of([Packet(1000.5), Packet(700.0)], 2.0) == pytest.approx([0.5, -300.0])


def test_at_most_once_a_second():
    assert len(skews_of([Packet(1000.0)] * 100, 0.04)) == 4


def test_a_camera_that_never_set_its_clock_counts_from_1900():
    assert skews_of([Packet(-2_208_988_800.0)], 1.0) == pytest.approx([-2_208_989_800.0])


def test_nothing_is_told_where_nothing_is_known():
    assert skews_of([Packet(), b"no packet of PyAV"], 2.0) == []
