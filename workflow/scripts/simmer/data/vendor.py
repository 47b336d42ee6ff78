"""Layout of a vendor's table: prices as traded, the vendor's adjusted Close, dividends and splits.

The vendor adjusts prices and dividends for splits only. The adjustment for dividends is computed in
`simmer.data.adjustment`, so that it is reproducible.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.text import quote
from simmer.data.bars_csv import COLUMNS, dtypes_of

VENDOR_COLUMNS = (
    "Date",
    "Open",
    "High",
    "Low",
    "Close",
    "Adj Close",
    "Volume",
    "Dividends",
    "Stock Splits",
)
VENDOR_DTYPES = dtypes_of(VENDOR_COLUMNS)
MAX_SHOWN_DAYS = 10


def columns_of_entry(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a CSV table from its manifest entry: `VENDOR_COLUMNS` or `COLUMNS`."""
    schema = entry.get("schema")
    fields = schema.get("fields") if isinstance(schema, Mapping) else None
    named = isinstance(fields, list) and all(isinstance(field, Mapping) for field in fields)
    names = [field.get("name") for field in fields] if named else []
    return VENDOR_COLUMNS if names == [*VENDOR_COLUMNS] else COLUMNS


def require_vendor_frame(frame: pd.DataFrame, *, what: str) -> None:
    """Raise `DataError` unless a frame has `VENDOR_DTYPES`, ascending dates, finite values, closes over 0."""
    found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    if list(found.items()) != list(VENDOR_DTYPES.items()):
        raise DataError(
            f"{what} has the columns {quote(', '.join(f'{name} {dtype}' for name, dtype in found.items()))}; "
            f"expected {', '.join(f'{name} {dtype}' for name, dtype in VENDOR_DTYPES.items())}"
        )
    if frame.empty:
        raise DataError(f"{what} has no rows; expected one bar a day")
    dates = frame["Date"]
    if dates.isna().any():
        raise DataError(f"{what} has a row without a date; expected one bar a day")
    unordered = np.append(False, np.diff(dates.to_numpy()) <= np.timedelta64(0))
    if unordered.any():
        raise DataError(
            f"{what} has dates that are not after the one before: {days_of(frame, unordered)}; expected "
            "ascending dates, each once"
        )
    for name in VENDOR_COLUMNS[1:]:
        broken = ~np.isfinite(frame[name].to_numpy())
        if broken.any():
            raise DataError(
                f"{what} has no finite {name} on {days_of(frame, broken)}; expected a number in every row. "
                "No row is dropped or filled: fetch again later, or use the source csv with your own file"
            )
    for name in ("Close", "Adj Close"):
        broken = frame[name].to_numpy() <= 0
        if broken.any():
            raise DataError(f"{what} has a {name} of 0 or less on {days_of(frame, broken)}; expected a price")


def days_of(frame: pd.DataFrame, chosen: np.ndarray) -> str:
    """Return the dates of the rows where `chosen` (bool, one per row) is true, as text, at most ten."""
    days = [f"{day:%Y-%m-%d}" for day in frame["Date"][chosen]]
    more = len(days) - MAX_SHOWN_DAYS
    return ", ".join(days[:MAX_SHOWN_DAYS]) + (f" and {more} more days" if more > 0 else "")
