"""Compute the inputs of the baselines: summaries of a window's channels, and measures of its volatility.

Both use the rows of the window only, so a baseline never has more information than the transformer. The raw
window has 60 rows of 25 or more channels: with 1,500 columns for some 3,000 windows, linear models and trees
would mostly fit noise. They get 10 columns per channel instead: the value on the decision row, and the mean,
standard deviation and change over spans of 5 days, 20 days and the whole window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simmer.base.errors import DatasetError
from simmer.features.volatility import volatility_measures

# A week and a month of sessions; the third span is the whole window.
SPANS_DAYS = (5, 20)


@dataclass(frozen=True)
class Inputs:
    """Baseline inputs of n decision rows, without labels.

    Attributes:
        summaries: [n, columns] float64, from `window_summaries`.
        volatility: [n, columns] float64, from `window_volatility`.

    Raises:
        DatasetError: when the two differ in length, are empty or not two-dimensional, or contain values that
            are not finite.
    """

    summaries: np.ndarray
    volatility: np.ndarray

    def __post_init__(self) -> None:
        for name in ("summaries", "volatility"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim != 2 or 0 in values.shape:
                raise DatasetError(
                    f"{name} have shape {values.shape}; expected decision rows x columns, one or more of each"
                )
            if not np.isfinite(values).all():
                raise DatasetError(
                    f"{name} contain {int((~np.isfinite(values)).sum())} values that are not finite; build "
                    "the features again"
                )
            object.__setattr__(self, name, values)
        if len(self.summaries) != len(self.volatility):
            raise DatasetError(
                f"{len(self.summaries)} rows of summaries and {len(self.volatility)} of volatility; expected "
                "both for the same decision rows"
            )

    @property
    def everything(self) -> np.ndarray:
        """Both side by side, [n, columns] float64."""
        return np.column_stack([self.summaries, self.volatility])

    def __len__(self) -> int:
        return len(self.summaries)


@dataclass(frozen=True)
class Rows:
    """The inputs of n decision rows and their labels, [n] of 0 and 1 (kept as int64).

    Raises:
        DatasetError: when their lengths differ or a label is neither 0 nor 1.
    """

    inputs: Inputs
    labels: np.ndarray

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.shape != (len(self.inputs),):
            raise DatasetError(
                f"labels have shape {labels.shape}; expected one for each of {len(self.inputs)} decision rows"
            )
        if not np.isin(labels, (0, 1)).all():
            raise DatasetError("labels contain other values than 0 and 1; use the labels of a dataset")
        object.__setattr__(self, "labels", labels.astype(np.int64))

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """Return the rows of several parts, one after the other."""
        inputs = Inputs(
            summaries=np.concatenate([part.inputs.summaries for part in parts]),
            volatility=np.concatenate([part.inputs.volatility for part in parts]),
        )
        return cls(inputs, np.concatenate([part.labels for part in parts]))


def build_inputs(
    features: np.ndarray,
    *,
    close: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    decision_rows: np.ndarray,
    context_days: int,
) -> Inputs:
    """Return the inputs of decision rows; those of a row depend on the rows of its window only.

    Args:
        features: [rows, channels] from which the transformer's windows are cut, standardised on train. Use
            the price-relative form: averages of a drifting price would mostly encode the date.
        close, high, low: raw prices, [rows].
        decision_rows: [n].
        context_days: rows of one window, at least 2.

    Raises:
        DatasetError: when lengths differ, a window exceeds the table, a value in a window is not finite, or
            a price in it is not positive.
    """
    features = np.asarray(features)
    decision_rows = np.asarray(decision_rows)
    prices = {"close": close, "high": high, "low": low}
    prices = {name: np.asarray(values, dtype=np.float64) for name, values in prices.items()}
    shapes = [values.shape for values in prices.values()]
    if features.ndim != 2 or any(shape != features.shape[:1] for shape in shapes):
        raise DatasetError(
            f"features have shape {features.shape}, close, high and low {shapes}; expected rows x channels, "
            "and one price of each kind for every row"
        )
    _require_windows(decision_rows, rows=len(features), context_days=context_days)
    for name, values in (("features", features), *prices.items()):
        seen = _windows(values, decision_rows, context_days)
        if not np.isfinite(seen).all():
            raise DatasetError(
                f"{name}: some window has missing or infinite values, expected finite ones; build the "
                "features again"
            )
        if name in prices and (seen <= 0).any():
            raise DatasetError(
                f"{name}: some window has values of 0 or below; expected raw prices, not standardised ones"
            )
    return Inputs(
        summaries=window_summaries(features, decision_rows, context_days=context_days),
        volatility=window_volatility(**prices, decision_rows=decision_rows, context_days=context_days),
    )


def window_summaries(features: np.ndarray, decision_rows: np.ndarray, *, context_days: int) -> np.ndarray:
    """Return [n, columns] float64: value on the decision row, then mean, deviation and change of each span.

    There are channels x (1 + 3 x spans) columns. The standard deviation divides by the number of rows; the
    change is the last value of the span minus the first.

    Args:
        features: [rows, channels].
        decision_rows: [n], each with a whole window of rows.
        context_days: rows of one window.
    """
    parts = [features[decision_rows].astype(np.float64)]
    for days in _spans(context_days):
        window = _windows(features, decision_rows, days).astype(np.float64)
        parts += [window.mean(axis=-1), window.std(axis=-1), window[..., -1] - window[..., 0]]
    return np.concatenate(parts, axis=1)


def window_volatility(
    *,
    close: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    decision_rows: np.ndarray,
    context_days: int,
) -> np.ndarray:
    """Return the `volatility_measures` of each window, [n, columns] float64.

    A window of 60 rows has 59 returns, so the longest span of returns is one shorter than the window.

    Args:
        close, high, low: raw prices, [rows] float64, positive.
        decision_rows: [n], each with a whole window of rows.
        context_days: rows of one window, at least 2.
    """
    return volatility_measures(
        close=close,
        high=high,
        low=low,
        rows=decision_rows,
        return_spans_days=_spans(context_days - 1),
        range_spans_days=_spans(context_days),
    )


def _spans(longest: int) -> tuple[int, ...]:
    return (*(days for days in SPANS_DAYS if days < longest), longest)


def _windows(values: np.ndarray, decision_rows: np.ndarray, days: int) -> np.ndarray:
    # Days last and contiguous: each window is summed separately and in one order, whatever rows follow it.
    windows = np.lib.stride_tricks.sliding_window_view(values, days, axis=0)
    return np.ascontiguousarray(windows[decision_rows - (days - 1)])


def _require_windows(decision_rows: np.ndarray, *, rows: int, context_days: int) -> None:
    if context_days < 2:
        raise DatasetError(
            f"found a window of {context_days} rows, which has no return; use a context of 2 days or more"
        )
    whole = decision_rows.ndim == 1 and np.issubdtype(decision_rows.dtype, np.integer)
    if not whole or decision_rows.size == 0:
        raise DatasetError(
            f"decision rows are {decision_rows.dtype} of shape {decision_rows.shape}; expected a "
            "one-dimensional array of row numbers, at least one"
        )
    first, last = int(decision_rows.min()), int(decision_rows.max())
    if first < context_days - 1 or last >= rows:
        raise DatasetError(
            f"decision rows run from {first} to {last}; expected {context_days - 1} to {rows - 1}, because "
            f"each needs a window of {context_days} rows within the table of {rows} rows"
        )
