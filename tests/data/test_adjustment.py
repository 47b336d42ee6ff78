import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import DataError
from simmer.data.adjustment import adjust_for_dividends, compare_with_vendor, unadjusted
from simmer.data.bars_csv import COLUMNS, PRICES
from simmer.data.vendor import VENDOR_COLUMNS, VENDOR_DTYPES
from support.vendor_series import random_series


def table(close, dividends, *, adjusted=None):
    """Vendor prices with Open = Close, High two above and Low two below."""
    close = np.asarray(close, dtype=np.float64)
    frame = pd.DataFrame(
        {
            "Date": np.busday_offset("2020-01-06", np.arange(len(close))),
            "Open": close,
            "High": close + 2,
            "Low": close - 2,
            "Close": close,
            "Adj Close": close if adjusted is None else adjusted,
            "Volume": np.arange(len(close)) + 1000,
            "Dividends": dividends,
            "Stock Splits": 0.0,
        }
    )
    return frame.astype(VENDOR_DTYPES)


def test_prices_before_a_dividend_fall_by_its_part_of_the_close_before():
    bars = adjust_for_dividends(table([100, 100, 98, 50, 49], [0, 0, 2, 0, 5]))
    # 1 - 2/100 = 0.98 before the third day, 1 - 5/50 = 0.9 before the fifth
    np.testing.assert_allclose(bars["Close"], [100 * 0.98 * 0.9, 100 * 0.98 * 0.9, 98 * 0.9, 50 * 0.9, 49])
    np.testing.assert_allclose(bars["High"], [102 * 0.882, 102 * 0.882, 100 * 0.9, 52 * 0.9, 51])
    np.testing.assert_allclose(bars["Low"], [98 * 0.882, 98 * 0.882, 96 * 0.9, 48 * 0.9, 47])
    assert bars["Volume"].tolist() == [1000, 1001, 1002, 1003, 1004]
    assert tuple(bars.columns) == COLUMNS
    assert {name: str(bars[name].dtype) for name in COLUMNS} == {
        name: VENDOR_DTYPES[name] for name in COLUMNS
    }


def test_a_published_example_of_the_vendors_convention():
    # ranaroussi/yfinance#1273: closes, one dividend, and the vendor's adjusted closes.
    close = [24.600000, 24.500000, 23.549999, 23.500000, 23.500000]
    published = [24.451147, 24.351751, 23.407499, 23.500000, 23.500000]
    frame = table(close, [0, 0, 0, 0.1425, 0], adjusted=published)
    np.testing.assert_allclose(adjust_for_dividends(frame)["Close"], published, atol=2e-6)
    assert compare_with_vendor(frame).largest_relative_difference < 1e-7


def test_an_adjusted_return_is_that_of_a_price_without_the_dividend():
    frame = random_series("SPY").bars
    close, dividends = frame["Close"].to_numpy(), frame["Dividends"].to_numpy()
    adjusted = adjust_for_dividends(frame)["Close"].to_numpy()
    assert np.count_nonzero(dividends) == 8
    np.testing.assert_allclose(
        adjusted[1:] / adjusted[:-1], close[1:] / (close[:-1] - dividends[1:]), rtol=1e-12
    )
    assert adjusted[-1] == close[-1]


def test_without_dividends_prices_stay_bit_identical():
    frame = random_series("^DJI", kind="index").bars
    pd.testing.assert_frame_equal(adjust_for_dividends(frame), frame[list(COLUMNS)], check_exact=True)
    check = compare_with_vendor(frame)
    assert check.largest_relative_difference == 0
    assert "differ by up to 0 " in str(check)


