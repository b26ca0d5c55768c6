import pytest

from streamer.stages.direction import direction

WIDTH = 1280


def box(x, width, y=400.0):
    return (x - width / 2, y, x + width / 2, y + width * 0.22)


@pytest.mark.parametrize(
    ("first", "last", "seconds", "wanted"),
    [
        (box(640, 60), box(600, 150), 2.0, "approaching"),
        (box(640, 150), box(760, 60), 2.0, "receding"),
        (box(200, 100), box(900, 105), 2.0, "right"),
        (box(900, 100), box(200, 95), 2.0, "left"),
        (box(640, 100), box(645, 101), 5.0, "stationary"),
        (box(640, 100), box(645, 101), 0.3, None),  # too short to tell
        (box(640, 60), box(640, 150), 0.3, "approaching"),  # short, but plain to see
        (box(640, 40), box(640, 42), 5.0, "stationary"),  # 32 m away; the jitter of a box
        (box(640, 200), box(640, 280), 1.0, "approaching"),  # 6.4 to 4.6 plates: a metre
        (box(500, 80), box(770, 100), 2.0, "approaching"),  # 3.2 nearer, 3.05 aside
        (box(300, 80), box(800, 90), 2.0, "right"),
        (box(640, 100), box(640, 100), 0.0, None),
        ((5, 5, 5, 5), (5, 5, 5, 5), 0.0, None),
        (box(640, 57, 314), box(620, 46, 348), 1.2, None),  # smaller by a turn, but lower
        (box(640, 57, 314), box(640, 46, 314), 1.2, "receding"),
        (box(640, 60, 400), box(640, 75, 380), 1.2, None),
        (box(640, 60, 400), box(640, 90, 330), 1.2, "approaching"),  # up a ramp, plain to see
    ],
)
def test_direction(first, last, seconds, wanted):
    assert direction([first], [last], WIDTH, seconds) == wanted


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_the_resolution_does_not_matter(scale):
    first, last = box(500, 80), box(800, 200)
    larger = [tuple(scale * edge for edge in one) for one in (first, last)]
    assert direction(*([one] for one in larger), round(WIDTH * scale), 1.0) == direction(
        [first], [last], WIDTH, 1.0
    )


def test_back_is_the_other_way():
    opposite = {"approaching": "receding", "left": "right", "receding": "approaching"}
    for first, last in [(box(640, 60), box(600, 150)), (box(900, 100), box(200, 95))]:
        there = direction([first], [last], WIDTH, 1.0)
        assert direction([last], [first], WIDTH, 1.0) == opposite[there]


def test_what_jitters_from_afar_has_not_moved():
    """47 px wide, in the first and the last quarter of a second: it seems to recede by a fifth."""
    first = [box(640, width) for width in (44, 46, 50, 56, 52)]
    last = [box(640, width) for width in (43, 44, 44, 39, 37)]
    assert direction([first[3]], [last[-1]], WIDTH, 0.6) == "receding"  # by single boxes
    assert direction(first, last, WIDTH, 0.6) is None
    nearer = [box(640, width) for width in (60, 61, 63, 64, 66)]
    assert direction(first, nearer, WIDTH, 1.0) == "approaching"
