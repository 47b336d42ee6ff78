"""Compare indicators with independent numpy computations, and with those of a prefix of the bars."""

import numpy as np
import pandas as pd
import pytest

from simmer.base.errors import DataError
from simmer.data.bars_csv import COLUMNS
from simmer.features.columns import A21_COLUMNS, A25_COLUMNS, INDICATORS, OHLCV, VOLUME_FEATURES
from simmer.features.indicators import MAX_CONSTANT_ROWS, build_a25, compute_indicators
from support.bars import bits, bundled_bars, random_bars

WARM_UP = 199
STRETCH = 700  # bars of the independent computation; long enough for every recursion to matter


# --- the independent computation -------------------------------------------------------------------


def sma(x, n):
    return np.array([np.nan] * (n - 1) + [x[i - n + 1 : i + 1].mean() for i in range(n - 1, len(x))])


def ema(x, n, *, k=None):
    """Exponential moving average that starts from the mean of the first n finite values."""
    k = 2 / (n + 1) if k is None else k
    out = np.full(len(x), np.nan)
    first = int(np.argmax(np.isfinite(x)))
    start = first + n - 1
    out[start] = x[first : start + 1].mean()
    for i in range(start + 1, len(x)):
        out[i] = out[i - 1] + k * (x[i] - out[i - 1])
    return out


def dema(x, n):
    once = ema(x, n)
    return 2 * once - ema(once, n)


def rsi(x, n=14):
    change = np.diff(x)
    out = np.full(len(x), np.nan)
    gain, loss = change.clip(min=0)[:n].mean(), (-change).clip(min=0)[:n].mean()
    for i in range(n, len(x)):
        if i > n:
            gain = (gain * (n - 1) + max(change[i - 1], 0)) / n
            loss = (loss * (n - 1) + max(-change[i - 1], 0)) / n
        out[i] = 100 * gain / (gain + loss) if gain + loss > 0 else 0.0
    return out


def stochrsi(x):
    """Position of RSI(14) in its range of 5; the output starts when its mean of 3 would: at row 20."""
    r = rsi(x)
    out = np.full(len(x), np.nan)
    for i in range(20, len(x)):
        low, high = r[i - 4 : i + 1].min(), r[i - 4 : i + 1].max()
        out[i] = 100 * (r[i] - low) / (high - low) if high > low else 0.0
    return out


def macd_line(x):
    fast = np.full(len(x), np.nan)
    fast[14:] = ema(x[14:], 12)
    line = fast - ema(x, 26)
    line[:33] = np.nan
    return line


def obv(close, volume):
    return np.cumsum(np.concatenate([[volume[0]], np.sign(np.diff(close)) * volume[1:]]))


def adosc(high, low, close, volume):
    span = np.where(high > low, high - low, 1.0)
    flow = np.where(high > low, ((close - low) - (high - close)) / span, 0.0) * volume
    line = np.cumsum(flow)
    fast = slow = line[0]
    out = np.full(len(close), np.nan)
    for i in range(1, len(close)):
        fast += (2 / 4) * (line[i] - fast)
        slow += (2 / 11) * (line[i] - slow)
        if i >= 9:
            out[i] = fast - slow
    return out


def true_range(high, low, close):
    before = close[:-1]
    return np.maximum.reduce([high[1:] - low[1:], np.abs(high[1:] - before), np.abs(low[1:] - before)])


def atr(high, low, close, n=14):
    tr = true_range(high, low, close)
    out = np.full(len(close), np.nan)
    out[n] = tr[:n].mean()
    for i in range(n + 1, len(close)):
        out[i] = (out[i - 1] * (n - 1) + tr[i - 1]) / n
    return out


def adx(high, low, close, n=14):
    up, down = np.diff(high), -np.diff(low)
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    tr = true_range(high, low, close)
    sums = [s[: n - 1].sum() for s in (plus, minus, tr)]
    dx = np.full(len(close), np.nan)
    for i in range(n, len(close)):
        sums = [s - s / n + x[i - 1] for s, x in zip(sums, (plus, minus, tr), strict=True)]
        p, m = sums[0] / sums[2], sums[1] / sums[2]
        dx[i] = 100 * abs(p - m) / (p + m)
    out = np.full(len(close), np.nan)
    out[2 * n - 1] = dx[n : 2 * n].mean()
    for i in range(2 * n, len(close)):
        out[i] = (out[i - 1] * (n - 1) + dx[i]) / n
    return out


