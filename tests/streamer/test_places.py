import pytest

from streamer.places import Places

SIZE = (1000, 500)
DOWN = ((0.0, 0.5), (1.0, 0.5))
AREA = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.4))


def box(x, y):
    """A plate whose centre is at x, y, as shares."""
    return (1000 * x - 50, 500 * y - 10, 1000 * x + 50, 500 * y + 10)


@pytest.mark.parametrize(
    ("place", "ignored"), [((0.4, 0.1), True), ((0.1, 0.3), False), ((0.6, 0.1), False)]
)
def test_what_lies_in_an_area_is_ignored(place, ignored):
    assert Places(ignore=(AREA,)).is_ignored(box(*place), SIZE) == ignored
    assert not Places().is_ignored(box(*place), SIZE)


@pytest.mark.parametrize(
    ("before", "now", "way"),
    [
        ((0.5, 0.4), (0.5, 0.6), "entry"),
        ((0.5, 0.6), (0.5, 0.4), "exit"),
        ((0.2, 0.5), (0.9, 0.55), "entry"),
        ((0.5, 0.2), (0.5, 0.4), None),
        ((0.5, 0.6), (0.5, 0.7), None),
        ((0.5, 0.5), (0.5, 0.5), None),
    ],
)
def test_a_line_counts_what_crosses_it_to_its_right(before, now, way):
    places = Places(entry=(DOWN,), exit=(DOWN[::-1],))
    assert places.way(box(*before), box(*now), SIZE) == way


def test_a_line_ends():
    half = Places(entry=(((0.0, 0.5), (0.4, 0.5)),))
    assert half.way(box(0.3, 0.4), box(0.3, 0.6), SIZE) == "entry"
    assert half.way(box(0.6, 0.4), box(0.6, 0.6), SIZE) is None


def test_an_area_counts_what_is_in_it():
    places = Places(exit=(AREA,))
    assert places.has_ways
    assert places.way(box(0.4, 0.1), box(0.4, 0.1), SIZE) == "exit"
    assert places.way(box(0.4, 0.1), box(0.9, 0.9), SIZE) is None
