"""Measures of volatility: sizes of returns and ranges, of a day and averaged over spans of days.

All but the return of the day are logarithms, because volatility is nearly log-normal (Andersen, Bollerslev,
Diebold and Ebens, "The distribution of realized stock return volatility", Journal of Financial Economics 61
(2001) 43-76); without them a few extreme weeks would dominate a linear model. A value uses only its own and
earlier days, which are added in an order that does not depend on the rows around them: the measures of the
first rows of the bars are bit-identical to the first rows of the measures.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.features.columns import VOLATILITY_FEATURES
from simmer.features.indicators import FeatureTable, first_finite, require_sound_features

# A week, a month and a quarter of sessions.
SPANS_DAYS = (5, 20, 60)
# One hundredth of a basis point, so that the logarithm exists for prices that do not move.
MIN_VOLATILITY = 1e-6


def volatility_measures(
    *,
    close: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    rows: np.ndarray,
    return_spans_days: Sequence[int],
    range_spans_days: Sequence[int],
) -> np.ndarray:
    """Return [n, 2 + spans] float64: absolute return of the day, then logarithms of ranges and volatilities.

    Columns: the absolute log return and the log range of the day, then per span of returns the volatility
    (root mean square of daily close-to-close log returns), then per span of ranges the mean range,
    log(high / low). NaN where a span begins before the first row, or before the second one, which has the
    first return.

    Args:
        close, high, low: raw prices, [rows] float64, positive.
        rows: [n], the last day of each span.
        return_spans_days, range_spans_days: lengths of the spans.
    """
    returns = np.concatenate([[np.nan], np.log(close[1:] / close[:-1])])
    squares, ranges = np.square(returns), np.log(high / low)
    sizes = [ranges[rows]]
    sizes += [np.sqrt(_trailing_mean(squares, rows, days)) for days in return_spans_days]
    sizes += [_trailing_mean(ranges, rows, days) for days in range_spans_days]
    logarithms = np.log(np.maximum(np.column_stack(sizes), MIN_VOLATILITY))
    return np.column_stack([np.abs(returns[rows]), logarithms])


def compute_volatility(close: np.ndarray, high: np.ndarray, low: np.ndarray) -> dict[str, np.ndarray]:
    """Return the eight columns in the order of `VOLATILITY_FEATURES`, each [rows], NaN in its warm-up.

    Args:
        close, high, low: raw prices, [rows] float64, positive.
    """
    values = volatility_measures(
        close=close,
        high=high,
        low=low,
        rows=np.arange(len(close)),
        return_spans_days=SPANS_DAYS,
        range_spans_days=SPANS_DAYS,
    )
    # In the precision of the model's inputs: the last bits of a logarithm differ between processors, and the
    # same bars must give the same table.
    values = values.astype(np.float32).astype(np.float64)
    return dict(zip(VOLATILITY_FEATURES, values.T, strict=True))


def add_volatility(a25: FeatureTable, bars: pd.DataFrame) -> FeatureTable:
    """Add the eight columns to an a25 or a21 table; all its rows stay, because its own warm-up is longer.

    Args:
        a25: the table made of `bars`.
        bars: bars of the ticker, ascending, validated.

    Raises:
        DataError: when the table is of other bars, or a column has no value or stays constant for
            `MAX_CONSTANT_ROWS` rows.
    """
    if len(bars) != a25.dropped_rows + len(a25.frame):
        raise DataError(
            f"the a25 table has {len(a25.frame)} rows after a warm-up of {a25.dropped_rows}, the bars "
            f"{len(bars)}; expected the table of these bars: build it again"
        )
    prices = (bars[name].to_numpy(dtype=np.float64) for name in ("Close", "High", "Low"))
    features = compute_volatility(*prices)
    frame = a25.frame.assign(**{name: values[a25.dropped_rows :] for name, values in features.items()})
    require_sound_features(frame, VOLATILITY_FEATURES)
    starts = {name: first_finite(values) for name, values in features.items()}
    return replace(a25, frame=frame, starts={**a25.starts, **starts})


def _trailing_mean(values: np.ndarray, rows: np.ndarray, days: int) -> np.ndarray:
    # Days last and contiguous: each span is summed separately and in one order, whatever rows follow it.
    padded = np.concatenate([np.full(days - 1, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, days)
    return np.ascontiguousarray(windows[rows]).mean(axis=-1)