def percent_b(x, n=20):
    middle = sma(x, n)
    sd = np.array([np.nan] * (n - 1) + [x[i - n + 1 : i + 1].std() for i in range(n - 1, len(x))])
    return (x - (middle - 2 * sd)) / (4 * sd)


def vwap(close, volume, n=20):
    return sma(close * volume, n) / sma(volume, n)


def weekly(dates, close, indicator):
    """For each day the value of the last completed ISO week."""
    weeks = [tuple(day.isocalendar())[:2] for day in pd.DatetimeIndex(dates)]
    ended, closes = [], []
    for i, week in enumerate(weeks):
        if i + 1 == len(weeks) or weeks[i + 1] != week:
            ended.append(week)
            closes.append(close[i])
    values = dict(zip(ended, indicator(np.array(closes)), strict=True))
    out = np.full(len(close), np.nan)
    for i, week in enumerate(weeks):
        past = [w for w in ended if w < week]
        if past:
            out[i] = values[past[-1]]
    return out


def independent(bars):
    dates = bars["Date"]
    high, low, close, volume = (bars[n].to_numpy(dtype=float) for n in ("High", "Low", "Close", "Volume"))
    return {
        **{f"dema_{n}": dema(close, n) for n in (9, 10, 20, 25, 90)},
        **{f"sma_{n}": sma(close, n) for n in (12, 50, 100, 200)},
        "rsi_daily": rsi(close),
        "rsi_weekly": weekly(dates, close, rsi),
        "stochrsi_daily": stochrsi(close),
        "stochrsi_weekly": weekly(dates, close, stochrsi),
        "macd_line": macd_line(close),
        "obv": obv(close, volume),
        "adosc": adosc(high, low, close, volume),
        "atr_14": atr(high, low, close),
        "adx_14": adx(high, low, close),
        "bb_percent_b": percent_b(close),
        "vwap_20": vwap(close, volume),
    }


FIRST_ROWS = {
    "dema_9": 16, "dema_10": 18, "sma_12": 11, "dema_20": 38, "dema_25": 48, "sma_50": 49, "dema_90": 178,
    "sma_100": 99, "sma_200": 199, "rsi_daily": 14, "stochrsi_daily": 20, "macd_line": 33, "obv": 0,
    "adosc": 9, "atr_14": 14, "adx_14": 27, "bb_percent_b": 19, "vwap_20": 19,
}  # fmt: skip


@pytest.fixture(scope="module")
def raw_indicators():
    """All indicators with their warm-up."""
    bars = bundled_bars("IXIC").iloc[:STRETCH].reset_index(drop=True)
    raw = {name: bars[name].to_numpy(dtype=np.float64) for name in OHLCV}
    return bars, compute_indicators(bars["Date"].to_numpy(), raw)


@pytest.fixture(scope="module")
def independent_values(raw_indicators):
    return independent(raw_indicators[0])


@pytest.mark.parametrize("name", INDICATORS)
def test_each_indicator_equals_the_independent_computation(name, raw_indicators, independent_values):
    found, expected = raw_indicators[1][name], independent_values[name]
    assert np.isfinite(expected).sum() > 400
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
    finite = np.isfinite(expected)
    scale = np.abs(expected[finite]).max()
    np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize("name", FIRST_ROWS)
def test_each_daily_indicator_starts_on_the_documented_row(name, raw_indicators):
    assert np.argmax(np.isfinite(raw_indicators[1][name])) == FIRST_ROWS[name]


def test_weekly_indicators_start_after_their_last_warm_up_week(raw_indicators):
    bars, values = raw_indicators
    # 1999-01-04 is a Monday: the 15th and the 21st week end on 1999-04-16 and 1999-05-28.
    for name, day in (("rsi_weekly", "1999-04-19"), ("stochrsi_weekly", "1999-06-01")):
        first = np.argmax(np.isfinite(values[name]))
        assert bars["Date"].iloc[first] == pd.Timestamp(day)


# --- time ------------------------------------------------------------------------------------------