def test_unadjusted_bars_are_the_vendors_and_a_copy():
    frame = random_series("SPY").bars
    bars = unadjusted(frame)
    pd.testing.assert_frame_equal(bars, frame[list(COLUMNS)], check_exact=True)
    before = frame.copy()
    bars.loc[0, "Close"] = 1.0
    adjust_for_dividends(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_the_check_finds_the_day_on_which_the_vendor_forgot_a_dividend():
    frame = table([100, 100, 98, 99], [0, 0, 2, 0], adjusted=[100, 100, 98, 99])
    check = compare_with_vendor(frame)
    assert check.largest_relative_difference == pytest.approx(2 / 98)
    assert f"{check.date}" == "2020-01-06"
    good = table([100, 100, 98, 99], [0, 0, 2, 0], adjusted=[98, 98, 98, 99])
    assert compare_with_vendor(good).largest_relative_difference == pytest.approx(0, abs=1e-15)


def test_a_dividend_after_the_last_row_is_no_difference():
    later = table([100, 100, 98, 99], [0, 0, 2, 0], adjusted=[98 * 0.99, 98 * 0.99, 98 * 0.99, 99 * 0.99])
    assert compare_with_vendor(later).largest_relative_difference == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("dividends", "text"),
    [
        ([1, 0, 0], "stands in the first row on 2020-01-06"),
        ([0, -1, 0], "is negative on 2020-01-07"),
        ([0, 0, 20], "is not below the Close of the day before on 2020-01-08"),
        ([0, 30, 20], "on 2020-01-07, 2020-01-08"),
    ],
)
def test_an_impossible_dividend_is_refused(dividends, text):
    frame = table([10, 20, 30], dividends)
    for function in (adjust_for_dividends, compare_with_vendor):
        with pytest.raises(DataError, match=text):
            function(frame)
    assert len(unadjusted(frame)) == 3


def broken_tables():
    good = table([10, 11, 12], [0, 0, 0])
    yield good[list(COLUMNS)], "has the columns"
    yield good[list(reversed(VENDOR_COLUMNS))], "has the columns"
    yield good.astype({"Volume": "float64"}), "has the columns"
    yield good.iloc[:0], "no rows"
    yield good.iloc[[0, 2, 1]], "are not after the one before: 2020-01-07"
    yield good.iloc[[0, 1, 1]], "are not after the one before: 2020-01-07"
    yield good.assign(Date=[good["Date"][0], pd.NaT, good["Date"][2]]).astype(VENDOR_DTYPES), "without a date"
    yield good.assign(Low=[1.0, np.nan, np.inf]), "no finite Low on 2020-01-07, 2020-01-08"
    yield good.assign(Close=[10.0, 0.0, 12.0]), "Close of 0 or less on 2020-01-07"


@pytest.mark.parametrize(("frame", "text"), list(broken_tables()))
def test_a_table_with_other_columns_or_values_is_refused(frame, text):
    for function in (unadjusted, adjust_for_dividends, compare_with_vendor):
        with pytest.raises(DataError, match=text):
            function(frame)


def test_at_most_ten_days_are_named():
    frame = table(np.full(40, 10.0), np.zeros(40)).assign(Open=np.nan)
    with pytest.raises(DataError, match="2020-01-17 and 30 more days; expected"):
        unadjusted(frame)


@st.composite
def vendor_tables(draw):
    rows = draw(st.integers(2, 12))
    prices = st.floats(0.01, 1e5)
    frame = table(draw(st.lists(prices, min_size=rows, max_size=rows)), np.zeros(rows))
    open_ = np.array(draw(st.lists(prices, min_size=rows, max_size=rows)))
    close = frame["Close"].to_numpy()
    part = draw(st.lists(st.floats(0, 0.999), min_size=rows - 1, max_size=rows - 1))
    return frame.assign(
        Open=open_,
        High=np.maximum(open_, close) * draw(st.sampled_from([1.0, 1.01])),
        Low=np.minimum(open_, close) * draw(st.sampled_from([1.0, 0.99])),
        Dividends=np.append(0.0, close[:-1] * part),
    )


@given(vendor_tables())
def test_the_adjustment_keeps_the_highest_price_the_highest(frame):
    bars = adjust_for_dividends(frame)
    open_, high, low, close = (bars[name].to_numpy() for name in PRICES)
    assert (high >= np.maximum(open_, close)).all()
    assert (low <= np.minimum(open_, close)).all()
    assert (low > 0).all()
    assert (close <= frame["Close"].to_numpy()).all()
    assert bars["Volume"].tolist() == frame["Volume"].tolist()
