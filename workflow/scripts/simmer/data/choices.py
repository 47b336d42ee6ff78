"""What a person chose for the bars of a ticker: days that are used, days vouched for, findings accepted.

No choice changes a value or adds a bar: what is missing stays missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from simmer.base.errors import DataError
from simmer.base.text import quote, shortened
from simmer.base.words import count
from simmer.data.tickers import ACCEPTABLE, TickerSpec, is_day, is_reason

# A series of which a larger share is vouched for is another series, or has another calendar.
VOUCHED_SHARE = 0.01
_MOST_NAMED = 5
_LONGEST_REASON = 60


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The choices in a ticker's entry, and what they left out of a file; days are ISO dates.

    Attributes:
        start: first day that is used; None for the first of the file.
        end: last day that is used; None for the last of the file.
        exceptions: by day, why what is found on it is right.
        accept: rules whose findings are accepted, of `ACCEPTABLE`.
        bars_left_out: number of rows before `start` and after `end`.
        days_without_prices: days in `exceptions` whose rows have no prices; these rows are left out.
    """

    start: str | None = None
    end: str | None = None
    exceptions: Mapping[str, str] = field(default_factory=dict)
    accept: tuple[str, ...] = ()
    bars_left_out: int = 0
    days_without_prices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return them as plain values, without what is empty; a count of 0 is empty."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {name: value for name, value in values.items() if value}

    def keys(self) -> dict[str, Any]:
        """Return the keys of the ticker's entry."""
        return replace(self, bars_left_out=0, days_without_prices=()).as_json()

    def are_outside(self, days: np.ndarray) -> np.ndarray:
        """Return which days are before the start or after the end, [n] bool; `days` is datetime64[D]."""
        outside = np.zeros(len(days), dtype=bool)
        if self.start is not None:
            outside |= days < np.datetime64(self.start)
        if self.end is not None:
            outside |= days > np.datetime64(self.end)
        return outside

    def excepted(self, days: np.ndarray) -> np.ndarray:
        """Return which days are vouched for, [n] bool; `days` is datetime64[D]."""
        return np.isin(days, np.array([*self.exceptions], dtype="datetime64[D]"))

    def cut(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the rows of a table that are used, and where they are in it, [n] int64.

        A dividend in the first row that is left goes: it would change only the rows before.
        """
        outside = self.are_outside(frame["Date"].to_numpy().astype("datetime64[D]"))
        rows = np.flatnonzero(~outside)
        if not outside.any():
            return frame, rows
        left = frame.iloc[rows].reset_index(drop=True)
        if "Dividends" in left and len(rows) and rows[0] > 0:
            left.loc[0, "Dividends"] = 0.0
        return left, rows

    def in_words(self) -> str | None:
        """Return what is left out and accepted; None if nothing is."""
        parts = []
        if self.bars_left_out:
            parts.append(f"{count(self.bars_left_out, 'bar')} {self._outside()} left out")
        if self.accept:
            parts.append(f"accepted: {', '.join(self.accept)}")
        return "; ".join(parts) or None

    def nothing_left(self, days: np.ndarray) -> str:
        """Return that the file has no bar in the span; `days` is datetime64[D], those of its rows."""
        return (
            f"no bar is left: all {len(days)} are {self._outside()}, the file has {days.min()} to "
            f"{days.max()}; change start and end"
        )

    def _outside(self) -> str:
        named = (("before", self.start), ("after", self.end))
        return " or ".join(f"{word} {day}" for word, day in named if day is not None)


NO_CHOICES = Choices()


def choices_of(spec: TickerSpec) -> Choices:
    """Return the choices in a ticker's entry."""
    return Choices(start=spec.start, end=spec.end, exceptions=spec.exceptions or {}, accept=spec.accept)


def choices_in(entry: Mapping[str, Any]) -> Choices:
    """Return the choices that a manifest entry records.

    Raises:
        DataError: when the record is damaged.
    """
    found = entry.get("choices")
    if found is None:
        return NO_CHOICES
    sound = isinstance(found, Mapping) and found.keys() <= Choices.__dataclass_fields__.keys()
    if sound:
        exceptions, left_out = found.get("exceptions", {}), found.get("bars_left_out", 0)
        sound = (
            all(is_day(found[key]) for key in ("start", "end") if key in found)
            and isinstance(exceptions, Mapping)
            and all(is_day(day) and is_reason(reason) for day, reason in exceptions.items())
            and _is_list(found.get("accept", []), ACCEPTABLE)
            and type(left_out) is int
            and left_out >= 0
            and _is_list(found.get("days_without_prices", []), exceptions)
        )
    if not sound:
        raise DataError(
            f"the manifest entry has the choices {quote(found)}; expected the start, end, exceptions and "
            "accepted findings of the ticker: acquire the bars again"
        )
    return Choices(**{key: tuple(each) if isinstance(each, list) else each for key, each in found.items()})


def vouched_in_words(vouched: Mapping[str, str]) -> str:
    """Return how many days are vouched for, and why; `vouched` has reasons by day, at least one."""
    named = [f"{day} ({shortened(why, _LONGEST_REASON)})" for day, why in sorted(vouched.items())]
    return f"{count(len(named), 'day')} vouched for: {named_days(named)}"


def named_days(days: Sequence[str]) -> str:
    """Return the first five of some days, and the number of the others."""
    more = len(days) - _MOST_NAMED
    return ", ".join(days[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _is_list(value: object, known: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each in known for each in value)