def mondays_off(dates):
    """Rows that are the first session of a week but no Monday."""
    new_week = dates.dt.isocalendar().week.ne(dates.dt.isocalendar().week.shift())
    return np.flatnonzero(new_week & (dates.dt.day_of_week > 0))


def test_features_of_a_prefix_are_the_prefix_of_the_features():
    bars = bundled_bars()
    full = build_a25(bars).frame
    rng = np.random.default_rng(5)
    after_holidays = mondays_off(bars["Date"])
    assert len(after_holidays) == 99
    late = after_holidays[after_holidays > WARM_UP]
    cuts = {WARM_UP + 1, WARM_UP + 2, len(bars) - 1, *rng.integers(WARM_UP + 1, len(bars), 40).tolist()}
    for row in rng.choice(late, 20, replace=False).tolist():
        cuts |= {row, row + 1, row + 2}
    weekdays = {int(bars["Date"].dt.day_of_week.iloc[cut - 1]) for cut in cuts}
    assert weekdays == {0, 1, 2, 3, 4}
    for cut in sorted(cuts):
        prefix = build_a25(bars.iloc[:cut]).frame
        assert len(prefix) == cut - WARM_UP
        for name in full.columns:
            assert bits(prefix[name].to_numpy()) == bits(full[name].to_numpy()[: len(prefix)]), (name, cut)


def test_changing_the_future_changes_no_feature_of_the_past():
    bars = bundled_bars().iloc[:1000]
    full = build_a25(bars).frame
    for row in (600, 601, 602, 603, 604):
        future = bars.copy()
        future.loc[row:, ["Open", "High", "Low", "Close"]] *= 3.0
        future.loc[row:, "Volume"] *= 2
        changed = build_a25(future).frame
        kept = row - WARM_UP
        for name in full.columns:
            assert bits(changed[name].to_numpy()[:kept]) == bits(full[name].to_numpy()[:kept]), name
        assert not np.allclose(changed["dema_9"].iloc[kept], full["dema_9"].iloc[kept])


@pytest.mark.parametrize("name", ["rsi_weekly", "stochrsi_weekly"])
def test_a_week_counts_from_the_first_session_after_it_also_after_a_monday_holiday(name):
    bars = bundled_bars()
    frame = build_a25(bars).frame.set_index("Date")
    # Martin Luther King Day was Monday 2011-01-17; the week before it ended on Friday 2011-01-14.
    assert pd.Timestamp("2011-01-17") not in frame.index
    week = frame[name].loc["2011-01-18":"2011-01-21"]
    assert len(week) == 4
    assert week.nunique() == 1

    def with_close(day, factor):
        changed = bars.copy()
        columns = ["Open", "High", "Low", "Close"]
        changed.loc[changed["Date"] == pd.Timestamp(day), columns] *= factor
        return build_a25(changed).frame.set_index("Date")[name]

    # Friday's close moves the value of Tuesday, not the one of Friday; Tuesday's own close moves neither.
    friday = with_close("2011-01-14", 0.8)
    assert friday.loc["2011-01-14"] == frame[name].loc["2011-01-14"]
    assert friday.loc["2011-01-18"] != frame[name].loc["2011-01-18"]
    pd.testing.assert_series_equal(
        with_close("2011-01-18", 0.8).loc[:"2011-01-21"], frame[name].loc[:"2011-01-21"]
    )


# --- the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_the_table_has_pinned_columns_dtypes_and_warm_up(ticker):
    built = build_a25(bundled_bars(ticker))
    assert COLUMNS[1:] == OHLCV
    assert list(built.frame.columns) == ["Date", *A25_COLUMNS]
    assert len(A25_COLUMNS) == 25
    assert [str(dtype) for dtype in built.frame.dtypes] == ["datetime64[us]", *["float64"] * 25]
    assert (built.dropped_rows, built.last_to_start) == (WARM_UP, "sma_200")
    assert len(built.frame) == 5031 - WARM_UP
    assert built.frame["Date"].iloc[0] == pd.Timestamp("1999-10-18")
    bars = bundled_bars(ticker)
    for name in OHLCV:
        assert (built.frame[name].to_numpy() == bars[name].to_numpy()[WARM_UP:]).all()


