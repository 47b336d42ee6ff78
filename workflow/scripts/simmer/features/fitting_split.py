"""Suggest a split that leaves enough labelled rows to validation and test, and say how many bars have one."""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from simmer.features.splits import SplitSpec, find_borders, split_rows

# Of suggested fractions: their step, the smallest of validation and test, and the smallest of train.
_STEP, _LEAST_SHARE, _LEAST_TRAIN = 0.05, 0.15, 0.4
# More decision rows than any series has.
_MANY = 2**40


def fitting_split(
    dates: np.ndarray,
    split: SplitSpec,
    *,
    context_days: int,
    horizons_days: Sequence[int],
    validation_rows: int,
    test_rows: int,
) -> SplitSpec | None:
    """Return the split itself if it suffices, else one that does; None if no split does.

    Args:
        dates: [rows] ascending days.
        split: as configured; a suggested one is given in the same way, by fractions or by dates.
        context_days: rows of one window.
        horizons_days: the horizons; so many rows at the end of each part have no label.
        validation_rows, test_rows: labelled rows that the parts need.
    """
    longest = max(horizons_days)
    parts = split_rows(dates, split, context_days=context_days, horizon_days=longest)
    train, validation, test = (len(rows) for rows in parts.values())
    if train and validation >= validation_rows and test >= test_rows:
        return split
    needed = _with_unlabelled(validation_rows, test_rows, longest)
    found = _suggested(max(1, len(dates) - context_days + 1), *needed)
    if found is None or split.train_end is None:
        return found
    return by_dates(dates, found, context_days=context_days)


def enough_rows(
    split: SplitSpec,
    *,
    context_days: int,
    horizons_days: Sequence[int],
    validation_rows: int,
    test_rows: int,
) -> tuple[int, int | None]:
    """Return how many rows are enough for a suggested split, and how many for the split itself.

    The second is None for a split by dates, because a longer series does not lengthen its validation.
    Arguments as of `fitting_split`.
    """
    needed = _with_unlabelled(validation_rows, test_rows, max(horizons_days))
    suggested = 1 + bisect_left(range(1, _MANY), True, key=lambda rows: _suggested(rows, *needed) is not None)
    before = context_days - 1
    if split.train_end is not None:
        return before + suggested, None
    shares = (split.validation_fraction, 1 - split.train_fraction - split.validation_fraction)
    own = max(math.ceil(count / share) for count, share in zip(needed, shares, strict=True))
    return before + suggested, before + own


def by_dates(dates: np.ndarray, split: SplitSpec, *, context_days: int) -> SplitSpec:
    """Return the split of these days with the last dates of train and validation.

    Raises:
        DatasetError: when a part would have no rows.
    """
    borders = find_borders(dates, split, context_days=context_days)
    return SplitSpec(None, None, *(str(dates[border - 1].astype("datetime64[D]")) for border in borders))


def _with_unlabelled(validation_rows: int, test_rows: int, longest: int) -> tuple[int, int]:
    # One row more, because borders are rounded.
    return validation_rows + longest + 1, test_rows + longest + 1


def _suggested(decision_rows: int, *needed: int) -> SplitSpec | None:
    """Return round fractions that leave the needed rows to validation and test; None without enough train."""
    shares = (math.ceil(count / decision_rows / _STEP) * _STEP for count in needed)
    validation, test = (max(_LEAST_SHARE, share) for share in shares)
    train = round(1 - validation - test, 2)
    return None if train < _LEAST_TRAIN else SplitSpec(train, round(validation, 2))
