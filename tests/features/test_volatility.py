"""Compare the columns of volatility with independent computations, the baselines' inputs and a prefix."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DataError
from simmer.evidence.baseline_inputs import window_volatility
from simmer.features.columns import A25_COLUMNS, VOLATILITY_FEATURES
from simmer.features.indicators import build_a25
from simmer.features.of_bars import features_of_bars
from simmer.features.volatility import MIN_VOLATILITY, add_volatility, compute_volatility
from support.bars import bits, bundled_bars, random_bars

FIRST_ROWS = {
    "abs_return_1d": 1, "log_range_1d": 0, "log_volatility_5d": 5, "log_volatility_20d": 20,
    "log_volatility_60d": 60, "log_range_5d": 4, "log_range_20d": 19, "log_range_60d": 59,
}  # fmt: skip
FLOAT32 = 2**-24  # relative


def prices_of(bars):
    return {name.lower(): bars[name].to_numpy(dtype=np.float64) for name in ("Close", "High", "Low")}


def independent(bars):
    """Compute each row with the standard library, NaN where a span is not full."""
    close, high, low = (bars[name].tolist() for name in ("Close", "High", "Low"))
    returns = [math.nan, *(math.log(today / before) for before, today in pairwise(close))]
    ranges = [math.log(top) - math.log(bottom) for top, bottom in zip(high, low, strict=True)]

    def spans(values, row, days):
        return values[row - days + 1 : row + 1] if row >= days - 1 else [math.nan]

    rows = []
    for row in range(len(close)):
        volatilities = (
            math.sqrt(math.fsum(one**2 for one in spans(returns, row, days)) / days) for days in (5, 20, 60)
        )
        means = (math.fsum(spans(ranges, row, days)) / days for days in (5, 20, 60))
        rows.append([abs(returns[row]), *map(math.log, (ranges[row], *volatilities, *means))])
    return dict(zip(VOLATILITY_FEATURES, np.array(rows).T, strict=True))


@pytest.fixture(scope="module")
def computed():
    bars = bundled_bars("IXIC").iloc[:400]
    return compute_volatility(**prices_of(bars)), independent(bars)


@pytest.mark.parametrize("name", VOLATILITY_FEATURES)
def test_each_column_equals_the_independent_computation(name, computed):
    found, expected = computed[0][name], computed[1][name]
    assert np.flatnonzero(np.isfinite(found))[0] == FIRST_ROWS[name]
    np.testing.assert_allclose(found, expected, rtol=FLOAT32, atol=0)
    assert len(np.unique(found[60:])) > 300


def test_columns_computed_by_hand():
    close = np.array([100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 110.0])
    found = compute_volatility(close, high=close * 1.02, low=close / 1.02)
    assert found["abs_return_1d"][-1] == pytest.approx(math.log(1.1), rel=FLOAT32)
    assert found["log_volatility_5d"][-1] == pytest.approx(math.log(math.log(1.1) / 5**0.5), rel=FLOAT32)
    assert found["log_range_1d"][-1] == pytest.approx(math.log(2 * math.log(1.02)), rel=FLOAT32)
    assert found["log_range_5d"][-1] == found["log_range_1d"][-1]
    still = np.float32(math.log(MIN_VOLATILITY))
    assert found["log_volatility_5d"][5] == still, "prices that do not move have the smallest volatility"


def test_the_table_has_the_inputs_of_the_baselines(table):
    """A window of 61 rows has 60 returns, one of 60 rows has 60 ranges."""
    rows = np.arange(60, len(table), 7)
    found = table[list(VOLATILITY_FEATURES)].to_numpy()[rows]
    for context, columns in ((61, slice(0, 5)), (60, [0, 1, 2, 3, 5, 6, 7])):
        expected = window_volatility(**prices_of(table), decision_rows=rows, context_days=context)
        np.testing.assert_allclose(found[:, columns], expected[:, columns], rtol=FLOAT32, atol=0)


def test_columns_of_a_prefix_are_the_prefix_of_the_columns():
    bars = bundled_bars()
    whole = features_of_bars(bars, volatility=True).frame
    for rows in (200, 201, 207, 263, 1000, len(bars) - 1):
        prefix = features_of_bars(bars.iloc[:rows], volatility=True).frame
        for name in VOLATILITY_FEATURES:
            assert bits(prefix[name]) == bits(whole[name][: len(prefix)]), (name, rows)


def test_the_future_changes_no_column_of_the_past():
    bars = bundled_bars().iloc[:400]
    before = compute_volatility(**prices_of(bars))
    changed = {name: values.copy() for name, values in prices_of(bars).items()}
    for name, factor in (("close", 3.0), ("high", 4.0), ("low", 2.0)):
        changed[name][300:] *= factor
    after = compute_volatility(**changed)
    for name in VOLATILITY_FEATURES:
        assert bits(after[name][:300]) == bits(before[name][:300])
        assert after[name][300] != before[name][300]


def test_the_last_bits_of_a_logarithm_do_not_reach_the_table():
    """They differ between processors; a close one bit higher moves the logarithms as much."""
    bars = bundled_bars().iloc[:1000]
    other = {**prices_of(bars), "close": np.nextafter(bars["Close"].to_numpy(), np.inf)}
    before, after = compute_volatility(**prices_of(bars)), compute_volatility(**other)
    for name in VOLATILITY_FEATURES:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_the_table_keeps_the_rows_and_the_columns_of_a25():
    bars = bundled_bars()
    a25, a33 = build_a25(bars), features_of_bars(bars, volatility=True)
    pd.testing.assert_frame_equal(a33.frame[["Date", *A25_COLUMNS]], a25.frame, check_exact=True)
    assert list(a33.frame.columns) == ["Date", *A25_COLUMNS, *VOLATILITY_FEATURES]
    assert [str(dtype) for dtype in a33.frame.dtypes] == ["datetime64[us]", *["float64"] * 33]
    assert (a33.dropped_rows, a33.last_to_start) == (a25.dropped_rows, a25.last_to_start)
    assert a33.starts == {**a25.starts, **FIRST_ROWS}


def test_a_table_of_other_bars_is_refused():
    bars = random_bars(300)
    with pytest.raises(DataError, match=r"101 rows after a warm-up of 199, the bars 299; expected"):
        add_volatility(build_a25(bars), bars.iloc[1:])


def test_prices_below_zero_are_refused():
    bars = random_bars(400)
    bars.loc[300, "Low"] = -1.0
    with np.errstate(invalid="ignore"), pytest.raises(DataError, match="log_range_1d has no value on 2004-"):
        features_of_bars(bars, volatility=True)
