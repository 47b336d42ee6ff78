"""Adjust prices for dividends, so that returns include them.

Proportional back-adjustment, the method of the Center for Research in Security Prices (CRSP): on the
ex-dividend day t of a dividend D_t, every price before t is multiplied by 1 - D_t / Close_{t-1}. The newest
prices stay as traded, and an adjusted return over t is Close_t / (Close_{t-1} - D_t) - 1. The vendor's own
adjusted prices change when it revises its data; computed here from a snapshot, they are reproducible.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.data.bars_csv import COLUMNS, PRICES
from simmer.data.vendor import VENDOR_COLUMNS, days_of, require_vendor_frame


@dataclass(frozen=True)
class AdjustmentCheck:
    """Largest difference between our adjusted Close and the vendor's.

    Attributes:
        largest_relative_difference: |vendor's / ours - 1|, without any factor common to all rows.
        date: the first day with this difference.
    """

    largest_relative_difference: float
    date: date

    def __str__(self) -> str:
        return (
            f"our adjusted Close and the vendor's differ by up to {self.largest_relative_difference:.2g} "
            f"(relative), the most on {self.date}"
        )


def adjust_for_dividends(frame: pd.DataFrame) -> pd.DataFrame:
    """Return bars whose four prices are adjusted for dividends; the vendor already adjusted them for splits.

    All prices of a row are multiplied by the same factor, so High stays the highest and Low the lowest.

    Args:
        frame: `VENDOR_COLUMNS`; a dividend is in the row of its ex-dividend day.

    Returns:
        `COLUMNS`, dtypes of `parse_bars`, as many rows as `frame`.

    Raises:
        DataError: when the frame has other columns, or a dividend is negative, in the first row, or not below
            the Close before it.
    """
    bars = unadjusted(frame)
    factors = _factors(frame)
    for name in PRICES:
        bars[name] = bars[name].to_numpy() * factors
    return bars


def bars_of(frame: pd.DataFrame, adjustment: str) -> tuple[pd.DataFrame, bool]:
    """Return the bars (`COLUMNS`) of a table, and whether they were adjusted for dividends here.

    Args:
        frame: `COLUMNS`, or `VENDOR_COLUMNS`, which hold dividends.
        adjustment: `data.adjustment`.

    Raises:
        DataError: as `adjust_for_dividends`.
    """
    if tuple(frame.columns) != VENDOR_COLUMNS:
        return frame, False
    if adjustment == "dividends" and bool(frame["Dividends"].any()):
        return adjust_for_dividends(frame), True
    return unadjusted(frame), False


def unadjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the bars (`COLUMNS`, dtypes of `parse_bars`) of a frame of `VENDOR_COLUMNS`, prices unchanged.

    Raises:
        DataError: when the frame has other columns.
    """
    require_vendor_frame(frame, what="the vendor's table")
    return frame[list(COLUMNS)].reset_index(drop=True)


def compare_with_vendor(frame: pd.DataFrame) -> AdjustmentCheck:
    """Compare our adjusted Close with the vendor's, from a frame of `VENDOR_COLUMNS`.

    Raises:
        DataError: as `adjust_for_dividends`.
    """
    ours = adjust_for_dividends(frame)["Close"].to_numpy()
    ratio = frame["Adj Close"].to_numpy() / ours
    # A dividend after the last row is a factor in all of the vendor's prices and in none of ours.
    differences = np.abs(ratio / ratio[-1] - 1)
    row = int(differences.argmax())
    return AdjustmentCheck(float(differences[row]), frame["Date"].iloc[row].date())


def _factors(frame: pd.DataFrame) -> np.ndarray:
    close, dividends = frame["Close"].to_numpy(), frame["Dividends"].to_numpy()
    _refuse(frame, dividends < 0, "is negative", "0 or more")
    first = np.arange(len(frame)) == 0
    _refuse(frame, first & (dividends > 0), "stands in the first row", "a Close on the day before it")
    before = np.append(np.inf, close[:-1])
    _refuse(frame, dividends >= before, "is not below the Close of the day before", "a part of the price")
    # A dividend changes the rows before its own: the factor of a row is a product over later days.
    own = np.append(1 - dividends[1:] / before[1:], 1.0)
    return np.cumprod(own[::-1])[::-1]


def _refuse(frame: pd.DataFrame, broken: np.ndarray, found: str, expected: str) -> None:
    if broken.any():
        raise DataError(
            f"the vendor's table has a dividend that {found} on {days_of(frame, broken)}; expected "
            f"{expected}. Fetch again later, or use the source csv with a file of your own"
        )
