import numpy as np
import pytest

from models.training.canvas import Camera
from streamer.speed.geometry import is_in_line, lines_fault, road_of, road_of_lines

SIZE = np.array([1280, 720])
CAMERA = Camera((1280, 720), 2000.0, 4.0, 0.244, -0.0785)


def places(*metres, height_m=0.0):
    """Where (right, ahead) metres are in the picture, as shares."""
    points = np.array([(x, height_m, z) for x, z in metres])
    return [tuple(float(share) for share in at / SIZE) for at in CAMERA.project(points)]


def lines():
    far_left, far_right, near_left, near_right = places((-3, 21), (1, 21), (-3, 11), (1, 11))
    return (far_left, far_right), (near_left, near_right)


def test_metres_between_two_lines_are_those_of_the_road():
    road = road_of_lines(lines(), 10.0)
    along = road.metres(np.array(places((-1, 21), (0.3, 18), (-1, 11), (-2, 9))))[:, 1]
    assert along == pytest.approx([0, 3, 10, 12], abs=1e-6)


def test_it_does_not_matter_which_way_a_line_is_drawn():
    far, near = lines()
    road = road_of_lines((far, near[::-1]), 10.0)
    assert road.metres(np.array(places((-1, 16))))[0, 1] == pytest.approx(5)


@pytest.mark.parametrize("height_m", [0.3, 0.5, 1.0])
def test_a_plate_seems_to_go_farther_than_it_does_by_its_height_alone(height_m):
    road = road_of_lines(lines(), 10.0, plate_height_m=height_m, camera_height_m=4.0)
    seen = road.metres(np.array(places((-1, 18), (-1, 14), height_m=height_m)))[:, 1]
    assert (seen[1] - seen[0]) * road.factor == pytest.approx(4.0)


def test_the_error_that_is_stated_holds_for_plates_that_are_higher_or_lower():
    road = road_of_lines(
        lines(), 10.0, camera_height_m=4.0, plate_height_error_m=0.2, distance_error=0.0
    )
    for height_m in (0.3, 0.7):
        seen = road.metres(np.array(places((-1, 18), (-1, 14), height_m=height_m)))[:, 1]
        off = (seen[1] - seen[0]) * road.factor / 4.0 - 1
        assert 0.9 * road.height_error < abs(off) < 1.1 * road.height_error


@pytest.mark.parametrize("camera_m", [2.5, 4.0, 6.0])
def test_where_the_cameras_height_is_not_known_the_error_says_so(camera_m):
    known = road_of_lines(lines(), 10.0, camera_height_m=camera_m)
    unknown = road_of_lines(lines(), 10.0)
    assert unknown.height_error > known.height_error
    assert abs(unknown.factor / known.factor - 1) < unknown.height_error


def test_points_give_metres_in_both_directions():
    flat = [(-3, 21), (1, 21), (1, 11), (-3, 11), (-1, 16)]
    road = road_of(places(*flat), flat)
    assert road.metres(np.array(places((0, 14)))) == pytest.approx(np.array([[0, 14]]), abs=1e-5)
    assert road.covers(places((0, 14))[0])
    assert not road.covers(places((0, 9))[0])


def test_beyond_the_horizon_there_is_no_road():
    assert np.isnan(road_of_lines(lines(), 10.0).metres(np.array([[0.5, -0.6]]))).all()


def test_a_point_that_does_not_fit_is_named():
    flat = [(-3, 21), (1, 21), (1, 11), (-3, 11), (-1, 16)]
    wrong = [*flat[:4], (-1, 19)]
    with pytest.raises(ValueError, match=r"points\[\d\] is \d\.\d\d m off its metres"):
        road_of(places(*flat), wrong)


@pytest.mark.parametrize(
    ("pair", "fault"),
    [
        (lines(), ""),
        ((((0.2, 0.4), (0.8, 0.6)), ((0.2, 0.6), (0.8, 0.4))), "cross"),
        ((((0.2, 0.4), (0.2, 0.4)), ((0.2, 0.6), (0.8, 0.6))), "no length"),
        ((((0.2, 0.4), (0.8, 0.4)), ((0.3, 0.4), (0.7, 0.4))), "they"),
    ],
)
def test_faults_of_lines(pair, fault):
    assert fault in lines_fault(pair)
    assert bool(fault) == bool(lines_fault(pair))


@pytest.mark.parametrize(
    ("points", "in_line"),
    [
        ([(0, 0), (1, 0), (1, 1), (0, 1)], False),
        ([(0, 0), (1, 0), (2, 0), (0, 1)], True),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], True),
    ],
)
def test_three_points_in_line_tell_nothing(points, in_line):
    assert is_in_line(points) == in_line
