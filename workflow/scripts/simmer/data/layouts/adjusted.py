"""An adjusted close, dividends and splits beside the prices: one table as the vendor yahoo has it, or none.

The prices of that table are adjusted for splits only (`simmer.data.vendor`). Some files have prices as they
were traded, before splits. The adjusted close tells the two apart: with the right prices ours agrees with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.data.adjustment import compare_with_vendor
from simmer.data.bars_csv import COLUMNS, PRICES
from simmer.data.layouts.declared import in_words, to_write
from simmer.data.layouts.names import GAINS
from simmer.data.vendor import VENDOR_COLUMNS, VENDOR_DTYPES

# Vendors round an adjusted close, and revise it; larger differences are another series.
_AGREES = 0.02
_WORTH_SAYING = 1e-3
_EQUAL = 1e-6


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """Bars of a file that may have an adjusted close, dividends or splits.

    Attributes:
        frame: `VENDOR_COLUMNS`, or `COLUMNS` if its prices are used as they are; None if that is ambiguous.
        used: which of the further columns are in use.
        words: how the prices are adjusted; None if unknown.
        note: what was done to them, or what a person should know; None if nothing.
        problem: why they cannot be used.
    """

    frame: pd.DataFrame | None
    used: frozenset[str] = frozenset()
    words: str | None = None
    note: str | None = None
    problem: str | None = None


def adjusted_by_file(
    table: pd.DataFrame, names: Mapping[str, str], *, by_vendor: bool, declared: bool
) -> Adjusted:
    """Return the bars of a file, with its adjustment if that is certain.

    Args:
        table: `COLUMNS` and further ones by meaning; dates strictly ascending.
        names: by meaning, the names in the file.
        by_vendor: True if the header shows that the prices are adjusted already.
        declared: True if the ticker's entry names the adjusted close.
    """
    bars, has = table[list(COLUMNS)], set(table.columns)
    as_it_is = {"columns": {"Close": names["Close"]}}
    if by_vendor:
        note = "prices as the vendor adjusted them for dividends"
        return Adjusted(frame=bars, words="for splits and dividends by the vendor", note=note)
    actions = has & {"Dividends", "Stock Splits", GAINS}
    if {"Adj Close", "Dividends"} <= has:
        found = _with_dividends(table)
        if found.problem is None:
            return replace(found, used=frozenset(actions | {"Adj Close"}))
        advice = f"to use the prices as they are, {to_write(as_it_is)}"
        return replace(found, problem=f"{found.problem}; {advice}")
    if "Adj Close" in has and declared:
        used, note = frozenset({"Adj Close"}), "all prices multiplied by the adjusted close over the Close"
        return Adjusted(frame=_scaled(table), used=used, words="by the file's adjusted close", note=note)
    if "Adj Close" in has and not _is_equal(table):
        scaled = in_words({"columns": {"Adj Close": names["Adj Close"]}})
        return Adjusted(
            frame=None,
            problem="the file has an adjusted close and no dividends. To use the prices as they are, with "
            f"returns that leave dividends out, {to_write(as_it_is)}; to multiply all four prices by the "
            f"adjusted close over the Close, with returns that include dividends, {scaled}",
        )
    if any((table[name] > (1 if name == "Stock Splits" else 0)).any() for name in actions):
        return Adjusted(
            frame=None,
            problem="the file has dividends or splits and no adjusted close, so whether its prices are "
            f"adjusted is ambiguous; to use them as they are, {to_write(as_it_is)}",
        )
    return Adjusted(frame=bars)


def _is_equal(frame: pd.DataFrame) -> bool:
    """True if the adjusted close is the Close in every row, so that nothing is adjusted."""
    close, adjusted = frame["Close"].to_numpy(), frame["Adj Close"].to_numpy()
    return bool((np.abs(close - adjusted) <= _EQUAL * np.abs(close)).all())


def _scaled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return bars (`COLUMNS`) whose four prices are multiplied by the adjusted close over the Close."""
    bars = frame[list(COLUMNS)].copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = frame["Adj Close"].to_numpy() / frame["Close"].to_numpy()
    for name in PRICES:
        bars[name] = bars[name].to_numpy() * factor
    # Exactly, because a product differs in its last digit.
    bars["Close"] = frame["Adj Close"].to_numpy()
    return bars


def _with_dividends(frame: pd.DataFrame) -> Adjusted:
    """Return the vendor's table of a file with an adjusted close and dividends.

    Args:
        frame: `COLUMNS`, Adj Close, Dividends, Stock Splits or not, Capital Gains or not; ascending dates.
    """
    table = _table(frame)
    candidates = [(table, "for splits by the vendor", None)]
    splits = table["Stock Splits"].to_numpy()
    if (splits != 0).any():
        days = int((splits != 0).sum())
        note = f"prices, dividends and volume as traded, adjusted for {days} splits of the file"
        candidates.append((_adjusted_for_splits(table), "for splits by us", note))
    found = []
    for candidate, words, note in candidates:
        try:
            difference = compare_with_vendor(candidate).largest_relative_difference
        except DataError as error:
            return Adjusted(frame=None, problem=str(error))
        found.append((difference, candidate, words, note))
    difference, candidate, words, note = min(found, key=lambda one: one[0])
    if len(found) > 1 and not (difference <= _AGREES < max(one[0] for one in found)):
        differences = " and ".join(f"{one[0]:.2g}" for one in found)
        return Adjusted(
            frame=None,
            problem="the file has splits, and its adjusted close tells not whether the prices are already "
            f"adjusted for them (relative differences of {differences})",
        )
    if difference > _WORTH_SAYING:
        also = f"our adjusted close and the file's differ by up to {difference:.2g}"
        note = f"{note}; {also}" if note else also
    return Adjusted(frame=candidate, words=words, note=note)


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    table = frame.copy()
    if "Stock Splits" not in table:
        table["Stock Splits"] = 0.0
    # Some files have a factor of 1 on days without a split, some 0.
    table["Stock Splits"] = table["Stock Splits"].where(table["Stock Splits"] != 1, 0.0)
    if GAINS in table:
        # As of the source yahoo: a dividend that is at least as large holds the gain already.
        gains = table[GAINS].to_numpy()
        table["Dividends"] += np.where(table["Dividends"].to_numpy() >= gains, 0.0, gains)
    # It would change only the rows before, and there are none.
    table.loc[table.index[0], "Dividends"] = 0.0
    return table[list(VENDOR_COLUMNS)].astype(VENDOR_DTYPES)


def _adjusted_for_splits(table: pd.DataFrame) -> pd.DataFrame:
    splits = table["Stock Splits"].to_numpy()
    own = np.append(np.where(splits[1:] > 0, splits[1:], 1.0), 1.0)
    # A split changes the rows before its own.
    later = np.cumprod(own[::-1])[::-1]
    done = table.copy()
    for name in (*PRICES, "Dividends"):
        done[name] = table[name].to_numpy() / later
    with np.errstate(over="ignore"):
        volume = np.minimum(np.round(table["Volume"].to_numpy() * later), 2.0**62)
    done["Volume"] = volume.astype(np.int64)
    return done