@pytest.mark.parametrize("ticker", ["GSPC", "IXIC"])
def test_the_table_declares_the_first_row_of_each_column(ticker):
    built = build_a25(bundled_bars(ticker))
    assert tuple(built.starts) == A25_COLUMNS
    # 1999-04-19 and 1999-06-01 are the 73rd and the 103rd session from 1999-01-04 on.
    weekly = {"rsi_weekly": 72, "stochrsi_weekly": 102}
    assert built.starts == {**dict.fromkeys(OHLCV, 0), **FIRST_ROWS, **weekly}
    assert built.starts[built.last_to_start] == built.dropped_rows == max(built.starts.values())


def test_values_stay_in_their_ranges():
    frame = build_a25(bundled_bars()).frame
    for name in ("rsi_daily", "rsi_weekly", "stochrsi_daily", "stochrsi_weekly", "adx_14"):
        assert frame[name].between(0, 100).all()
    assert frame["bb_percent_b"].between(-2, 2).all()
    assert (frame["atr_14"] > 0).all()


def test_the_input_is_not_changed():
    bars = bundled_bars()
    built = build_a25(bars)
    built.frame.loc[:, list(OHLCV)] = 0.0  # the table shares no memory with the bars
    pd.testing.assert_frame_equal(bars, bundled_bars(), check_exact=True)


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Open", "High", "Low", "Close"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_missing_price_is_refused_before_any_indicator(name, value):
    bars = random_bars(400)
    bars.loc[50, name] = value
    with pytest.raises(DataError, match=f"{name} of 2003-03-17 is"):
        build_a25(bars)


@pytest.mark.parametrize("rows", [0, 1, 2, 19, 20, 100, 199])
def test_too_few_bars_are_refused(rows):
    with pytest.raises(DataError):
        build_a25(random_bars(rows))


def test_two_hundred_bars_are_enough():
    assert len(build_a25(random_bars(200)).frame) == 1


def test_dates_that_do_not_ascend_are_refused():
    with pytest.raises(DataError, match="not strictly ascending"):
        build_a25(random_bars(300).iloc[::-1])


def test_a_series_without_volume_is_refused_and_one_with_late_volume_starts_late():
    bars = random_bars(600)
    with pytest.raises(DataError, match="vwap_20 never has a value"):
        build_a25(bars.assign(Volume=0))
    bars.loc[:299, "Volume"] = 0
    built = build_a25(bars)
    assert (built.dropped_rows, built.last_to_start) == (300, "vwap_20")
    assert (built.starts["vwap_20"], built.starts["sma_200"]) == (300, WARM_UP)


def test_a_gap_after_the_start_is_refused():
    bars = random_bars(600)
    bars.loc[400:420, "Volume"] = 0
    with pytest.raises(DataError, match=r"vwap_20 has no value on 2004-08-13 \(2 rows"):
        build_a25(bars)
    bars = random_bars(600)
    bars.loc[400:430, ["Open", "High", "Low", "Close"]] = 100.0
    with pytest.raises(DataError, match="bb_percent_b has no value"):
        build_a25(bars)


def test_a_feature_that_stays_constant_for_long_is_refused():
    bars = random_bars(900)
    bars.loc[400 : 400 + MAX_CONSTANT_ROWS - 2, "Open"] = 100.0
    assert len(build_a25(bars).frame) == 900 - WARM_UP
    bars.loc[400 : 400 + MAX_CONSTANT_ROWS - 1, "Open"] = 100.0
    with pytest.raises(DataError, match=rf"Open stays at 100\.0 for {MAX_CONSTANT_ROWS} rows"):
        build_a25(bars)


def test_without_volume_the_other_columns_are_the_same():
    bars = random_bars(400)
    a25, a21 = build_a25(bars).frame, build_a25(bars.assign(Volume=0), volume=False)
    assert tuple(a21.frame.columns) == ("Date", *A21_COLUMNS)
    assert set(A25_COLUMNS) - set(A21_COLUMNS) == set(VOLUME_FEATURES)
    assert set(a21.starts) == set(A21_COLUMNS)
    pd.testing.assert_frame_equal(a21.frame, a25[["Date", *A21_COLUMNS]], check_exact=True)
