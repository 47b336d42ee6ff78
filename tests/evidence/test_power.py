import json
from dataclasses import asdict
from statistics import NormalDist

import numpy as np
import pytest
from scipy.signal import lfilter

from simmer.errors import DatasetError
from simmer.evidence.bootstrap import interval, paired_difference
from simmer.evidence.metrics import auc
from simmer.evidence.power import auc_difference, auc_power, detectable_difference, loss_power


def ranked(rng, n, persistence=0.0):
    """Labels and two models of about AUC 0.7 that share part of what they know."""
    labels = (lfilter([1.0], [1.0, -persistence], rng.normal(size=n + 100))[100:] > 0.4).astype(int)
    common = labels + rng.normal(size=n)
    return labels, *(1 / (1 + np.exp(-common - rng.normal(size=n))) for _ in "ab")


def delong_error_of_difference(labels, a, b):
    """DeLong, DeLong and Clarke-Pearson (1988): standard error of the difference of two paired AUCs."""

    def placements(p):
        wins = (p[labels == 1][:, None] > p[labels == 0]) + 0.5 * (p[labels == 1][:, None] == p[labels == 0])
        return wins.mean(axis=1), wins.mean(axis=0)

    (a1, a0), (b1, b0) = placements(a), placements(b)
    return np.sqrt((a1 - b1).var(ddof=1) / len(a1) + (a0 - b0).var(ddof=1) / len(a0))


def test_detectable_difference_has_the_asked_power():
    normal = NormalDist()
    assert detectable_difference(1.0) == pytest.approx(2.8016, abs=5e-5)
    assert detectable_difference(0.013) == pytest.approx(0.013 * 2.8016, rel=1e-4)
    for significance, power in ((0.05, 0.8), (0.05, 0.9), (0.01, 0.8)):
        effect = detectable_difference(1.0, significance=significance, power=power)
        border = normal.inv_cdf(1 - significance / 2)
        found = 1 - normal.cdf(border - effect) + normal.cdf(-border - effect)
        assert found == pytest.approx(power, abs=2e-6)
    assert detectable_difference(0.0) == 0.0


@pytest.mark.parametrize("error", [-0.1, float("nan"), float("inf")])
def test_standard_errors_that_are_none_are_refused(error):
    with pytest.raises(DatasetError, match="bootstrap the split first"):
        detectable_difference(error)


@pytest.mark.parametrize(("significance", "power"), [(0.0, 0.8), (0.05, 1.0), (0.05, 0.05), (0.8, 0.05)])
def test_impossible_tests_are_refused(significance, power):
    with pytest.raises(DatasetError, match="power above the significance"):
        detectable_difference(1.0, significance=significance, power=power)


def test_a_true_difference_of_the_detectable_size_is_found_four_times_in_five():
    n = 300
    found = []
    for draw in range(200):
        rng = np.random.default_rng([draw, 3])
        a, b = rng.exponential(size=n), rng.exponential(size=n)
        size = loss_power(a, b, horizon=1, seed=draw, mean_block=1, n_resamples=150).detectable
        p_value = paired_difference(a + size, b, horizon=1, seed=draw, mean_block=1, n_resamples=150).p_value
        found.append(p_value < 0.05)
    assert 0.73 <= np.mean(found) <= 0.87


def test_power_rests_on_the_paired_bootstrap():
    rng = np.random.default_rng(0)
    a, b = rng.random(400), rng.random(400)
    found = loss_power(a, b, horizon=5, seed=8, n_resamples=300)
    difference = paired_difference(a, b, horizon=5, seed=8, n_resamples=300).interval
    assert found.standard_error == difference.standard_error
    assert found.detectable == detectable_difference(difference.standard_error)
    assert found.decisions == 400
    assert found.variance_inflation == pytest.approx((difference.standard_error / (a - b).std()) ** 2 * 400)
    json.dumps(asdict(found), allow_nan=False)


