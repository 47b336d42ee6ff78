"""Compare two versions of the same bars: rows added and removed, common factors, single revisions.

A vendor that adjusts its prices multiplies all rows before a dividend or split by one factor; any other
change is a revision of single values.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

# A smaller relative change of a price is the vendor's rounding.
RELATIVE_NOISE = 1e-6
# Fewer neighbouring rows may have the same factor by chance.
MIN_FACTOR_ROWS = 5
MAX_SHOWN = 10


@dataclass(frozen=True)
class Change:
    """Change of consecutive rows of one column, from `first` to `last` (ISO dates).

    `factor` is new / old if it is the same for all rows; None for a revision of a single row. `old` and `new`
    are the values of the first row.
    """

    column: str
    first: str
    last: str
    rows: int
    factor: float | None
    old: float
    new: float

    def __str__(self) -> str:
        span = self.first if self.first == self.last else f"{self.first} to {self.last}"
        if self.factor is not None:
            return f"{self.column}: {self.rows} rows, {span}, times {self.factor:.6f} (a dividend or a split)"
        return f"{self.column}: revised on {span}, {self.old:.10g} became {self.new:.10g}"


@dataclass(frozen=True)
class Changes:
    """Differences of a newer version of bars; dates are ISO, ascending.

    Attributes:
        added: the days that only the newer version has.
        removed: the days that only the older one has.
        changed: changes of values on common days, by column.
        revised: the number of common days with a changed value.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]
    revised: int

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def rescaled(self) -> int:
        """The number of common days on which a common factor changed a column, the most of any column."""
        rows = Counter[str]()
        for change in self.changed:
            rows[change.column] += change.rows if change.factor is not None else 0
        return max(rows.values(), default=0)

    def as_json(self) -> dict[str, Any]:
        """Return the changes as plain values."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the changes as text, at most ten revisions, ending in a line feed."""
        if not self:
            return "nothing changed\n"
        lines = [
            f"{len(days)} rows {what}: {days[0]} to {days[-1]}"
            for what, days in (("added", self.added), ("removed", self.removed))
            if days
        ]
        factors = [change for change in self.changed if change.factor is not None]
        revisions = [change for change in self.changed if change.factor is None]
        lines += [*map(str, factors), *map(str, revisions[:MAX_SHOWN])]
        if len(revisions) > MAX_SHOWN:
            lines.append(f"{len(revisions) - MAX_SHOWN} more revisions, {len(revisions)} in all")
        return "\n".join(lines) + "\n"


def compare_vintages(old: pd.DataFrame, new: pd.DataFrame) -> Changes:
    """Compare two tables of a ticker, on the columns and dates that both have.

    Args:
        old: Date, strictly ascending, and numeric columns.
        new: the same.
    """
    before, after = (frame["Date"].to_numpy().astype("datetime64[D]") for frame in (old, new))
    _, in_old, in_new = np.intersect1d(before, after, assume_unique=True, return_indices=True)
    days = before[in_old]
    values = {
        name: (old[name].to_numpy(dtype=np.float64)[in_old], new[name].to_numpy(dtype=np.float64)[in_new])
        for name in old.columns
        if name != "Date" and name in new.columns
    }
    revised = np.zeros(len(days), dtype=bool)
    for name, pair in values.items():
        revised |= _differs(name, *pair)
    return Changes(
        added=tuple(map(str, np.setdiff1d(after, before))),
        removed=tuple(map(str, np.setdiff1d(before, after))),
        changed=tuple(change for name, pair in values.items() for change in _changes(name, days, *pair)),
        revised=int(revised.sum()),
    )


def _factor(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(old == new, 1.0, new / old)


def _differs(column: str, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    # Volumes are whole numbers without rounding.
    return old != new if column == "Volume" else ~(np.abs(_factor(old, new) - 1) <= RELATIVE_NOISE)


def _changes(column: str, days: np.ndarray, old: np.ndarray, new: np.ndarray) -> Iterator[Change]:
    factor, changed = _factor(old, new), _differs(column, old, new)
    start = 0
    while start < len(days):
        if not changed[start]:
            start += 1
            continue
        end = start + 1
        while end < len(days) and changed[end] and _equal(factor[end], factor[start]):
            end += 1
        found = {"column": column, "old": float(old[start]), "new": float(new[start])}
        common = float(np.median(factor[start:end]))
        if end - start >= MIN_FACTOR_ROWS and abs(common - 1) > RELATIVE_NOISE:
            span = {"first": str(days[start]), "last": str(days[end - 1]), "rows": end - start}
            yield Change(**found, **span, factor=common)
        else:
            for row in range(start, end):
                found |= {"old": float(old[row]), "new": float(new[row])}
                yield Change(**found, first=str(days[row]), last=str(days[row]), rows=1, factor=None)
        start = end


def _equal(factor: float, first: float) -> bool:
    return bool(np.isfinite(factor) and abs(factor / first - 1) <= 2 * RELATIVE_NOISE)
