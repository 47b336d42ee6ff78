"""The number columns of a file: one sign for decimals, and every text that is no number."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow
import pyarrow.compute

from simmer.base.text import quote
from simmer.data.bars_csv import PRICES, advice_for
from simmer.data.layouts.cells import is_missing
from simmer.data.layouts.declared import to_write
from simmer.data.layouts.names import GAINS, TICKS
from simmer.data.layouts.numbers import decimal_in, read_numbers, read_volume

_NUMBERS = (*PRICES, "Adj Close", "Dividends", "Stock Splits", GAINS)


@dataclass(kw_only=True)
class NumberColumns:
    """Numbers by column.

    Attributes:
        decimal: the sign for decimals.
        values: by meaning, float64, for Volume int64 unless it has decimals, [n]; Volume is 0 if the
            file has none.
        is_read: in which rows all of them are numbers, [n] bool.
        volume: `none`, `rounded` or `ticks`; None if it is as it is.
        faults: line or None, rule and message of what is wrong.
    """

    decimal: str = "."
    values: dict[str, np.ndarray] = field(default_factory=dict)
    is_read: np.ndarray
    volume: str | None = None
    faults: list[tuple[int | None, str, str]] = field(default_factory=list)


def numbers_of(
    texts: Mapping[str, pyarrow.Array],
    lines: np.ndarray,
    *,
    separator: str,
    wanted: np.ndarray,
    declared: str | None,
) -> NumberColumns:
    """Read the numbers of a file.

    Args:
        texts: by meaning, the texts, [n].
        lines: the line of each row, [n] int64.
        separator: what separates fields.
        wanted: the rows that must hold numbers, [n] bool.
        declared: the sign for decimals as in the ticker's entry.
    """
    found = NumberColumns(is_read=np.ones(len(lines), dtype=bool))
    columns = {name: texts[name] for name in _NUMBERS if name in texts}
    volume = _volume(found, texts)
    seen = [each.filter(pyarrow.array(wanted)) for each in (*columns.values(), volume) if each is not None]
    found.decimal = declared or _decimal(found, seen, separator)
    for name, column in columns.items():
        values = read_numbers(column, found.decimal)
        _take(found, name, column, values, np.isfinite(values), lines, wanted)
    if volume is None:
        found.values["Volume"] = np.zeros(len(lines), dtype=np.int64)
        return found
    values, is_read, is_rounded = read_volume(volume, found.decimal)
    found.volume = "rounded" if is_rounded else found.volume
    _take(found, "Volume", volume, values, is_read, lines, wanted)
    return found


def _volume(found: NumberColumns, texts: Mapping[str, pyarrow.Array]) -> pyarrow.Array | None:
    volume, ticks = texts.get("Volume"), texts.get(TICKS)
    if ticks is not None and (volume is None or _is_zero(volume)):
        found.volume = "ticks"
        return ticks
    if volume is None or is_missing(volume).all():
        found.volume = "none"
        return None
    return volume


def _is_zero(column: pyarrow.Array) -> bool:
    return all(text in ("0", "0.0", "") for text in pyarrow.compute.unique(column).to_pylist())


def _decimal(found: NumberColumns, columns: list[pyarrow.Array], separator: str) -> str:
    decimal = decimal_in(columns, separator)
    if decimal.mixed:
        message = "some numbers have a decimal point and some a decimal comma; save the file with one of them"
        found.faults.append((None, "decimal", message))
    elif len(decimal.possible) > 1:
        message = (
            "the sign in numbers such as 1,234 or 1.234 is before decimals or between thousands, and no "
            f"number decides; {to_write({'decimal': '.'}, {'decimal': ','})}"
        )
        found.faults.append((None, "decimal", message))
    return decimal.possible[0]


def _take(
    found: NumberColumns,
    name: str,
    column: pyarrow.Array,
    values: np.ndarray,
    is_read: np.ndarray,
    lines: np.ndarray,
    wanted: np.ndarray,
) -> None:
    expected = "a whole number of shares" if name == "Volume" else "a finite decimal number"
    for row in np.flatnonzero(wanted & ~is_read):
        text = column[int(row)].as_py()
        message = f"{name} is {quote(text)}; expected {expected}{advice_for(text)}"
        found.faults.append((int(lines[row]), "number", message))
    found.values[name] = values
    found.is_read &= is_read
