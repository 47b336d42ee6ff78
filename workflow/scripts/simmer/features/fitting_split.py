"""Suggest a split that leaves enough labelled rows to validation and test."""

import math
from collections.abc import Sequence

import numpy as np

from simmer.base.errors import DatasetError
from simmer.features.splits import SplitSpec, decision_rows, find_borders

# Of suggested fractions: their step, the smallest of validation and test, and the smallest of train.
_STEP, _LEAST_SHARE, _LEAST_TRAIN = 0.05, 0.15, 0.4


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
    longest, needed = max(horizons_days), (validation_rows, test_rows)
    try:
        borders = find_borders(dates, split, context_days=context_days)
        parts = decision_rows(len(dates), borders, context_days=context_days, horizon_days=longest)
        if len(parts["validation"]) >= validation_rows and len(parts["test"]) >= test_rows:
            return split
    except DatasetError:
        pass  # a part has no row at all
    decisions = max(1, len(dates) - context_days + 1)
    # One row more, because borders are rounded.
    shares = (math.ceil((count + longest + 1) / decisions / _STEP) * _STEP for count in needed)
    validation, test = (max(_LEAST_SHARE, share) for share in shares)
    train = round(1 - validation - test, 2)
    if train < _LEAST_TRAIN:
        return None
    found = SplitSpec(train, round(validation, 2))
    return found if split.train_end is None else by_dates(dates, found, context_days=context_days)


def by_dates(dates: np.ndarray, split: SplitSpec, *, context_days: int) -> SplitSpec:
    """Return the split of these days with the last dates of train and validation.

    Raises:
        DatasetError: when a part would have no rows.
    """
    borders = find_borders(dates, split, context_days=context_days)
    return SplitSpec(None, None, *(str(dates[border - 1].astype("datetime64[D]")) for border in borders))
