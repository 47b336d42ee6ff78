"""The data dictionary: what each column of a feature table means, and what it holds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from types import MappingProxyType

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.text import csv_text, markdown_text, quote
from simmer.data.tables import require_table_layout

SIGNIFICANT_DIGITS = 6

_PRICE = "currency or index points"
_PERCENT = "percent"
_POINTS = "points of the VIX"


@dataclass(frozen=True)
class ColumnDefinition:
    """What a column means and the unit of its values."""

    definition: str
    unit: str


@dataclass(frozen=True)
class ColumnDescription:
    """One column of one table.

    Attributes:
        column: its name.
        definition: what a value is made of.
        unit: of minimum, maximum and mean.
        first_valid_row: first row (from 0) of the bars with a value, before the warm-up was dropped.
        minimum: smallest value; of Date the first day (ISO).
        maximum: largest value; of Date the last day (ISO).
        mean: `None` for Date.
        missing: rows of the table without a finite value.
    """

    column: str
    definition: str
    unit: str
    first_valid_row: int
    minimum: float | int | str
    maximum: float | int | str
    mean: float | None
    missing: int


def _dema(days: int) -> ColumnDefinition:
    return ColumnDefinition(
        f"double EMA of Close: 2 EMA({days}) - EMA({days}) of EMA({days}); each EMA starts from the mean of "
        f"its first {days} values",
        _PRICE,
    )


def _sma(days: int) -> ColumnDefinition:
    return ColumnDefinition(f"mean of the last {days} closes", _PRICE)


_STOCHRSI = (
    "position of {0} in its range over the last 5 {1}, 0 without a range: the first output (fastk) of "
    "STOCHRSI(14, 5, 3), not smoothed, and nearly binary: about half of all values are exactly 0 or 100"
)

DEFINITIONS: Mapping[str, ColumnDefinition] = MappingProxyType(
    {
        "Date": ColumnDefinition(
            "day of the session; all values of the row are known when the session ends", "day"
        ),
        "Open": ColumnDefinition("first price of the session", _PRICE),
        "High": ColumnDefinition("highest price of the session", _PRICE),
        "Low": ColumnDefinition("lowest price of the session", _PRICE),
        "Close": ColumnDefinition("last price of the session", _PRICE),
        "Volume": ColumnDefinition("shares traded in the session", "shares"),
        "dema_9": _dema(9),
        "dema_10": _dema(10),
        "sma_12": _sma(12),
        "dema_20": _dema(20),
        "dema_25": _dema(25),
        "sma_50": _sma(50),
        "dema_90": _dema(90),
        "sma_100": _sma(100),
        "sma_200": _sma(200),
        "rsi_daily": ColumnDefinition(
            "RSI(14) of Close with Wilder's averages, which start from the mean of the first 14 changes; 0 "
            "when there was no change at all",
            "0 to 100",
        ),
        "rsi_weekly": ColumnDefinition(
            "RSI(14) of the last closes of each week, Monday to Sunday, as of the last completed week",
            "0 to 100",
        ),
        "stochrsi_daily": ColumnDefinition(_STOCHRSI.format("rsi_daily", "days"), "0 to 100"),
        "stochrsi_weekly": ColumnDefinition(
            _STOCHRSI.format("rsi_weekly", "weeks") + "; as of the last completed week", "0 to 100"
        ),
        "macd_line": ColumnDefinition(
            "EMA(12) - EMA(26) of Close, started from means that end on the 26th bar; no signal line", _PRICE
        ),
        "obv": ColumnDefinition(
            "on-balance volume: the first day's volume, then plus the volume of each day that closed higher "
            "and minus that of each day that closed lower; its level depends on where the bars start",
            "shares",
        ),
        "adosc": ColumnDefinition(
            "Chaikin oscillator: EMA(3) - EMA(10) of the accumulation/distribution line, whose daily step is "
            "Volume ((Close - Low) - (High - Close)) / (High - Low), 0 when High equals Low",
            "shares",
        ),
        "atr_14": ColumnDefinition("average true range, Wilder's average over 14 days", _PRICE),
        "adx_14": ColumnDefinition("average directional index, Wilder's sums over 14 days", "0 to 100"),
        "bb_percent_b": ColumnDefinition(
            "(Close - lower) / (upper - lower) of Bollinger bands: the mean of 20 closes, minus and plus 2 "
            "standard deviations (divisor 20)",
            "1 (0 at the lower band, 1 at the upper)",
        ),
        "vwap_20": ColumnDefinition(
            "sum of Close times Volume over the sum of Volume, last 20 days; Close, not the typical price",
            _PRICE,
        ),
        "vix_close": ColumnDefinition("close of the VIX", _POINTS),
        "vix_sma_10": ColumnDefinition("mean of the last 10 VIX closes", _POINTS),
        "vix_sma_20": ColumnDefinition("mean of the last 20 VIX closes", _POINTS),
        "vix_percentile_60d": ColumnDefinition(
            "share of the 59 VIX closes before today's that are strictly below it", _PERCENT
        ),
        "vix_zscore_20d": ColumnDefinition(
            "today's VIX close less the mean of the last 20, today's among them, over their sample standard "
            "deviation (divisor 19); 0 when that is 0",
            "standard deviations",
        ),
        "vix_regime": ColumnDefinition(
            "0 when the VIX closes below 15, 1 from 15 to below 25, 2 from 25 on", "class"
        ),
        "vix_change_1d": ColumnDefinition("change of the VIX close over 1 session", _PERCENT),
        "vix_change_5d": ColumnDefinition("change of the VIX close over 5 sessions", _PERCENT),
    }
)


def describe_columns(frame: pd.DataFrame, *, first_valid_rows: Mapping[str, int]) -> list[ColumnDescription]:
    """Describe each column of a feature table, in the order of the table.

    Args:
        frame: Date (datetime64[us]) and float64 or int64 columns, at least one row, no missing value.
        first_valid_rows: the `starts` of the table; Date needs none, for it is there from row 0.

    Raises:
        DataError: when the table is empty or has another layout, or a column has no definition, no first
            valid row, or rows without a finite value.
    """
    require_table_layout(frame, what="the feature table")
    if frame.empty:
        raise DataError("the feature table has no rows; expected at least one to describe: build it again")
    starts = {"Date": 0, **first_valid_rows}
    return [_describe(str(name), frame[name].to_numpy(), starts) for name in frame.columns]


def as_markdown(tables: Mapping[str, Sequence[ColumnDescription]]) -> str:
    """Return a page with a section and a table for each feature table, numbers to 6 significant digits."""
    lines = ["# Data dictionary", ""]
    lines += [
        "First valid rows are counted from 0 in the bars, before the rows of the warm-up are dropped.",
        "",
    ]
    head = [field.name.replace("_", " ") for field in fields(ColumnDescription)]
    for name, descriptions in tables.items():
        lines += [f"## {markdown_text(name)}", "", _row(head), f"|{' --- |' * len(head)}"]
        lines += [_row(map(_text, astuple(description))) for description in descriptions]
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def as_csv(tables: Mapping[str, Sequence[ColumnDescription]]) -> str:
    """Return all tables as one CSV with the table's name first, numbers to 6 significant digits."""
    rows = [["table", *(field.name for field in fields(ColumnDescription))]]
    for name, descriptions in tables.items():
        rows += [[name, *astuple(description)] for description in descriptions]
    return csv_text(rows, digits=SIGNIFICANT_DIGITS)


def _describe(name: str, values: np.ndarray, starts: Mapping[str, int]) -> ColumnDescription:
    known = DEFINITIONS.get(name)
    if known is None or name not in starts:
        lacking = "definition" if known is None else "first valid row"
        raise DataError(f"column {quote(name)} has no {lacking}; add one, so that the dictionary is complete")
    is_date = name == "Date"
    missing = int(np.isnat(values).sum() if is_date else (~np.isfinite(values)).sum())
    if missing:
        raise DataError(
            f"column {name} has {missing} of {len(values)} rows without a finite value; expected none: build "
            "the features again"
        )
    least, most, mean = values.min(), values.max(), None
    if is_date:
        least, most = (str(day.astype("datetime64[D]")) for day in (least, most))
    else:
        # Rounded once, so that no machine's order of summation shows in the page.
        least, most, mean = least.item(), most.item(), math.fsum(values.tolist()) / len(values)
    return ColumnDescription(name, known.definition, known.unit, starts[name], least, most, mean, missing)


def _text(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return "" if value is None else str(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"
