"""Compare VIX features with independent computations and with those of a prefix; unusual calendars."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmer.base.errors import DataError
from simmer.features.columns import A25_COLUMNS, VIX_FEATURES
from simmer.features.indicators import MAX_CONSTANT_ROWS, build_a25
from simmer.features.vix import add_vix, build_vix, compute_vix_features, refuse_early_end
from support.bars import bits, random_bars

WARM_UP = 59
FIRST_ROWS = {
    "vix_close": 0, "vix_sma_10": 9, "vix_sma_20": 19, "vix_percentile_60d": 59, "vix_zscore_20d": 19,
    "vix_regime": 0, "vix_change_1d": 1, "vix_change_5d": 5,
}  # fmt: skip


def closes(rows, *, seed=7):
    """A mean-reverting walk between about 9 and 60, rounded to hundredths so that ties occur."""
    rng = np.random.default_rng(seed)
    level, found = 3.0, []
    for shock in rng.normal(0, 0.07, rows):
        level += 0.03 * (2.9 - level) + shock
        found.append(round(float(np.exp(level)), 2))
    return np.array(found)


def vix_bars(days, close):
    """Bars as a source gives them: the VIX has no volume."""
    prices = dict.fromkeys(("Open", "High", "Low", "Close"), np.asarray(close, dtype=float))
    return pd.DataFrame({"Date": np.asarray(days, dtype="datetime64[us]"), **prices, "Volume": 0})


def days_of(frame):
    return frame["Date"].to_numpy().astype("datetime64[D]")


def without(frame, *days):
    return frame[~np.isin(days_of(frame), np.array(days, dtype="datetime64[D]"))].reset_index(drop=True)


def in_step(rows, *, seed=7):
    """Price bars and VIX bars of the same weekdays."""
    prices = random_bars(rows, seed=seed)
    return prices, vix_bars(prices["Date"], closes(rows, seed=seed))


def independent(close):
    """Compute each row with the standard library, NaN where the window is not full."""
    close = [float(value) for value in close]
    rows = []
    for t, today in enumerate(close):
        sma = {n: statistics.fmean(close[t - n + 1 : t + 1]) if t >= n - 1 else np.nan for n in (10, 20)}
        below = sum(value < today for value in close[t - 59 : t]) if t >= 59 else np.nan
        zscore = np.nan
        if t >= 19:
            sd = statistics.stdev(close[t - 19 : t + 1])
            zscore = (today - sma[20]) / sd if sd > 0 else 0.0
        change = {n: (today - close[t - n]) / close[t - n] * 100 if t >= n else np.nan for n in (1, 5)}
        regime = 0 if today < 15 else 1 if today < 25 else 2
        rows.append((today, sma[10], sma[20], below / 59 * 100, zscore, regime, change[1], change[5]))
    return dict(zip(VIX_FEATURES, map(np.array, zip(*rows, strict=True)), strict=True))


# --- the eight features ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIX_FEATURES)
def test_each_feature_equals_the_independent_computation(name):
    close = closes(500)
    found, expected = compute_vix_features(close)[name], independent(close)[name]
    assert np.flatnonzero(np.isfinite(found))[0] == FIRST_ROWS[name]
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
    assert len(np.unique(found[WARM_UP:])) >= (3 if name == "vix_regime" else 40)


def test_features_computed_by_hand():
    close = np.concatenate([np.full(40, 20.0), np.full(19, 10.0), [15.0]])
    last = {name: values[-1] for name, values in compute_vix_features(close).items()}
    assert last["vix_sma_10"] == pytest.approx((9 * 10 + 15) / 10)
    assert last["vix_sma_20"] == pytest.approx((19 * 10 + 15) / 20)
    assert last["vix_percentile_60d"] == pytest.approx(100 * 19 / 59)
    # Mean 10.25; the squares of 19 distances of 0.25 and one of 4.75 sum to 23.75, over 19 that is 1.25.
    assert last["vix_zscore_20d"] == pytest.approx(4.75 / 1.25**0.5)
    assert last["vix_change_1d"] == last["vix_change_5d"] == pytest.approx(50.0)
    assert compute_vix_features(close)["vix_change_1d"][40] == pytest.approx(-50.0)


def test_the_limit_between_two_regimes_belongs_to_the_higher_one():
    close = np.array([14.99, np.nextafter(15, 0), 15.0, 24.99, np.nextafter(25, 0), 25.0, 80.0])
    regime = compute_vix_features(close)["vix_regime"]
    assert regime.dtype == np.int64
    assert regime.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_the_percentile_counts_strictly_lower_closes_of_the_59_days_before():
    tied = np.concatenate([[1.0], np.full(30, 12.0), np.full(29, 18.0), [18.0]])
    # The lowest close is 60 days back and does not count; the 29 equal ones do not either.
    assert compute_vix_features(tied)["vix_percentile_60d"][-1] == pytest.approx(100 * 30 / 59)
    rising = compute_vix_features(np.arange(1.0, 62.0))["vix_percentile_60d"]
    falling = compute_vix_features(np.arange(61.0, 0.0, -1.0))["vix_percentile_60d"]
    assert np.isnan(rising[:59]).all()
    assert rising[59:].tolist() == [100.0, 100.0]
    assert falling[59:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("level", [0.1, 13.37, 17.1, 20.0])
def test_the_zscore_is_zero_without_spread_and_missing_in_its_warm_up(level):
    flat = compute_vix_features(np.full(70, level))["vix_zscore_20d"]
    assert np.isnan(flat[:19]).all()
    assert (flat[19:] == 0.0).all()


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 200), share=st.floats(0.0, 1.0))
def test_features_of_a_prefix_are_the_prefix_of_the_features(seed, rows, share):
    close = np.exp(np.random.default_rng(seed).normal(3, 0.5, rows)).round(1)
    cut = max(1, round(share * rows))
    full, prefix = compute_vix_features(close), compute_vix_features(close[:cut])
    for name in VIX_FEATURES:
        assert bits(prefix[name]) == bits(full[name][:cut]), name


def test_a_row_depends_on_its_own_sixty_days_only():
    close = closes(400)
    full = compute_vix_features(close)
    for start in (1, 7, 64, 200, 340):
        later = compute_vix_features(close[start:])
        for name in VIX_FEATURES:
            assert bits(later[name][WARM_UP:]) == bits(full[name][start + WARM_UP :]), (name, start)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -12.0])
def test_invalid_closes_are_refused_before_the_computation(value):
    prices, vix = in_step(400)
    vix.loc[5, "Close"] = value
    with pytest.raises(DataError, match="VIX close of 2003-01-13 is"):
        build_vix(vix, days_of(prices))
    with pytest.raises(DataError, match="VIX close of 2003-01-13 is"):
        add_vix(build_a25(prices), prices, vix)
    with pytest.raises(DataError, match="VIX close of row 5 is"):
        compute_vix_features(vix["Close"].to_numpy())


# --- the VIX's own table ---------------------------------------------------------------------------


def test_the_table_of_the_vix_has_pinned_columns_dtypes_and_warm_up():
    prices, vix = in_step(300)
    built = build_vix(vix, days_of(prices))
    assert list(built.frame.columns) == ["Date", *VIX_FEATURES]
    expected = ["int64" if name == "vix_regime" else "float64" for name in VIX_FEATURES]
    assert [str(dtype) for dtype in built.frame.dtypes] == ["datetime64[us]", *expected]
    assert (len(built.frame), built.dropped_rows) == (300 - WARM_UP, WARM_UP)
    assert built.last_to_start == "vix_percentile_60d"
    assert built.starts == FIRST_ROWS
    assert built.dropped_days == ()
    assert (built.frame["vix_close"].to_numpy() == vix["Close"].to_numpy()[WARM_UP:]).all()


def test_bars_without_a_session_are_dropped_before_the_computation():
    _, vix = in_step(300)
    holidays = ("2003-05-26", "2003-07-04")
    sessions = days_of(without(vix, *holidays))
    built = build_vix(vix, sessions)
    assert built.dropped_days == holidays
    assert built.dropped_rows == WARM_UP
    pd.testing.assert_frame_equal(built.frame, build_vix(without(vix, *holidays), sessions).frame)
    # With all bars, a change over five rows would differ in the week after a holiday.
    raw = pd.Series(compute_vix_features(vix["Close"].to_numpy())["vix_change_5d"], index=vix["Date"])
    found = built.frame.set_index("Date")["vix_change_5d"]
    differ = found.index[~np.isclose(found, raw.reindex(found.index))]
    weeks_after = [*pd.bdate_range("2003-05-27", periods=5), *pd.bdate_range("2003-07-07", periods=5)]
    assert list(differ) == weeks_after


def test_a_session_without_a_vix_bar_is_refused():
    _, vix = in_step(300)
    with pytest.raises(DataError, match=r"no bar on 2003-05-26 \(1 in all\)"):
        build_vix(without(vix, "2003-05-26"), days_of(vix))


def test_sessions_that_do_not_span_the_bars_are_refused():
    _, vix = in_step(300)
    days = days_of(vix)
    for sessions in (days[:0], days[20:], days[:-20]):
        with pytest.raises(DataError, match="sessions that span the bars"):
            build_vix(vix, sessions)
    # A history that begins and ends on a holiday has its first session a little later.
    assert build_vix(vix, days[1:-1]).dropped_days == (str(days[0]), str(days[-1]))


@pytest.mark.parametrize("rows", [0, 1, 4, 19, 40, 59])
def test_too_few_vix_bars_are_refused(rows):
    _, vix = in_step(100)
    with pytest.raises(DataError, match=r"are empty|no complete row; expected at least 60"):
        build_vix(vix.iloc[:rows], days_of(vix)[: max(rows, 1)])


def test_sixty_vix_bars_are_enough():
    _, vix = in_step(60)
    assert len(build_vix(vix, days_of(vix)).frame) == 1


def test_vix_dates_that_do_not_ascend_are_refused():
    prices, vix = in_step(300)
    with pytest.raises(DataError, match="VIX bars are empty or their dates are not strictly ascending"):
        build_vix(vix.iloc[::-1], days_of(prices))
    with pytest.raises(DataError, match="price bars are empty or their dates"):
        add_vix(build_a25(prices), prices.iloc[::-1], vix)


def test_a_constant_close_is_refused_and_a_constant_regime_is_not():
    prices, vix = in_step(900)
    calm = vix.assign(Close=10.0 + closes(900) / 20)
    assert build_vix(calm, days_of(prices)).frame["vix_regime"].nunique() == 1
    vix.loc[300 : 300 + MAX_CONSTANT_ROWS - 1, "Close"] = 17.0
    with pytest.raises(DataError, match=rf"vix_close stays at 17\.0 for {MAX_CONSTANT_ROWS} rows"):
        build_vix(vix, days_of(prices))
    with pytest.raises(DataError, match=rf"vix_close stays at 17\.0 for {MAX_CONSTANT_ROWS} rows"):
        add_vix(build_a25(prices), prices, vix)


# --- joined to the a25 table -----------------------------------------------------------------------


def test_the_joined_table_has_the_a25_rows_and_the_vix_features_of_the_same_day():
    prices, vix = in_step(500)
    a25, alone = build_a25(prices), build_vix(vix, days_of(prices))
    joined = add_vix(a25, prices, vix)
    assert list(joined.frame.columns) == ["Date", *A25_COLUMNS, *VIX_FEATURES]
    for name in joined.frame.columns[1:]:
        assert str(joined.frame[name].dtype) == ("int64" if name == "vix_regime" else "float64")
    pd.testing.assert_frame_equal(joined.frame[["Date", *A25_COLUMNS]], a25.frame, check_exact=True)
    later = alone.frame[alone.frame["Date"] >= a25.frame["Date"].iloc[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(joined.frame[["Date", *VIX_FEATURES]], later, check_exact=True)
    assert (joined.dropped_rows, joined.last_to_start, joined.dropped_days) == (199, "sma_200", ())
    assert joined.starts == {**a25.starts, **FIRST_ROWS}


def test_changes_are_computed_after_aligning_the_vix_to_the_prices():
    prices, vix = in_step(500)
    holiday = str(days_of(prices)[300])
    open_days = without(prices, holiday)
    joined = add_vix(build_a25(open_days), open_days, vix)
    assert joined.dropped_days == (holiday,)
    found = joined.frame.set_index("Date")["vix_change_5d"]
    after = days_of(open_days)[300:305]
    close = dict(zip(days_of(vix).tolist(), vix["Close"], strict=True))
    for i, day in enumerate(after):
        five_sessions_before = days_of(open_days)[300 + i - 5]
        aligned = 100 * (close[day.item()] / close[five_sessions_before.item()] - 1)
        five_bars_before = days_of(vix)[301 + i - 5]
        unaligned = 100 * (close[day.item()] / close[five_bars_before.item()] - 1)
        assert found[pd.Timestamp(day)] == pytest.approx(aligned, abs=1e-9)
        assert abs(aligned - unaligned) > 0.1


def test_rows_of_a_shorter_table_are_the_first_rows_of_the_longer_one():
    prices, vix = in_step(420)
    holidays = [str(day) for day in days_of(prices)[[210, 305]]]
    prices = without(prices, *holidays)
    full = add_vix(build_a25(prices), prices, vix).frame
    for cut in (200, 201, 210, 211, 212, 304, 305, 400, len(prices) - 1):
        bars = prices.iloc[:cut]
        for known in (vix, vix[vix["Date"] <= bars["Date"].iloc[-1]]):
            prefix = add_vix(build_a25(bars), bars, known).frame
            assert len(prefix) == cut - 199
            for name in full.columns:
                assert bits(prefix[name].to_numpy()) == bits(full[name].to_numpy()[: len(prefix)]), name


def test_a_price_day_without_a_vix_bar_is_refused_with_at_most_five_days_named():
    prices, vix = in_step(400)
    a25 = build_a25(prices)
    days = [str(day) for day in days_of(prices)[[10, 20, 250, 251, 252, 390]]]
    with pytest.raises(DataError, match=rf"no bar on {days[0]}, {days[2]} \(2 in all\)"):
        add_vix(a25, prices, without(vix, days[0], days[2]))
    with pytest.raises(DataError, match=rf"{', '.join(days[:5])}, \.\.\. \(6 in all\)"):
        add_vix(a25, prices, without(vix, *days))


def test_a_vix_that_starts_later_or_ends_earlier_shortens_the_table():
    prices, vix = in_step(600)
    a25 = build_a25(prices)
    joined = add_vix(a25, prices, vix.iloc[250:580])
    assert joined.starts["vix_close"] == 250
    assert joined.starts["vix_percentile_60d"] == 250 + WARM_UP
    assert joined.last_to_start == "vix_percentile_60d"
    assert list(days_of(joined.frame)) == list(days_of(prices)[250 + WARM_UP : 580])
    assert joined.dropped_rows == 600 - len(joined.frame) == 250 + WARM_UP + 20
    # A VIX that begins long before the prices drops no row, and its early days are not dropped days.
    early = vix_bars(np.busday_offset("2002-01-07", np.arange(260), roll="forward"), closes(260))
    early = early[early["Date"] < vix["Date"].iloc[0]]
    longer = add_vix(a25, prices, pd.concat([early, vix], ignore_index=True))
    pd.testing.assert_frame_equal(longer.frame, add_vix(a25, prices, vix).frame, check_exact=True)
    assert len(early) > 200
    assert longer.dropped_days == ()


def test_series_that_share_no_day_are_refused():
    prices, vix = in_step(300)
    other = vix.assign(Date=vix["Date"] + np.timedelta64(7 * 500, "D"))
    with pytest.raises(DataError, match=r"prices \(2003-01-06 to .* share no day"):
        add_vix(build_a25(prices), prices, other)


def test_a_vix_that_leaves_less_than_half_of_the_rows_is_refused():
    prices, vix = in_step(400)
    a25 = build_a25(prices)
    assert len(a25.frame) == 201
    enough = 400 - WARM_UP - 101
    assert len(add_vix(a25, prices, vix.iloc[enough:]).frame) == 101
    with pytest.raises(DataError, match=r"only 100 of 201 rows of the feature table \(2003-10-10 to"):
        add_vix(a25, prices, vix.iloc[enough + 1 :])
    with pytest.raises(DataError, match="only 0 of 201 rows"):
        add_vix(a25, prices, vix.iloc[:30])


def test_an_a25_table_of_other_bars_is_refused():
    prices, vix = in_step(400)
    a25 = build_a25(prices)
    with pytest.raises(DataError, match="days without a price bar"):
        add_vix(a25, without(prices, str(days_of(prices)[300])), vix)


def test_the_inputs_are_not_changed():
    prices, vix = in_step(400)
    a25 = build_a25(prices)
    joined = add_vix(a25, prices, vix)
    own = build_vix(vix, days_of(prices))
    joined.frame.loc[:, "vix_close"] = 0.0
    joined.frame.loc[:, "Close"] = 0.0
    own.frame.loc[:, "vix_close"] = 0.0
    same_prices, same_vix = in_step(400)
    pd.testing.assert_frame_equal(prices, same_prices, check_exact=True)
    pd.testing.assert_frame_equal(vix, same_vix, check_exact=True)
    pd.testing.assert_frame_equal(a25.frame, build_a25(same_prices).frame, check_exact=True)


@pytest.mark.parametrize(("short", "refused"), [(0, False), (5, False), (6, True)])
def test_a_vix_that_ends_before_the_prices_is_refused(short, refused):
    prices = random_bars(400)
    days = days_of(prices)[: 400 - short]
    combined = add_vix(build_a25(prices), prices, vix_bars(days, closes(len(days))))
    if refused:
        with pytest.raises(DataError, match=f"the VIX ends on {days[-1]}, {short} bars before the prices"):
            refuse_early_end(combined, prices)
    else:
        refuse_early_end(combined, prices)
