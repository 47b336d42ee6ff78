"""Walk-forward splits: the decision rows of train, validation and test.

A decision row t is the last row of a window: its input is rows t - context + 1 .. t, its label uses rows
t + 1 .. t + horizon. Inputs may cross a border between splits, labels never do.
"""

from datetime import date
from typing import Annotated

import numpy as np
from pydantic import Field

from simmer.base.errors import ConfigError, DatasetError
from simmer.base.settings import IsoDate, Number, settings
from simmer.base.words import listed

SPLITS = ("train", "validation", "test")
SEARCH_SPLITS = SPLITS[:2]


@settings(kw_only=False)
class SplitSpec:
    """Ends of train and validation, as fractions of the decision rows or as ISO dates (inclusive).

    Exactly one pair is given, the other is `None`; the remaining rows are the test split.
    """

    train_fraction: Annotated[
        Number | None, Field(gt=0, lt=1, description="Share of the decision rows for training.")
    ] = None
    validation_fraction: Annotated[
        Number | None, Field(gt=0, lt=1, description="Share of the decision rows for validation.")
    ] = None
    train_end: Annotated[IsoDate | None, Field(description="Last date of train (ISO).")] = None
    validation_end: Annotated[IsoDate | None, Field(description="Last date of validation (ISO).")] = None

    def __post_init__(self) -> None:
        fractions = (self.train_fraction, self.validation_fraction)
        ends = (self.train_end, self.validation_end)
        given = [*self.given()]
        if given == ["train_fraction", "validation_fraction"]:
            _check_fractions(fractions)
        elif given == ["train_end", "validation_end"]:
            _check_ends(ends)
        else:
            raise ConfigError(
                f"the split has {listed(given or ['no key'])}; expected either train_fraction and "
                "validation_fraction, or train_end and validation_end: delete one pair, or complete one"
            )

    def given(self) -> dict[str, float | str]:
        """Return the pair that is given, by key."""
        return {key: value for key, value in vars(self).items() if value is not None}


def find_borders(dates: np.ndarray, split: SplitSpec, *, context_days: int) -> tuple[int, int]:
    """Return the first row of validation and the first row of test.

    They do not depend on the horizon, so that all horizons are scored on the same dates.

    Args:
        dates: [rows] ascending days.
        split: ends of train and validation.
        context_days: rows of one window; the first decision row is `context_days - 1`.

    Raises:
        DatasetError: when a split would have no rows.
    """
    first = context_days - 1
    days = dates.astype("datetime64[D]")
    borders = _borders(days, split, first)
    if not first < borders[0] < borders[1] < len(dates):
        count = max(0, len(dates) - first)
        span = f"{count} decision rows are from {days[first]} to {days[-1]}" if count else "table has none"
        raise DatasetError(
            f"the split leaves train, validation or test empty: the {span}; change the dates or fractions of "
            "the split"
        )
    return int(borders[0]), int(borders[1])


def decision_rows(
    rows: int, borders: tuple[int, int], *, context_days: int, horizon_days: int
) -> dict[str, np.ndarray]:
    """Return the decision rows of each split, int64 ascending, purged where a label would cross a border.

    Args:
        rows: rows of the table.
        borders: first row of validation and of test.
        context_days: rows of one window.
        horizon_days: rows between a decision row and the end of its label.
    """
    # t + horizon must be before the first row of the next split: t < border - horizon.
    starts = (context_days - 1, *borders)
    ends = (*borders, rows)
    return {
        name: np.arange(start, max(start, end - horizon_days), dtype=np.int64)
        for name, start, end in zip(SPLITS, starts, ends, strict=True)
    }


def split_rows(
    dates: np.ndarray, split: SplitSpec, *, context_days: int, horizon_days: int
) -> dict[str, np.ndarray]:
    """Return the decision rows of each split as `decision_rows`, empty ones too, from dates of any number."""
    first, rows = context_days - 1, len(dates)
    borders = np.clip(_borders(dates.astype("datetime64[D]"), split, first), first, max(first, rows))
    return decision_rows(
        rows, (int(borders[0]), int(borders[1])), context_days=context_days, horizon_days=horizon_days
    )


def _borders(days: np.ndarray, split: SplitSpec, first: int) -> np.ndarray:
    if split.train_end is not None:
        ends = np.array([split.train_end, split.validation_end], dtype="datetime64[D]")
        return np.searchsorted(days, ends, side="right")
    shares = np.array([split.train_fraction, split.train_fraction + split.validation_fraction])
    return first + np.rint(shares * (len(days) - first)).astype(np.int64)


def _check_fractions(fractions: tuple) -> None:
    if sum(fractions) >= 1:
        raise ConfigError(
            f"the split fractions are {fractions}; expected two numbers above 0 whose sum is below 1, which "
            "leaves rows for the test split"
        )


def _check_ends(ends: tuple) -> None:
    try:
        parsed = [date.fromisoformat(end) for end in ends]
        # fromisoformat also accepts 20141231, which numpy would parse as a year.
        if any(day.isoformat() != end for day, end in zip(parsed, ends, strict=True)):
            raise ValueError("another ISO form")
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the split dates are {ends}; expected ISO dates such as 2014-12-31") from error
    if parsed[0] >= parsed[1]:
        raise ConfigError(f"train ends on {ends[0]}, validation on {ends[1]}; expected train to end first")
