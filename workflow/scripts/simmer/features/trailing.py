"""Trailing sums with a fixed order of summation."""

import numpy as np


def trailing_sum(values: np.ndarray, rows: int) -> np.ndarray:
    """Return the sum of each row and the `rows - 1` rows before it, NaN where there are fewer.

    Added in a fixed order per row: a running sum would carry rounding errors from the start of the series,
    and the order of a vectorised sum may depend on the length.

    Args:
        values: [n] float64.
        rows: rows of one sum, at least 1.
    """
    total = np.full(len(values), np.nan)
    if len(values) >= rows:
        total[rows - 1 :] = 0.0
        for lag in range(rows):
            total[rows - 1 :] += values[rows - 1 - lag : len(values) - lag]
    return total
