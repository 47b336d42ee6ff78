"""The a25 table: the 5 columns of daily bars (OHLCV) and 20 indicators computed by TA-Lib.

The a21 table is the same without the columns that need volume.

Definitions are TA-Lib's (https://ta-lib.org/functions/), without an unstable period. A value uses only its
own and earlier days: the features of the first rows of the bars are bit-identical to the first rows of the
features.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.data.tables import DATE_DTYPE
from simmer.features.columns import INDICATORS, OHLCV, VOLUME_FEATURES, own_columns
from simmer.features.trailing import trailing_sum

# A year of sessions: no feature of a real market keeps its value for so long.
MAX_CONSTANT_ROWS = 250
# Bars before the first row of the table: the longest moving average needs 200.
WARM_UP_BARS = 199


@dataclass(frozen=True)
class FeatureTable:
    """A feature table without the rows of its warm-up.

    Attributes:
        frame: Date (datetime64[us]) and the feature columns (float64), no missing value.
        dropped_rows: rows of the bars that are not in the frame.
        last_to_start: the column with the longest warm-up.
        starts: by column, the first row of the bars (from 0) with a value.
    """

    frame: pd.DataFrame
    dropped_rows: int
    last_to_start: str
    starts: Mapping[str, int]


def build_a25(bars: pd.DataFrame, *, volume: bool = True) -> FeatureTable:
    """Compute the indicators of daily bars and drop the rows of their warm-up.

    Args:
        bars: `simmer.data.bars_csv.COLUMNS`, ascending dates, validated; n rows normally give n - 199.
        volume: False to leave out the features of volume, which then may be 0.

    Returns:
        Date and the columns of `own_columns`; the dropped rows are the first of the bars.

    Raises:
        DataError: when a price or volume is not finite, the bars are too few, or a feature has a gap or
            stays constant for `MAX_CONSTANT_ROWS` rows.
    """
    dates = bars["Date"].to_numpy().astype(DATE_DTYPE)
    # Copies, because the table must not share memory with the bars.
    raw = {name: np.array(bars[name], dtype=np.float64) for name in OHLCV}
    _require_usable_bars(dates, raw)
    names = own_columns(volume=volume)
    features = {**raw, **compute_indicators(dates, raw, volume=volume)}
    starts = {name: first_finite(features[name]) for name in names}
    last_to_start = max(starts, key=lambda name: starts[name])
    first = starts[last_to_start]
    if first == len(bars):
        raise DataError(
            f"{len(bars)} bars give no complete row: {last_to_start} never has a value; expected at least "
            f"{WARM_UP_BARS + 1} bars{' with volume' * volume}: use a longer series"
        )
    columns = {"Date": dates[first:], **{name: features[name][first:] for name in names}}
    frame = pd.DataFrame(columns, copy=False)  # a copy would double the memory of a long series
    require_sound_features(frame, names)
    return FeatureTable(frame, first, last_to_start, starts)


def compute_indicators(
    dates: np.ndarray, raw: dict[str, np.ndarray], *, volume: bool = True
) -> dict[str, np.ndarray]:
    """Return the indicators in the order of `INDICATORS`, each [rows] float64, NaN in its warm-up.

    Args:
        dates: [rows] datetime64, ascending.
        raw: `OHLCV` by name, each [rows] float64 and finite.
        volume: False to leave out the indicators of volume.
    """
    import talib

    high, low, close, traded = (raw[name] for name in ("High", "Low", "Close", "Volume"))
    weekly_close, completed = _completed_weeks(dates, close)
    values = {
        **{f"dema_{n}": talib.DEMA(close, timeperiod=n) for n in (9, 10, 20, 25, 90)},
        **{f"sma_{n}": talib.SMA(close, timeperiod=n) for n in (12, 50, 100, 200)},
        "rsi_daily": talib.RSI(close, timeperiod=14),
        "rsi_weekly": _carry(talib.RSI(weekly_close, timeperiod=14), completed),
        "stochrsi_daily": _stochrsi(close),
        "stochrsi_weekly": _carry(_stochrsi(weekly_close), completed),
        "macd_line": talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)[0],
        "obv": talib.OBV(close, traded),
        "adosc": talib.ADOSC(high, low, close, traded, fastperiod=3, slowperiod=10),
        "atr_14": talib.ATR(high, low, close, timeperiod=14),
        "adx_14": talib.ADX(high, low, close, timeperiod=14),
        "bb_percent_b": _percent_b(close),
        "vwap_20": _vwap(close, traded),
    }
    return {name: values[name] for name in INDICATORS if volume or name not in VOLUME_FEATURES}


def _completed_weeks(dates: np.ndarray, close: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last close of each week with a session, and for each day the number of earlier weeks.

    Weeks run from Monday to Sunday. A week's value is known from the first session after it, which after a
    holiday is not a Monday.
    """
    days = dates.astype("datetime64[D]").astype(np.int64)
    monday = days - (days + 3) % 7  # day 0 of the epoch, 1970-01-01, was a Thursday
    starts_week = np.concatenate([[True], np.diff(monday) > 0])
    last_of_week = np.concatenate([np.flatnonzero(starts_week)[1:] - 1, [len(days) - 1]])
    return close[last_of_week], np.cumsum(starts_week) - 1


