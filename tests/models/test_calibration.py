import json
import math

import numpy as np
import pytest

from models.base import Hypothesis, ModelError, Reading
from models.readers.calibration import (
    FEATURES,
    Bin,
    Calibration,
    best_l2,
    calibration_from,
    expected_calibration_error,
    features_of,
    fit,
    held_out,
    reliability,
)
from models.readers.formats import Formats
from models.readers.knowledge import NOTHING, decide


def sample(count=4000, seed=0):
    """Outcomes drawn from a known regression on two features; the third is noise."""
    dice = np.random.default_rng(seed)
    table = dice.normal(size=(count, 3)) * [1.0, 2.0, 5.0] + [0.5, 0.0, 3.0]
    true = 1 / (1 + np.exp(-(0.7 + 1.5 * table[:, 0] - 0.8 * table[:, 1])))
    rows = [dict(zip(("posterior", "margin", "plate"), row, strict=True)) for row in table.tolist()]
    return rows, (dice.random(count) < true).tolist(), true


def test_a_fit_finds_the_regression_that_drew_the_outcomes():
    rows, right, true = sample()
    found = fit(rows, right, l2=0.1)
    assert found.bias == pytest.approx(0.7, abs=0.15)
    assert found.weights["posterior"] == pytest.approx(1.5, abs=0.15)
    assert found.weights["margin"] == pytest.approx(-0.8, abs=0.1)
    assert found.weights["plate"] == pytest.approx(0.0, abs=0.03)
    said = [found.probability(row) for row in rows]
    assert said == pytest.approx(true, abs=0.08)
    assert expected_calibration_error(said, right) < 0.03


def test_at_the_fit_the_mean_said_is_the_share_that_is_right():
    """Where the likelihood of a logistic regression with a bias is greatest, they are equal."""
    rows, right, _ = sample(500)
    found = fit(rows, right)
    assert np.mean([found.probability(row) for row in rows]) == pytest.approx(
        np.mean(right), abs=0.005
    )


def test_a_stronger_hold_makes_smaller_weights():
    rows, right, _ = sample(200)
    sizes = [abs(fit(rows, right, l2).weights["posterior"]) for l2 in (0.1, 10.0, 1000.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.3


def test_outcomes_that_a_feature_parts_perfectly_still_end_in_a_fit():
    rows = [{"posterior": float(n)} for n in range(-10, 11)]
    found = fit(rows, [n >= 0 for n in range(-10, 11)])
    assert 0.5 < found.probability({"posterior": 5.0}) < 1
    assert math.isfinite(found.weights["posterior"])


def test_a_feature_that_never_changes_gets_no_weight():
    rows, right, _ = sample(300)
    found = fit([{**row, "whole": 9.2} for row in rows], right)
    assert found.weights["whole"] == 0.0


@pytest.mark.parametrize("right", [[], [True, True], [False]])
def test_without_both_outcomes_there_is_nothing_to_fit(right):
    with pytest.raises(ValueError, match="some of both are needed"):
        fit([{"posterior": 0.0}] * len(right), right)


def test_held_out_probabilities_do_not_know_their_own_outcome():
    """On noise a fit must not look better than chance."""
    dice = np.random.default_rng(1)
    rows = [{f"f{n}": float(one) for n, one in enumerate(row)} for row in dice.normal(size=(60, 8))]
    right = (dice.random(60) < 0.5).tolist()
    said = held_out(rows, right, l2=0.01)
    inside = [fit(rows, right, 0.01).probability(row) for row in rows]
    assert np.mean((said > 0.5) == right) < np.mean((np.array(inside) > 0.5) == right)
    assert best_l2(rows, right) == 100.0


def test_what_belongs_together_is_held_out_together():
    """Copies in other folds would give an outcome away."""
    dice = np.random.default_rng(2)
    rows = [{"posterior": float(one)} for one in dice.normal(size=30)] * 4
    right = (dice.random(30) < 0.5).tolist() * 4
    groups = list(range(30)) * 4
    said = held_out(rows, right, groups=groups)
    for group in range(30):
        assert len({said[n] for n in range(group, 120, 30)}) == 1


def test_a_reliability_diagram_has_what_was_said_and_what_was_right():
    said, right = [0.1, 0.1, 0.9, 0.9, 0.9, 0.9], [False, False, True, True, True, False]
    assert reliability(said, right, 2, "width") == [
        Bin(2, pytest.approx(0.1), 0.0),
        Bin(4, pytest.approx(0.9), 0.75),
    ]
    assert [one.count for one in reliability(said, right, 3)] == [2, 2, 2]
    assert expected_calibration_error(said, right, 2, "width") == pytest.approx(
        (2 * 0.1 + 4 * 0.15) / 6
    )


@pytest.mark.parametrize("equal", ["mass", "width"])
def test_nothing_said_is_no_error(equal):
    assert reliability([], [], equal=equal) == []
    assert expected_calibration_error([], [], equal=equal) == 0.0


def test_certainties_have_a_bin():
    assert reliability([1.0, 0.0], [True, False], 10, "width") == [Bin(1, 0, 0), Bin(1, 1, 1)]
    assert expected_calibration_error([1.0, 1.0], [True, False]) == 0.5


def test_a_calibration_travels_as_json():
    calibration = Calibration(0.25, {"posterior": 1.5, "fits": -0.5}, strength=0.6)
    assert calibration_from(calibration.to_json(), "x.onnx") == calibration


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "x.onnx: no calibration"),
        ("[]", "no calibration"),
        ('{"bias": 1}', "no calibration"),
        ('{"bias": "a", "weights": {}}', "no calibration"),
        ('{"bias": 1, "weights": {"posterio": 1}}', "by 'posterio', which is not known; known: po"),
        (json.dumps({"bias": math.nan, "weights": {}}), "are finite"),
    ],
)
def test_what_is_no_calibration_is_refused(text, fault):
    with pytest.raises(ModelError, match=fault):
        calibration_from(text, "x.onnx")


def decision(*hypotheses):
    return decide([Hypothesis(*one) for one in hypotheses], Formats())


def test_a_decision_has_all_features_and_they_are_finite():
    sure = features_of(decision(("AB12CDE", 0.999, (0.999,) * 7)), Reading("", ()))
    doubtful = features_of(
        decision(("AB12CDE", 0.5, (0.9,) * 7), ("AB12CBE", 0.4, (0.9,) * 7)), Reading("", ())
    )
    nothing = features_of(NOTHING, Reading("", (), plate=0.0, whole=0.0))
    for features in (sure, doubtful, nothing):
        assert set(features) == set(FEATURES)
        assert all(map(math.isfinite, features.values()))
    for name in ("posterior", "weakest", "margin"):
        assert sure[name] > doubtful[name] > nothing[name], name
    assert (sure["fits"], nothing["fits"]) == (1.0, 0.0)
    assert (sure["short"], nothing["short"], nothing["plate"]) == (
        0.0,
        6.0,
        pytest.approx(-9.21, abs=0.01),
    )
