import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from simmer.base.errors import DatasetError
from simmer.evidence.bootstrap import (
    FEWEST_BLOCKS,
    RESAMPLES_PER_DRAW,
    default_mean_block,
    fewest_rows,
    interval,
    require_blocks,
    resamples,
)


def autoregressive(rng, n, correlation):
    return lfilter([1.0], [1.0, -correlation], rng.normal(size=n + 200))[200:]


def stationary_variance_of_mean(values, mean_block):
    """Variance of the resampled mean in closed form: Politis and Romano (1994), lemma 1."""
    n = len(values)
    centred = values - values.mean()
    covariance = np.array([centred[: n - lag] @ centred[lag:] / n for lag in range(n)])
    lags = np.arange(1, n)
    kept = 1 - 1 / mean_block
    weight = (1 - lags / n) * kept**lags + lags / n * kept ** (n - lags)
    return (covariance[0] + 2 * weight @ covariance[1:]) / n


def losses_of_equal_models(rng, n, horizon, correlation):
    """Return losses of two models without skill, with autocorrelated predictions and overlapping labels."""
    returns = np.concatenate([[0.0], np.cumsum(rng.normal(size=n + horizon))])
    labels = (returns[horizon:] - returns[:-horizon])[:n] > 0.44 * np.sqrt(horizon)
    logits = [-0.7 + 0.5 * np.sqrt(1 - correlation**2) * autoregressive(rng, n, correlation) for _ in "ab"]
    return [np.logaddexp(0, logit) - labels * logit for logit in logits]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 60), st.integers(1, 150), st.floats(0, 1), st.integers(0, 2**63 - 1), st.integers(1, 100)
)
def test_resamples_are_rows_and_repeat_by_seed(n, count, share, seed, more):
    mean_block = 1 + share * (n - 1)
    found = list(resamples(n, mean_block, count, seed))
    assert len(found) == count
    assert all(rows.shape == (n,) and rows.min() >= 0 and rows.max() < n for rows in found)
    longer = list(resamples(n, mean_block, count + more, seed))
    assert all(np.array_equal(rows, again) for rows, again in zip(found, longer, strict=False))


def test_another_seed_draws_other_resamples():
    first, second = (np.array(list(resamples(50, 5, 10, seed))) for seed in (1, 2))
    assert (first != second).mean() > 0.9
    assert len({rows.tobytes() for rows in resamples(50, 5, 3 * RESAMPLES_PER_DRAW, 1)}) == 192


@pytest.mark.parametrize("mean_block", [1, 1.5, 4, 20])
def test_blocks_have_geometric_lengths_and_uniform_starts(mean_block):
    n = 200
    drawn = np.array(list(resamples(n, mean_block, 2000, 7)))
    goes_on = np.diff(drawn, axis=1) % n == 1
    # A new block continues the last one by chance once in n.
    chance = 1 - 1 / mean_block + 1 / mean_block / n
    assert goes_on.mean() == pytest.approx(chance, abs=0.004)
    # A geometric length has no memory: three continuations in a row are independent.
    thrice = goes_on[:, :-2] & goes_on[:, 1:-1] & goes_on[:, 2:]
    assert thrice.mean() == pytest.approx(chance**3, abs=0.008)
    # Every row is equally likely, the last ones too: blocks wrap from the last row to the first.
    for column in (0, 100, n - 1):
        assert np.bincount(drawn[:, column], minlength=n).max() < 30
    often = np.bincount(drawn.ravel(), minlength=n) / drawn.size * n
    assert np.abs(often - 1).max() < 0.12
    after_the_last = drawn[:, 1:][drawn[:, :-1] == n - 1]
    assert (after_the_last == 0).mean() == pytest.approx(chance, abs=0.05)


def test_one_block_as_long_as_the_rows_is_mostly_a_rotation():
    rotations = [np.all(np.diff(rows) % 20 == 1) for rows in resamples(20, 20, 3000, 3)]
    assert np.mean(rotations) == pytest.approx((1 - 0.95 / 20) ** 19, abs=0.03)


@pytest.mark.parametrize(
    ("n", "mean_block", "count"),
    [(0, 1, 5), (10, 0.9, 5), (10, 10.5, 5), (10, 2, 0), (10, float("nan"), 5)],
)
def test_resamples_that_cannot_be_drawn_are_refused_at_the_call(n, mean_block, count):
    with pytest.raises(DatasetError, match="expected at least one resample"):
        resamples(n, mean_block, count, 0)


@pytest.mark.parametrize(
    ("n", "horizon", "expected"),
    [(1, 1, 1), (700, 1, 9), (700, 9, 9), (700, 20, 20), (1000, 5, 10), (1001, 5, 11), (27, 1, 3)],
)
def test_default_block_covers_the_horizon_and_grows_with_the_cube_root(n, horizon, expected):
    assert default_mean_block(n, horizon) == expected


def test_default_block_needs_rows_and_a_horizon():
    for n, horizon in ((0, 1), (700, 0)):
        with pytest.raises(DatasetError, match="at least one of each"):
            default_mean_block(n, horizon)


