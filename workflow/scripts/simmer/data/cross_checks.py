"""Compare bars of several tickers, to find a series under two names or the file of another ticker."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from simmer.data.problems import Problem

# Indices and funds of the US stock market. On real bars from 1985 (VIX: 1990) to 2024 the lowest correlation
# of daily returns in a year was 0.497 (QQQ with DJI, 2000), the highest of the VIX -0.44 (with DJI, 1993).
_ONE_MARKET = ("SPY", "DIA", "QQQ", "DJI", "IXIC", "GSPC")
_FEAR = "VIX"
MIN_CORRELATION = 0.4
MAX_FEAR_CORRELATION = -0.1
MIN_COMMON_DAYS = 100
SAME_RETURN = 1e-9


def check_across(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Compare the returns of each pair of tickers between their common days.

    Args:
        tables: bars by ticker; a table whose dates do not ascend is skipped, as `check_bars` reports it.
    """
    closes = {name: _closes(frame) for name, frame in sorted(tables.items()) if _is_ascending(frame)}
    if len(closes) < 2:
        return []
    on_all_days = pd.concat(closes, axis=1).to_numpy().T
    return [
        Problem(f"{a}.csv, {b}.csv", None, rule, message)
        for (a, left), (b, right) in combinations(zip(closes, on_all_days, strict=True), 2)
        if {a, b} <= {*_ONE_MARKET, _FEAR} or _may_be_the_same(left, right)
        for rule, message in _pair_findings(a, b, closes[a], closes[b])
    ]


def _may_be_the_same(left: np.ndarray, right: np.ndarray) -> bool:
    """Return False if the last returns of two series differ, as of nearly all pairs of 500 tickers."""
    common = np.flatnonzero(np.isfinite(left) & np.isfinite(right))
    if len(common) <= MIN_COMMON_DAYS:
        return False
    before, last = common[-2:]
    with np.errstate(all="ignore"):
        difference = left[last] / left[before] - right[last] / right[before]
    return not abs(difference) >= SAME_RETURN  # an infinite return decides nothing


def _pair_findings(a: str, b: str, left: pd.Series, right: pd.Series) -> Iterator[tuple[str, str]]:
    # Returns of common days only: between sessions of two exchanges lie different days.
    common = pd.concat([left, right], axis=1, join="inner", keys=["a", "b"])
    both = common.pct_change(fill_method=None)
    both = both[np.isfinite(both).all(axis=1)]
    if len(both) < MIN_COMMON_DAYS:
        return
    if (both["a"] - both["b"]).abs().max() < SAME_RETURN:
        yield (
            "same_series",
            f"{a} and {b} move alike on all {len(both)} common days; expected two different tickers: replace "
            "the file that holds the other ticker's bars",
        )
        return
    known, fear = {a, b} <= {*_ONE_MARKET, _FEAR}, _FEAR in (a, b)
    for year, days in both.groupby(both.index.year) if known else ():
        if len(days) < MIN_COMMON_DAYS or (days.std() == 0).any():
            continue
        found = float(days["a"].corr(days["b"]))
        if found > MAX_FEAR_CORRELATION if fear else found < MIN_CORRELATION:
            expected = f"below {MAX_FEAR_CORRELATION}" if fear else f"above {MIN_CORRELATION}"
            yield (
                "correlation",
                f"the daily returns of {a} and {b} correlate by {found:.2f} in {year}; expected {expected}: "
                "check that each file holds the ticker in its name",
            )


def _closes(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(frame["Close"].to_numpy(), index=pd.DatetimeIndex(frame["Date"]))


def _is_ascending(frame: pd.DataFrame) -> bool:
    return bool(frame["Date"].is_monotonic_increasing and frame["Date"].is_unique)
