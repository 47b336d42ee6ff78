"""The channels of a feature table as model inputs: checked, and standardised over the rows of train."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.base.text import quote
from simmer.features.input_forms import in_form, standardised

# A channel whose standard deviation is a smaller part of its mean is constant, up to rounding.
MIN_RELATIVE_STD = 1e-12


@dataclass(frozen=True, kw_only=True)
class Standardised:
    """Channels of one ticker, row by row.

    Attributes:
        dates: [rows] datetime64[us].
        features: [rows, channels] float32, standardised as (raw - mean) / std.
        mean: [channels] float64, over the rows up to the last decision row of train.
        std: [channels] float64, over the same rows, with n in the denominator.
        price_relative: [rows, channels] float32, the same columns in stationary form, also standardised.
        relative_mean, relative_std: [channels] float64, of the stationary form over the same rows; 1 instead
            of a standard deviation of 0.
        feature_names: the channels, in order.
    """

    dates: np.ndarray
    features: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    price_relative: np.ndarray
    relative_mean: np.ndarray
    relative_std: np.ndarray
    feature_names: tuple[str, ...]

    def inputs(self, form: str) -> np.ndarray:
        """Return the rows from which windows of an input form are cut, [rows, channels] float32."""
        return self.price_relative if form == "price_relative" else self.features

    def scaling(self, form: str) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation by which an input form is standardised, [channels] float64."""
        if form == "price_relative":
            return self.relative_mean, self.relative_std
        return self.mean, self.std


def read_channels(frame: pd.DataFrame, feature_columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the dates of a feature table, [rows] datetime64[us], and its channels, [rows, channels] float64.

    Raises:
        DatasetError: when the table lacks columns, its dates do not ascend, or a feature is not finite.
    """
    missing = [name for name in ("Date", "High", "Close", *feature_columns) if name not in frame.columns]
    if missing or not feature_columns or len(set(feature_columns)) != len(feature_columns):
        raise DatasetError(
            f"the table lacks {missing}; expected Date, High, Close and at least one feature, none "
            f"named twice (features asked for: {quote(list(feature_columns))})"
        )
    dates = frame["Date"].to_numpy().astype("datetime64[us]")
    if len(dates) == 0 or np.isnat(dates).any() or (np.diff(dates) <= np.timedelta64(0)).any():
        raise DatasetError("the table is empty or its dates are not strictly ascending; build it again")
    values = in_form(frame, feature_columns, "train_scaled")
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise DatasetError(
            f"{feature_columns[column]} of {iso(dates[row])} is {values[row, column]} ({len(bad)} such); "
            "expected finite features: build them again"
        )
    return dates, values


def standardise(frame: pd.DataFrame, feature_columns: Sequence[str], *, train_rows: int) -> Standardised:
    """Return the channels of a feature table, standardised over its first rows.

    Args:
        frame: Date, raw High and Close, the channels, and Volume if one of them depends on it.
        feature_columns: the channels, in order.
        train_rows: number of rows that give mean and standard deviation.

    Raises:
        DatasetError: as `read_channels`, and when a channel is constant over these rows.
    """
    dates, values = read_channels(frame, feature_columns)
    mean, std = _mean_and_std(values[:train_rows], feature_columns)
    relative = in_form(frame, feature_columns, "price_relative")
    relative_mean, relative_std = _mean_and_std_or_one(relative[:train_rows])
    return Standardised(
        dates=dates,
        features=standardised(values, mean, std),
        mean=mean,
        std=std,
        price_relative=standardised(relative, relative_mean, relative_std),
        relative_mean=relative_mean,
        relative_std=relative_std,
        feature_names=tuple(feature_columns),
    )


def iso(day: np.datetime64) -> str:
    """Return a date as YYYY-MM-DD."""
    return str(day.astype("datetime64[D]"))


def _mean_and_std(train_values: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    mean, std = train_values.mean(axis=0), train_values.std(axis=0)
    constant = np.flatnonzero(std <= MIN_RELATIVE_STD * np.abs(mean))
    if constant.size:
        raise DatasetError(
            f"{names[constant[0]]} is constant ({mean[constant[0]]:g}) over the train rows; expected it to "
            "vary: remove it from the features"
        )
    return mean, std


def _mean_and_std_or_one(train_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # With 1, a constant ratio becomes 0: in the oldest index data Open always equals Close, for example.
    mean, std = train_values.mean(axis=0), train_values.std(axis=0)
    return mean, np.where(std > MIN_RELATIVE_STD, std, 1.0)
