"""Filters of all tracks at once are filterpy's, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.bank import BatchBank, FilterpyBank
from trackers.sort import BANKS, Sort

places = st.floats(-5e3, 5e3)
widths = st.floats(4, 2000)
ratios = st.floats(0.3, 8)
BOXES = st.builds(lambda x, y, w, r: [x, y, x + w, y + w / r], places, places, widths, ratios)


@st.composite
def stories(draw):
    """Steps in which filters are added, some are given detections, and some are dropped."""
    count, story = 0, []
    for _ in range(draw(st.integers(1, 6))):
        new = draw(st.lists(BOXES, max_size=3))
        count += len(new)
        step_s = draw(st.floats(0, 3))
        seen = [place for place in range(count) if draw(st.booleans())]
        boxes = [draw(BOXES) for _ in seen]
        kept = [place for place in range(count) if draw(st.integers(0, 4))]
        count = len(kept)
        story.append((new, step_s, seen, boxes, kept))
    return story


def array(boxes):
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


@given(stories())
def test_it_computes_what_filterpy_does(story):
    batch, reference = BatchBank(), FilterpyBank()
    for new, step_s, seen, boxes, kept in story:
        for bank in (batch, reference):
            bank.add(array(new))
            bank.predict(step_s)
            bank.update(np.array(seen, dtype=np.intp), array(boxes))
        for one in ("boxes", "velocities", "spreads"):
            ours, theirs = getattr(batch, one), getattr(reference, one)
            assert ours.shape == theirs.shape
            # Relative to the sizes at hand: pixels, with velocities over steps of a second.
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * 5e3)
        for bank in (batch, reference):
            bank.keep(np.array(kept, dtype=np.intp))


@pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)
def test_an_empty_bank_has_nothing(bank):
    empty = bank()
    empty.predict(1e300)
    empty.update(np.zeros(0, dtype=np.intp), np.zeros((0, 4)))
    empty.keep(np.zeros(0, dtype=np.intp))
    assert empty.boxes.shape == (0, 4)
    assert empty.velocities.shape == empty.spreads.shape == (0, 2)


def test_trackers_with_either_say_the_same():
    rng = np.random.default_rng(3)
    ours, theirs = Sort(), Sort(kalman="filterpy")
    starts = rng.uniform(0, 900, (12, 2))
    speeds = rng.normal(0, 120, (12, 2))
    for frame in range(60):
        centres = starts + speeds * frame / 15 + rng.normal(0, 1, (12, 2))
        every = np.concatenate([centres, centres + np.array([90, 25])], axis=1)
        boxes = every[rng.random(12) < 0.85]
        scores = rng.uniform(0.1, 1, len(boxes))
        for one, other in zip(
            ours.update(boxes, scores, frame / 15),
            theirs.update(boxes, scores, frame / 15),
            strict=True,
        ):
            assert (one.id, one.detection, one.hits) == (other.id, other.detection, other.hits)
            assert one.box == pytest.approx(other.box, rel=1e-9)
            assert one.velocity == pytest.approx(other.velocity, rel=1e-9, abs=1e-6)


def test_another_kalman_is_named():
    with pytest.raises(ValueError, match="no such kalman 'mine'; known: batch, filterpy"):
        Sort(kalman="mine")