def test_repeated_decisions_count_once():
    inflations = []
    for seed in range(40):
        differences = np.repeat(np.random.default_rng(seed).normal(size=160), 5)
        found = loss_power(differences, np.zeros(800), horizon=5, seed=seed, mean_block=16, n_resamples=200)
        assert found.effective_decisions == pytest.approx(800 / found.variance_inflation)
        inflations.append(found.variance_inflation)
    # Five less what blocks cut: 1 + 2 · sum of (1 - k/5) · (15/16)^k over k = 1..4 is 4.52, and the mean
    # being the sample's own takes off 2 · 16 / 800 of it.
    assert np.mean(inflations) == pytest.approx(4.52 * 0.96, rel=0.1)


def test_alternating_losses_do_not_make_more_decisions_than_there_are():
    alternating = np.tile([1.0, -1.0], 100) + np.random.default_rng(2).normal(size=200) / 10
    found = loss_power(alternating, np.zeros(200), horizon=1, seed=0)
    assert found.variance_inflation < 0.5
    assert found.effective_decisions == 200


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_losses_that_never_vary_have_no_effective_number(shift):
    losses = np.random.default_rng(3).random(100)
    found = loss_power(np.full(100, shift), np.zeros(100), horizon=1, seed=0, n_resamples=100)
    assert (found.effective_decisions, found.variance_inflation) == (None, None)
    assert found.detectable == pytest.approx(0, abs=1e-12)
    same = loss_power(losses, losses, horizon=1, seed=0, n_resamples=100)
    assert (same.effective_decisions, same.detectable) == (None, 0.0)


def test_auc_power_of_independent_rows_equals_delong():
    labels, a, b = ranked(np.random.default_rng(4), 400)
    expected = delong_error_of_difference(labels, a, b)
    found = auc_power(labels, a, b, horizon=1, seed=1, mean_block=1, n_resamples=1500)
    assert found.standard_error == pytest.approx(expected, rel=0.07)
    assert found.detectable == pytest.approx(2.8016 * found.standard_error, rel=1e-4)
    assert (found.variance_inflation, found.effective_decisions) == (1.0, 400)
    # Two models on the same rows differ less than two models on rows of their own would.
    apart = interval(
        lambda rows: auc(labels[rows], a[rows]), 400, horizon=1, seed=1, mean_block=1, n_resamples=500
    )
    assert found.standard_error < 1.2 * apart.standard_error


def test_auc_power_of_repeated_decisions_counts_them_once():
    labels, a, b = ranked(np.random.default_rng(5), 150)
    repeated = [np.repeat(values, 4) for values in (labels, a, b)]
    found = auc_power(*repeated, horizon=4, seed=1, mean_block=20, n_resamples=600)
    # Four, less what blocks cut and give or take what one sample of 150 decisions leaves open.
    assert 2.8 < found.variance_inflation < 5
    assert found.decisions == 600
    assert found.effective_decisions == pytest.approx(600 / found.variance_inflation)
    default = auc_power(*repeated, horizon=30, seed=1, n_resamples=100)
    assert default.standard_error == pytest.approx(
        interval(auc_difference(*repeated), 600, horizon=30, seed=1, n_resamples=100).standard_error
    )


def test_auc_difference_is_a_minus_b_and_undefined_without_both_classes():
    labels, a, b = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.1, 0.4, 0.35, 0.8])
    difference = auc_difference(labels, a, b)
    assert difference(np.arange(4)) == 0.25
    assert difference(np.array([1, 2])) == 1.0
    assert difference(np.array([0, 0, 1])) is None


def test_splits_without_power_are_refused():
    p = np.linspace(0.1, 0.9, 100)
    with pytest.raises(DatasetError, match="undefined"):
        auc_power(np.zeros(100, dtype=int), p, p, horizon=1, seed=0)
    rare = np.zeros(100, dtype=int)
    rare[50] = 1
    with pytest.raises(DatasetError, match="too few of one class"):
        auc_power(rare, p, p, horizon=1, seed=0, n_resamples=100)
    with pytest.raises(DatasetError, match="equally long"):
        auc_power(rare, p, np.linspace(0, 1, 101), horizon=1, seed=0)
    with pytest.raises(DatasetError, match="equally long"):
        auc_power(rare, np.linspace(0, 1, 101), p, horizon=1, seed=0)
    with pytest.raises(DatasetError, match="equally long"):
        loss_power(p, p[1:], horizon=1, seed=0)
