"""How two vintages of the same bars differ: rows added and removed, factors, single revisions.

A vendor that adjusts its prices rewrites all rows before a dividend or split by one factor; anything else
that changed is a revision of single values.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

# Below this a changed price is the noise of the vendor's own rounding.
RELATIVE_NOISE = 1e-6
# Fewer neighbouring rows with one factor may be chance.
MIN_FACTOR_ROWS = 5
MAX_SHOWN = 10


@dataclass(frozen=True)
class Change:
    """A stretch of rows of one column, from `first` to `last` (ISO dates).

    `factor` is new over old where one factor explains them all, else None: then they are revisions, and
    `old` and `new` are the values of the first of them.
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
    """What is different in a newer vintage; dates are ISO, ascending."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)

    def as_text(self) -> str:
        """Return it for people, ending in a line feed; of many revisions the first ten are shown."""
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
    """Compare two tables of the same ticker, column by column, on the dates that both have.

    Args:
        old: Date and number columns, strictly ascending dates.
        new: the same; columns that only one of them has are left out.
    """
    before, after = (frame["Date"].to_numpy().astype("datetime64[D]") for frame in (old, new))
    _, in_old, in_new = np.intersect1d(before, after, assume_unique=True, return_indices=True)
    days = before[in_old]
    columns = [name for name in old.columns if name != "Date" and name in new.columns]
    changed = (
        change
        for name in columns
        for change in _changes(
            name,
            days,
            old[name].to_numpy(dtype=np.float64)[in_old],
            new[name].to_numpy(dtype=np.float64)[in_new],
        )
    )
    return Changes(
        added=tuple(map(str, np.setdiff1d(after, before))),
        removed=tuple(map(str, np.setdiff1d(before, after))),
        changed=tuple(changed),
    )


def _changes(column: str, days: np.ndarray, old: np.ndarray, new: np.ndarray) -> Iterator[Change]:
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(old == new, 1.0, new / old)
    # Whole numbers carry no noise.
    changed = old != new if column == "Volume" else ~(np.abs(factor - 1) <= RELATIVE_NOISE)
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