def _carry(weekly: np.ndarray, completed: np.ndarray) -> np.ndarray:
    # A day after k completed weeks has the value of the k-th week; days of the first week have none.
    return np.concatenate([[np.nan], weekly])[completed]


def _stochrsi(close: np.ndarray) -> np.ndarray:
    import talib

    # The first output, fastk, is not smoothed.
    return talib.STOCHRSI(
        close, timeperiod=14, fastk_period=5, fastd_period=3, fastd_matype=talib.MA_Type.SMA
    )[0]


def _percent_b(close: np.ndarray) -> np.ndarray:
    import talib

    upper, _, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2, matype=talib.MA_Type.SMA)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (close - lower) / (upper - lower)


def _vwap(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return trailing_sum(close * volume, 20) / trailing_sum(volume, 20)


def _require_usable_bars(dates: np.ndarray, raw: Mapping[str, np.ndarray]) -> None:
    # After one missing price TA-Lib's RSI stays 0 and its ADX constant, which no later check finds.
    if len(dates) == 0 or np.isnat(dates).any() or (np.diff(dates) <= np.timedelta64(0)).any():
        raise DataError("bars are empty or their dates are not strictly ascending; validate them first")
    for name, values in raw.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise DataError(
                f"{name} of {_day(dates[bad[0]])} is {values[bad[0]]} ({bad.size} such values); "
                "expected finite numbers: correct or remove those bars"
            )


def require_sound_features(
    frame: pd.DataFrame, columns: Iterable[str], *, may_stay: frozenset[str] = frozenset()
) -> None:
    """Raise `DataError` if a feature has a missing value or stays constant for `MAX_CONSTANT_ROWS` rows.

    Args:
        frame: Date and the columns, without the rows of the warm-up.
        columns: the features to check.
        may_stay: features that may stay constant for any time.
    """
    dates = frame["Date"].to_numpy()
    for name in columns:
        values = frame[name].to_numpy()
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise DataError(
                f"{name} has no value on {_day(dates[bad[0]])} ({bad.size} rows after its start), as "
                "happens without volume or price changes; correct those bars or use later ones only"
            )
        if name in may_stay:
            continue
        run_starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])
        longest = int(np.argmax(np.diff(run_starts)))
        rows = int(run_starts[longest + 1] - run_starts[longest])
        if rows >= MAX_CONSTANT_ROWS:
            raise DataError(
                f"{name} stays at {values[run_starts[longest]]} for {rows} rows from "
                f"{_day(dates[run_starts[longest]])}; "
                f"expected fewer than {MAX_CONSTANT_ROWS}: check the bars of these days"
            )


def first_finite(values: np.ndarray) -> int:
    """Return the first row with a finite value, or the number of rows if there is none."""
    finite = np.isfinite(values)
    return int(np.argmax(finite)) if finite.any() else len(values)


def _day(date: np.datetime64) -> str:
    return str(date.astype("datetime64[D]"))
