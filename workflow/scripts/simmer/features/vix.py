"""The eight VIX features, as a table of their own or joined to the table of a ticker (the tables c and c41).

A value uses only its own and earlier days: the features of the first rows of the bars are bit-identical to
the first rows of the features. The VIX has bars on days on which the exchange is closed. They are removed
first, so that a change over five rows is a change over five sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.data.tables import DATE_DTYPE
from simmer.features.columns import VIX_FEATURES
from simmer.features.indicators import FeatureTable, first_finite, require_sound_features
from simmer.features.trailing import trailing_sum

REGIME_BORDERS = (15.0, 25.0)
PERCENTILE_DAYS = 60
ZSCORE_DAYS = 20

# If a smaller share of the ticker's rows remains, the two series do not fit together.
MIN_SURVIVING_SHARE = 0.5
# Longer than any closure of the exchange since the VIX exists; in September 2001 it was six days.
MAX_DAYS_OUTSIDE_SESSIONS = np.timedelta64(7, "D")
MAX_NAMED_DAYS = 5


@dataclass(frozen=True)
class VixTable(FeatureTable):
    """Table with VIX features; rows are counted in the VIX bars (`build_vix`) or price bars (`add_vix`).

    The column `vix_regime` is int64.

    Attributes:
        dropped_days: ISO dates of VIX bars within the counted rows that were removed, because the day has no
            session or no price bar.
    """

    dropped_days: tuple[str, ...]


def compute_vix_features(close: np.ndarray) -> dict[str, np.ndarray]:
    """Return the eight features in the order of `VIX_FEATURES`, each [rows], NaN in its warm-up.

    The z-score is 0 if all closes of its window are equal. The percentile counts closes strictly below
    today's.

    Args:
        close: [rows] float64, points, one row per session.

    Returns:
        float64 arrays, changes and percentile in percent; `vix_regime` is int64 (0 below 15, 1 from 15 to
        below 25, 2 from 25 on).

    Raises:
        DataError: when a close is missing, infinite or not above 0.
    """
    _require_positive(close)
    values = {
        "vix_close": close,
        "vix_sma_10": trailing_sum(close, 10) / 10,
        "vix_sma_20": trailing_sum(close, 20) / 20,
        "vix_percentile_60d": _percentile(close),
        "vix_zscore_20d": _zscore(close),
        "vix_regime": np.digitize(close, REGIME_BORDERS).astype(np.int64),
        "vix_change_1d": _change(close, 1),
        "vix_change_5d": _change(close, 5),
    }
    return {name: values[name] for name in VIX_FEATURES}


def build_vix(bars: pd.DataFrame, sessions: np.ndarray) -> VixTable:
    """Compute the features on the VIX bars of exchange sessions and drop the rows of their warm-up.

    Args:
        bars: VIX bars with Date and Close, ascending, validated; n sessions give n - 59 rows.
        sessions: [n] datetime64, the days on which the exchange was open; they must span the bars.

    Raises:
        DataError: when a close is unusable, the sessions do not span the bars, a session has no bar, the
            bars are too few, or a feature stays constant for `MAX_CONSTANT_ROWS` rows.
    """
    days, close = _days_and_closes(bars)
    sessions = np.unique(np.asarray(sessions, dtype="datetime64[D]"))
    margin = MAX_DAYS_OUTSIDE_SESSIONS
    if len(sessions) == 0 or sessions[0] - days[0] > margin or days[-1] - sessions[-1] > margin:
        raise DataError(
            f"the VIX bars are from {days[0]} to {days[-1]}, the sessions {_range(sessions)}; expected "
            "sessions that span the bars: use a calendar that covers these days"
        )
    wanted = sessions[(sessions >= days[0]) & (sessions <= days[-1])]
    _require_bar_on_each(wanted, days)
    features = compute_vix_features(close[np.isin(days, wanted)])
    starts = _starts(features)
    last_to_start = max(starts, key=lambda name: starts[name])
    first = starts[last_to_start]
    if first == len(wanted):
        raise DataError(
            f"{len(wanted)} VIX bars on sessions give no complete row; expected at least {PERCENTILE_DAYS}, "
            f"which {last_to_start} needs: use a longer series"
        )
    frame = _frame(wanted[first:], {name: values[first:] for name, values in features.items()})
    return VixTable(frame, first, last_to_start, starts, _iso(np.setdiff1d(days, wanted)))


def add_vix(own: FeatureTable, price_bars: pd.DataFrame, vix_bars: pd.DataFrame) -> VixTable:
    """Join the VIX features, computed on the days with a price bar, to the table of a ticker.

    Rows in the warm-up of the VIX features and after the last VIX bar are dropped.

    Args:
        own: the table made of `price_bars`, a25 or a33.
        price_bars: bars of the ticker, ascending, validated.
        vix_bars: VIX bars with Date and Close, ascending, validated.

    Returns:
        Date, the columns of `own` and `VIX_FEATURES`.

    Raises:
        DataError: when a close is unusable, the two series share no day, a price day within the VIX's range
            has no VIX bar, the table is of other bars, fewer than half of its rows remain, or a feature
            stays constant for `MAX_CONSTANT_ROWS` rows.
    """
    vix_days, vix_close = _days_and_closes(vix_bars)
    price_days = _days(price_bars, "the price bars")
    inside = (price_days >= vix_days[0]) & (price_days <= vix_days[-1])
    shared = price_days[inside]
    if len(shared) == 0:
        raise DataError(
            f"prices {_range(price_days)} and the VIX {_range(vix_days)} share no day; use series of the "
            "same years, or switch the VIX features off"
        )
    _require_bar_on_each(shared, vix_days)
    # Aligned first: a change over the VIX's own days would include days without a price bar.
    features = compute_vix_features(vix_close[np.isin(vix_days, shared)])
    before = int(np.argmax(inside))
    starts = {**own.starts, **{name: before + start for name, start in _starts(features).items()}}
    last_to_start = max(starts, key=lambda name: starts[name])

    own_days = _days(own.frame, "the rows of the feature table")
    if not np.isin(own_days, price_days).all():
        raise DataError(
            f"the feature table {_range(own_days)} has days without a price bar {_range(price_days)}; "
            "expected the table of these bars: build it again"
        )
    ready = price_days[starts[last_to_start] :]
    kept = np.intersect1d(own_days, ready[ready <= vix_days[-1]])
    if len(kept) < MIN_SURVIVING_SHARE * len(own_days):
        raise DataError(
            f"only {len(kept)} of {len(own_days)} rows of the feature table {_range(own_days)} have VIX "
            f"features (VIX bars {_range(vix_days)}, the first {PERCENTILE_DAYS - 1} of them warm-up); "
            "expected at least half: use a longer VIX series, or switch the VIX features off"
        )
    rows, vix_rows = np.isin(own_days, kept), np.isin(shared, kept)
    columns = {name: own.frame[name].to_numpy()[rows] for name in own.frame.columns[1:]}
    frame = _frame(kept, columns | {name: values[vix_rows] for name, values in features.items()})
    within = (vix_days >= price_days[0]) & (vix_days <= price_days[-1])
    left_out = np.setdiff1d(vix_days[within], price_days)
    return VixTable(frame, len(price_days) - len(kept), last_to_start, starts, _iso(left_out))


def refuse_early_end(combined: VixTable, price_bars: pd.DataFrame) -> None:
    """Raise `DataError` if a combined table lacks more than `MAX_NAMED_DAYS` of the newest price days."""
    prices, rows = _days(price_bars, "the price bars"), _days(combined.frame, "the combined table")
    lost = int((prices > rows[-1]).sum())
    if lost > MAX_NAMED_DAYS:
        raise DataError(
            f"the VIX ends on {rows[-1]}, {lost} bars before the prices ({prices[-1]}); expected both to end "
            "together: use newer VIX bars, or older prices"
        )


def _percentile(close: np.ndarray) -> np.ndarray:
    before = PERCENTILE_DAYS - 1
    share = np.full(len(close), np.nan)
    if len(close) > before:
        today = close[before:]
        below = np.zeros(len(today))
        for lag in range(1, PERCENTILE_DAYS):
            below += close[before - lag : len(close) - lag] < today
        share[before:] = 100 * below / before
    return share


def _zscore(close: np.ndarray) -> np.ndarray:
    before = ZSCORE_DAYS - 1
    scores = np.full(len(close), np.nan)
    if len(close) > before:
        # Differences from today's close, which are exactly 0 for equal closes; differences from their rounded
        # mean may not be.
        today = close[before:]
        distances = [close[before - lag : len(close) - lag] - today for lag in range(ZSCORE_DAYS)]
        # Python's sum adds in the same order for each row.
        mean = sum(distances) / ZSCORE_DAYS
        sd = np.sqrt(sum((distance - mean) ** 2 for distance in distances) / before)
        scores[before:] = np.divide(-mean, sd, out=np.zeros(len(today)), where=sd > 0)
    return scores


def _change(close: np.ndarray, days: int) -> np.ndarray:
    change = np.full(len(close), np.nan)
    change[days:] = 100 * (close[days:] / close[: max(len(close) - days, 0)] - 1)
    return change


def _starts(features: Mapping[str, np.ndarray]) -> dict[str, int]:
    return {name: first_finite(values) for name, values in features.items()}


def _frame(days: np.ndarray, columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    frame = pd.DataFrame({"Date": days.astype(DATE_DTYPE), **columns})
    # A regime may last for years.
    require_sound_features(frame, VIX_FEATURES, may_stay=frozenset({"vix_regime"}))
    return frame


def _days_and_closes(vix_bars: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    days, close = _days(vix_bars, "the VIX bars"), vix_bars["Close"].to_numpy(dtype=np.float64)
    _require_positive(close, days)
    return days, close


def _days(frame: pd.DataFrame, what: str) -> np.ndarray:
    days = frame["Date"].to_numpy().astype("datetime64[D]")
    if len(days) == 0 or np.isnat(days).any() or (np.diff(days) <= np.timedelta64(0)).any():
        raise DataError(f"{what} are empty or their dates are not strictly ascending; validate them first")
    return days


def _require_positive(close: np.ndarray, days: np.ndarray | None = None) -> None:
    bad = np.flatnonzero(~(np.isfinite(close) & (close > 0)))
    if bad.size:
        where = f"row {bad[0]}" if days is None else days[bad[0]]
        raise DataError(
            f"the VIX close of {where} is {close[bad[0]]} ({bad.size} such values); expected finite numbers "
            "above 0: correct or remove those bars"
        )


def _require_bar_on_each(wanted: np.ndarray, vix_days: np.ndarray) -> None:
    missing = np.setdiff1d(wanted, vix_days)
    if missing.size:
        named = ", ".join(_iso(missing[:MAX_NAMED_DAYS])) + (", ..." if missing.size > MAX_NAMED_DAYS else "")
        raise DataError(
            f"the VIX has no bar on {named} ({missing.size} in all); expected one on each session of its "
            "range, because windows of rows must be windows of sessions: add the missing VIX bars"
        )


def _iso(days: np.ndarray) -> tuple[str, ...]:
    return tuple(map(str, days))


def _range(days: np.ndarray) -> str:
    return f"({days[0]} to {days[-1]})" if len(days) else "(none)"
