from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from simmer.base.errors import DatasetError
from simmer.evidence import calibration
from simmer.evidence.calibration import (
    Recalibration,
    ReliabilityBin,
    calibration_error,
    recalibration,
    reliability_curve,
)
from simmer.evidence.metrics import PROBABILITY_FLOOR

# Few distinct values, so that ties are common.
rated = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda step: step / 20)), min_size=1, max_size=60
)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits, dtype=float)))


def drawn(seed, n=400, slope=1.0, intercept=0.0):
    """Return predictions p and labels with logit P(label = 1) = intercept + slope · logit p."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-0.5, 1.0, size=n)
    return (rng.random(n) < sigmoid(intercept + slope * logits)).astype(int), sigmoid(logits)


def test_hand_computed_curve():
    labels, probabilities = np.array([1, 0, 1, 0, 1, 1]), np.array([0.9, 0.1, 0.2, 0.4, 0.6, 0.8])
    assert reliability_curve(labels, probabilities, 2) == [
        ReliabilityBin(3, 0.1, 0.4, pytest.approx(0.7 / 3), pytest.approx(1 / 3)),
        ReliabilityBin(3, 0.6, 0.9, pytest.approx(2.3 / 3), 1.0),
    ]
    assert calibration_error(labels, probabilities, 2) == pytest.approx((0.3 + 0.7) / 6)
    # Bins of unequal mass: the weight is the number of decisions.
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([0.2, 0.2, 0.2, 0.9])
    assert calibration_error(labels, probabilities, 2) == pytest.approx((3 * (1 / 3 - 0.2) + 0.1) / 4)


def test_ties_stay_together_in_the_bin_of_their_middle():
    probabilities = np.array([0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.8])
    labels = np.array([0, 0, 1, 0, 0, 1, 0, 1])
    assert [bin.decisions for bin in reliability_curve(labels, probabilities, 4)] == [1, 6, 1]
    assert [bin.decisions for bin in reliability_curve(labels, probabilities, 2)] == [1, 7]
    assert [bin.decisions for bin in reliability_curve(labels, np.full(8, 0.3))] == [8]
    assert calibration_error(labels, np.full(8, 0.3)) == pytest.approx(3 / 8 - 0.3)


@settings(max_examples=300, deadline=None)
@given(rated, st.integers(1, 15))
def test_bins_share_out_the_decisions(pairs, n_bins):
    labels, probabilities = np.array(pairs).T
    bins = reliability_curve(labels, probabilities, n_bins)
    assert 1 <= len(bins) <= n_bins
    assert sum(bin.decisions for bin in bins) == len(pairs)
    assert sum(bin.decisions * bin.rate for bin in bins) == pytest.approx(labels.sum())
    assert sum(bin.decisions * bin.prediction_mean for bin in bins) == pytest.approx(probabilities.sum())
    assert all(a.prediction_max < b.prediction_min for a, b in pairwise(bins))
    for bin in bins:
        inside = (probabilities >= bin.prediction_min) & (probabilities <= bin.prediction_max)
        assert inside.sum() == bin.decisions
        assert labels[inside].mean() == pytest.approx(bin.rate)
    error = calibration_error(labels, probabilities, n_bins)
    # The error over bins is at least the error of the overall means.
    assert abs(labels.mean() - probabilities.mean()) - 1e-9 <= error <= 1
    order = np.random.default_rng(0).permutation(len(pairs))
    assert reliability_curve(labels[order], probabilities[order], n_bins) == bins


@given(st.integers(1, 80), st.integers(1, 15))
def test_distinct_predictions_make_bins_of_equal_mass(n, n_bins):
    sizes = [bin.decisions for bin in reliability_curve(np.zeros(n), np.linspace(0, 1, n), n_bins)]
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == min(n, n_bins)


@pytest.mark.parametrize("seed", range(5))
def test_curve_equals_that_of_scikit_learn(seed):
    labels, probabilities = drawn(seed)
    rates, means = calibration_curve(labels, probabilities, n_bins=10, strategy="quantile")
    bins = reliability_curve(labels, probabilities)
    assert [bin.rate for bin in bins] == pytest.approx(rates)
    assert [bin.prediction_mean for bin in bins] == pytest.approx(means)
    assert calibration_error(labels, probabilities) == pytest.approx(np.abs(rates - means).mean())


def test_noise_alone_gives_the_error_that_is_documented():
    errors = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        probabilities = 0.3 + rng.normal(size=700) / 50
        errors.append(calibration_error((rng.random(700) < probabilities).astype(int), probabilities))
    assert np.mean(errors) == pytest.approx(0.04, abs=0.006)


def test_at_least_one_bin_is_required():
    for function in (reliability_curve, calibration_error):
        with pytest.raises(DatasetError, match="at least one"):
            function(np.array([0, 1]), np.array([0.2, 0.8]), 0)


@pytest.mark.parametrize("function", [reliability_curve, calibration_error, recalibration])
def test_what_cannot_be_scored_is_refused(function):
    with pytest.raises(DatasetError, match="one-dimensional arrays of equal length"):
        function(np.array([0, 1]), np.array([0.5]))
    with pytest.raises(DatasetError, match="not between 0 and 1"):
        function(np.array([0, 1]), np.array([0.5, np.nan]))


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -0.3), (2.5, 1.0), (-0.7, 0.2)])
def test_recalibration_equals_scikit_learn_and_finds_the_truth(slope, intercept):
    labels, probabilities = drawn(1, 4000, slope, intercept)
    logits = np.log(probabilities) - np.log1p(-probabilities)
    oracle = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(logits[:, None], labels)
    found = recalibration(labels, probabilities)
    assert found.slope == pytest.approx(oracle.coef_[0, 0], abs=1e-6)
    assert found.intercept == pytest.approx(oracle.intercept_[0], abs=1e-6)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=0.2)
    put_right = recalibration(labels, sigmoid(found.intercept + found.slope * logits))
    assert (put_right.slope, put_right.intercept) == pytest.approx((1, 0), abs=1e-6)


@settings(max_examples=300, deadline=None)
@given(rated)
def test_recalibration_is_the_optimum_or_there_is_none(pairs):
    labels, probabilities = np.array(pairs).T
    kept = np.clip(probabilities, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    logits = np.log(kept) - np.log(1 - kept)
    up, down = probabilities[labels == 1], probabilities[labels == 0]
    overlap = up.size and down.size and up.min() < down.max() and down.min() < up.max()
    found = recalibration(labels.astype(int), probabilities)
    if not overlap:
        assert found is None
        return
    missing = labels - sigmoid(found.intercept + found.slope * logits)
    assert missing.mean() == pytest.approx(0, abs=1e-8)
    assert (missing * logits).mean() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3]),
        ([1, 1, 1], [0.1, 0.2, 0.3]),
        ([0, 1, 0, 1], [0.4, 0.4, 0.4, 0.4]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]),
        ([0, 1, 0, 1], [0.0, 1.0, 0.0, 1.0]),
    ],
)
def test_no_finite_slope_is_none(labels, probabilities):
    assert recalibration(np.array(labels), np.array(probabilities)) is None


def test_collapsed_predictions_have_a_slope():
    labels, probabilities = drawn(2)
    logits = np.log(probabilities / (1 - probabilities))
    plain, squeezed = recalibration(labels, probabilities), recalibration(labels, sigmoid(logits / 1e4))
    assert squeezed.slope == pytest.approx(1e4 * plain.slope, rel=1e-6)
    assert squeezed.intercept == pytest.approx(plain.intercept, rel=1e-6)


def test_steps_that_overshoot_are_shortened():
    # One positive just above twenty negatives, one confident miss far beyond it: plain Newton steps diverge.
    labels = np.array([0] * 20 + [1, 0])
    logits = np.array([0.0] * 20 + [4.0, 12.0])
    found = recalibration(labels, sigmoid(logits))
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(logits[:, None], labels)
    assert (found.slope, found.intercept) == pytest.approx(
        (oracle.coef_[0, 0], oracle.intercept_[0]), abs=1e-4
    )


def test_steps_that_do_not_converge_give_none(monkeypatch):
    labels, probabilities = drawn(3)
    assert isinstance(recalibration(labels, probabilities), Recalibration)
    monkeypatch.setattr(calibration, "NEWTON_STEPS", 2)
    assert recalibration(labels, probabilities) is None
