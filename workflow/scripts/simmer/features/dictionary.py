"""The data dictionary: definition and statistics of each column of a feature table."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from types import MappingProxyType

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.text import csv_text, markdown_text, quote
from simmer.data.tables import require_table_layout
from simmer.features.columns import (
    DATE,
    INDICATOR_COLUMNS,
    OHLCV_COLUMNS,
    VIX_COLUMNS,
    VOLATILITY_COLUMNS,
    Column,
)

SIGNIFICANT_DIGITS = 6


@dataclass(frozen=True)
class ColumnDescription:
    """Row of the data dictionary.

    Attributes:
        first_valid_row: first row of the bars (from 0) with a value, before the warm-up was dropped.
        minimum, maximum: for Date the first and the last day (ISO).
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


DEFINITIONS: Mapping[str, Column] = {
    column.name: column
    for column in (DATE, *OHLCV_COLUMNS, *INDICATOR_COLUMNS, *VOLATILITY_COLUMNS, *VIX_COLUMNS)
}


def describe_columns(frame: pd.DataFrame, *, first_valid_rows: Mapping[str, int]) -> list[ColumnDescription]:
    """Describe each column of a feature table, in the order of the table.

    Args:
        frame: Date (datetime64[us]) and float64 or int64 columns, at least one row, no missing value.
        first_valid_rows: the `starts` of the table; Date needs none.

    Raises:
        DataError: when the table is empty or has another layout, or a column has no definition, no first
            valid row, or rows without a finite value.
    """
    require_table_layout(frame, what="the feature table")
    if frame.empty:
        raise DataError("the feature table has no rows; expected at least one: build it again")
    starts = {"Date": 0, **first_valid_rows}
    return [_describe(str(name), frame[name].to_numpy(), starts) for name in frame.columns]


def as_markdown(
    tables: Mapping[str, Sequence[ColumnDescription]],
    left_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """Return the dictionary as a Markdown page, one section per table, numbers to 6 significant digits.

    Args:
        tables: descriptions by table.
        left_out: columns that a table lacks for want of volume.
    """
    lines = ["# Data dictionary", ""]
    lines += [
        "First valid rows are rows of the bars, counted from 0, before the warm-up is dropped.",
        "",
    ]
    head = [field.name.replace("_", " ") for field in fields(ColumnDescription)]
    for name, descriptions in tables.items():
        lines += [f"## {markdown_text(name)}", ""]
        if lacking := left_out.get(name):
            why = "Left out, because this ticker or one of its pool has no volume"
            lines += [f"{why}: {markdown_text(', '.join(lacking))}.", ""]
        lines += [_row(head), f"|{' --- |' * len(head)}"]
        lines += [_row(map(_text, astuple(description))) for description in descriptions]
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def as_csv(tables: Mapping[str, Sequence[ColumnDescription]]) -> str:
    """Return the dictionary as one CSV, table name first, numbers to 6 significant digits."""
    rows = [["table", *(field.name for field in fields(ColumnDescription))]]
    for name, descriptions in tables.items():
        rows += [[name, *astuple(description)] for description in descriptions]
    return csv_text(rows, digits=SIGNIFICANT_DIGITS)


def _describe(name: str, values: np.ndarray, starts: Mapping[str, int]) -> ColumnDescription:
    known = DEFINITIONS.get(name)
    if known is None or name not in starts:
        lacking = "definition" if known is None else "first valid row"
        raise DataError(f"column {quote(name)} has no {lacking}; add one to complete the data dictionary")
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
        # An exact sum: the order of summation differs between machines.
        least, most, mean = least.item(), most.item(), math.fsum(values.tolist()) / len(values)
    return ColumnDescription(name, known.definition, known.unit, starts[name], least, most, mean, missing)


def _text(value: float | int | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return "" if value is None else str(value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(markdown_text, cells))} |"