@pytest.mark.parametrize("mean_block", [1, 3, 12])
def test_standard_error_of_a_mean_equals_its_closed_form(mean_block):
    values = autoregressive(np.random.default_rng(11), 300, 0.6)
    expected = np.sqrt(stationary_variance_of_mean(values, mean_block))
    found = interval(
        lambda rows: values[rows].mean(), 300, horizon=1, seed=1, mean_block=mean_block, n_resamples=6000
    )
    # Six thousand resamples leave 0.9 % of noise.
    assert found.standard_error == pytest.approx(expected, rel=0.03)
    assert found.estimate == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * expected, rel=0.06)


def test_interval_is_the_middle_of_the_resamples():
    values = np.random.default_rng(0).exponential(size=100)
    found = interval(lambda rows: np.median(values[rows]), 100, horizon=2, seed=9, n_resamples=500, level=0.8)
    medians = np.array([np.median(values[rows]) for rows in resamples(100, 5, 500, 9)])
    assert (found.low, found.high) == pytest.approx((np.quantile(medians, 0.1), np.quantile(medians, 0.9)))
    assert found.standard_error == pytest.approx(np.sqrt(((medians - medians.mean()) ** 2).sum() / 499))
    assert found.estimate == np.median(values)
    assert (found.level, found.n_resamples, found.undefined, found.mean_block) == (0.8, 500, 0, 5.0)
    json.dumps(asdict(found), allow_nan=False)


def undefined_for(count):
    calls = iter(range(10_000))
    # The first call is for the original rows.
    return lambda rows: None if 1 <= next(calls) <= count else float(rows.mean())


def test_undefined_resamples_are_counted_and_too_many_are_refused():
    found = interval(undefined_for(10), 50, horizon=1, seed=0, n_resamples=200)
    assert (found.undefined, found.n_resamples) == (10, 200)
    kept = [rows.mean() for rows in resamples(50, 4, 200, 0)][10:]
    assert found.low == pytest.approx(np.quantile(kept, 0.025))
    with pytest.raises(DatasetError, match=r"undefined in 11 of 200 resamples, more than 5 %"):
        interval(undefined_for(11), 50, horizon=1, seed=0, n_resamples=200)
    with pytest.raises(DatasetError, match="of these 50 rows is undefined"):
        interval(lambda rows: None, 50, horizon=1, seed=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_statistics_that_are_not_finite_are_refused(value):
    with pytest.raises(DatasetError, match="return None if undefined"):
        interval(lambda rows: value, 50, horizon=1, seed=0)
    with pytest.raises(DatasetError, match="return None if undefined"):
        interval(lambda rows: value if rows[0] else 1.0, 50, horizon=1, seed=0)


def test_too_few_blocks_or_resamples_are_refused():
    n = 10 * FEWEST_BLOCKS

    def enough(rows, **options):
        interval(lambda chosen: float(chosen.mean()), rows, seed=0, **options)

    enough(n, horizon=10, n_resamples=40)
    enough(n, horizon=30, mean_block=10, n_resamples=40)
    for rows, options, message in (
        (n - 1, {"horizon": 10}, "at least 10 blocks"),
        (n, {"horizon": 11}, "at least 10 blocks"),
        (n, {"horizon": 1, "mean_block": 0.5}, "at least 1 row"),
        (n, {"horizon": 0}, "at least one of each"),
        (n, {"horizon": 1, "n_resamples": 39}, "draw more"),
        (n, {"horizon": 1, "level": 1.0}, "between 0 and 1"),
        (n, {"horizon": 1, "level": 0.0}, "between 0 and 1"),
    ):
        with pytest.raises(DatasetError, match=message):
            interval(lambda chosen: float(chosen.mean()), rows, seed=0, **options)


def mean_of(values, **options):
    return interval(lambda rows: values[rows].mean(), len(values), **options)


@pytest.mark.long
def test_intervals_of_correlated_losses_cover_the_truth():
    n = 700
    covered = {"blocks": [], "rows": []}
    for draw in range(300):
        losses = 1 + autoregressive(np.random.default_rng([draw, 1]), n, 0.5)
        for kind, mean_block in (("blocks", None), ("rows", 1)):
            found = mean_of(losses, horizon=1, seed=draw, mean_block=mean_block, n_resamples=400)
            covered[kind].append(found.low <= 1 <= found.high)
    assert 0.90 <= np.mean(covered["blocks"]) <= 0.98
    # As if independent, the standard error is the square root of 3 too small: 74 % by the normal curve.
    assert 0.66 <= np.mean(covered["rows"]) <= 0.84


@pytest.mark.long
def test_equal_models_differ_significantly_about_as_rarely_as_documented():
    n = 700
    rejected = {"blocks": [], "rows": []}
    for draw in range(400):
        a, b = losses_of_equal_models(np.random.default_rng([draw, 2]), n, 5, 0.7)
        for kind, mean_block in (("blocks", None), ("rows", 1)):
            found = mean_of(a - b, horizon=5, seed=draw, mean_block=mean_block, n_resamples=300)
            rejected[kind].append(not found.low <= 0 <= found.high)
    assert 0.03 <= np.mean(rejected["blocks"]) <= 0.08
    assert np.mean(rejected["rows"]) > 0.12


@pytest.mark.parametrize("horizon", [1, 5, 20, 60])
def test_the_fewest_rows_are_just_enough_blocks(horizon):
    require_blocks(fewest_rows(horizon), horizon)
    with pytest.raises(DatasetError, match="expected at least 10 blocks"):
        require_blocks(fewest_rows(horizon) - 1, horizon)
