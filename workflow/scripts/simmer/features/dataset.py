"""Datasets: decision rows, features standardised with train statistics, labels from raw prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.base.text import quote
from simmer.features.input_forms import in_form, standardised
from simmer.features.labels import LabelSpec
from simmer.features.labels import label as label_rows
from simmer.features.splits import SEARCH_SPLITS, SPLITS, SplitSpec, decision_rows, find_borders

# What a dataset holds of the test split: nothing, its inputs, or also its labels.
Test = Literal["sealed", "inputs", "open"]

# A channel whose standard deviation is a smaller part of its mean is constant, up to rounding.
MIN_RELATIVE_STD = 1e-12


class OneClassError(DatasetError):
    """A split has positive labels only, or none."""


@dataclass(frozen=True)
class Dataset:
    """Data of a study, all splits in one table of rows.

    Attributes:
        dates: [rows] datetime64[us].
        features: [rows, channels] float32, standardised as (raw - mean) / std.
        mean: [channels] float64, over rows 0 .. train[-1].
        std: [channels] float64, over the same rows, with n in the denominator.
        price_relative: [rows, channels] float32, the same columns in stationary form, also standardised.
        relative_mean, relative_std: [channels] float64, of the stationary form over the same rows; 1 instead
            of a standard deviation of 0.
        feature_names: the channels, in order.
        labels: [labelled rows] int8, from row 0; labels that need prices of test days only if test is "open".
        train, validation: decision rows of the split, int64, ascending.
        test: the same; None if the test split is sealed: then no array holds a row of it.
        borders: first row of validation and first row of test, before purging.
        label_spec: horizon, threshold and basis of the labels.
        context_days: rows of one window.
    """

    dates: np.ndarray
    features: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    price_relative: np.ndarray
    relative_mean: np.ndarray
    relative_std: np.ndarray
    feature_names: tuple[str, ...]
    labels: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray | None
    borders: tuple[int, int]
    label_spec: LabelSpec
    context_days: int

    def decision_rows(self, split: str) -> np.ndarray:
        """Return the decision rows of the split called "train", "validation" or "test".

        Raises:
            DatasetError: when the split is sealed.
        """
        rows = {"train": self.train, "validation": self.validation, "test": self.test}[split]
        if rows is None:
            raise DatasetError(
                f"the {split} split is sealed; only the final evaluation may use it: use train or validation"
            )
        return rows

    def inputs(self, form: str) -> np.ndarray:
        """Return the rows from which windows of an input form are cut, [rows, channels] float32."""
        return self.price_relative if form == "price_relative" else self.features

    def scaling(self, form: str) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation by which an input form is standardised, [channels] float64."""
        if form == "price_relative":
            return self.relative_mean, self.relative_std
        return self.mean, self.std

    def labels_of(self, split: str) -> np.ndarray:
        """Return the labels of a split's decision rows, [n] int8.

        Raises:
            DatasetError: when the labels of the split are sealed.
        """
        if not self.has_labels(split):
            raise DatasetError(f"the labels of {split} are sealed; only the final evaluation may use them")
        return self.labels[self.decision_rows(split)]

    def has_labels(self, split: str) -> bool:
        """True if the dataset holds the labels of the split."""
        return self.decision_rows(split)[-1] < len(self.labels)


def build_dataset(
    frame: pd.DataFrame,
    *,
    label: LabelSpec,
    split: SplitSpec,
    context_days: int,
    feature_columns: Sequence[str],
    min_validation_decisions: int = 400,
    test: Test = "sealed",
) -> Dataset:
    """Label, split and standardise a feature table.

    The result holds only the part of the test split named by `test`. That the test split has both classes is
    always checked, so that a long search does not end with an unusable one.

    Args:
        frame: Date (ascending), raw High and Close, and the feature columns, with Volume if one of them
            depends on it; no missing values.
        label: horizon, threshold and basis.
        split: where train and validation end.
        context_days: rows of one window, at least 1.
        feature_columns: the channels of the model, in order.
        min_validation_decisions: smallest number of labelled validation rows.
        test: the part of the test split in the result.

    Raises:
        DatasetError: when the table is too short or lacks columns, a feature is not finite or constant in
            train, a border is outside the table, a split lacks a class, or validation is too small.
    """
    dates, values = _read_frame(frame, feature_columns)
    if not 1 <= context_days <= len(dates) - label.horizon_days:
        raise DatasetError(
            f"a context of {context_days} days and a horizon of {label.horizon_days} do not fit into "
            f"{len(dates)} rows; set a shorter context or use a longer series"
        )
    prices = {name: frame[name].to_numpy(dtype=np.float64) for name in ("High", "Close")}
    labels = label_rows(prices["High"], prices["Close"], label)
    borders = find_borders(dates, split, context_days=context_days)
    rows = decision_rows(len(dates), borders, context_days=context_days, horizon_days=label.horizon_days)
    _require_usable_splits(dates, labels, rows, min_validation_decisions)
    train_rows = slice(rows["train"][-1] + 1)
    mean, std = _mean_and_std(values[train_rows], feature_columns)
    relative = in_form(frame, feature_columns, "price_relative")
    relative_mean, relative_std = _mean_and_std_or_one(relative[train_rows])
    dataset = Dataset(
        dates=dates,
        features=standardised(values, mean, std),
        mean=mean,
        std=std,
        price_relative=standardised(relative, relative_mean, relative_std),
        relative_mean=relative_mean,
        relative_std=relative_std,
        feature_names=tuple(feature_columns),
        labels=labels,
        borders=borders,
        label_spec=label,
        context_days=context_days,
        **rows,
    )
    return _sealed(dataset, test)


def _sealed(dataset: Dataset, test: Test) -> Dataset:
    first = dataset.borders[1]
    if test == "open":
        return dataset
    # Copies, because a slice keeps the whole array in memory.
    dataset = replace(dataset, labels=dataset.labels[: first - dataset.label_spec.horizon_days].copy())
    if test == "inputs":
        return dataset
    return replace(
        dataset,
        dates=dataset.dates[:first].copy(),
        features=dataset.features[:first].copy(),
        price_relative=dataset.price_relative[:first].copy(),
        test=None,
    )


def describe(dataset: Dataset) -> dict[str, dict[str, int | float | str]]:
    """Return per split: n, first_date, last_date, purged, positives, base_rate and prior_log_loss.

    Leaves out a sealed split, and the last three for a split with sealed labels. `purged` counts the rows at
    the end of the split whose label would need prices after it. `prior_log_loss` is the log-loss on the
    split, in nats, of the train base rate as a constant prediction.
    """
    train_rate = float(dataset.labels_of("train").mean())
    facts: dict[str, dict[str, int | float | str]] = {}
    for name in SPLITS if dataset.test is not None else SEARCH_SPLITS:
        rows = dataset.decision_rows(name)
        facts[name] = {
            "n": len(rows),
            "first_date": _iso(dataset.dates[rows[0]]),
            "last_date": _iso(dataset.dates[rows[-1]]),
            "purged": dataset.label_spec.horizon_days,
        }
        if dataset.has_labels(name):
            labels = dataset.labels_of(name)
            rate = float(labels.mean())
            facts[name] |= {
                "positives": int(labels.sum()),
                "base_rate": rate,
                "prior_log_loss": float(-rate * np.log(train_rate) - (1 - rate) * np.log1p(-train_rate)),
            }
    return facts


def check_base_rates(by_horizon: Mapping[int, Dataset]) -> None:
    """Raise `DatasetError` if the base rate falls as the horizon grows.

    A longer horizon can only add positives on the decision rows that all horizons share. If the base rate
    falls, some labels were made with another horizon, threshold, basis or price series.
    """
    horizons = sorted(by_horizon)
    for horizon in horizons:
        if by_horizon[horizon].label_spec.horizon_days != horizon:
            found = by_horizon[horizon].label_spec.horizon_days
            raise DatasetError(
                f"the dataset of horizon {horizon} has labels of horizon {found}; build it again"
            )
    for split in SEARCH_SPLITS:
        shared = by_horizon[horizons[0]].decision_rows(split)
        for horizon in horizons[1:]:
            shared = np.intersect1d(shared, by_horizon[horizon].decision_rows(split))
        rates = [float(by_horizon[horizon].labels[shared].mean()) for horizon in horizons]
        if any(np.diff(rates) < 0):
            listing = ", ".join(f"{h} days {rate:.4f}" for h, rate in zip(horizons, rates, strict=True))
            raise DatasetError(
                f"the {split} base rate falls as the horizon grows ({listing}); expected it to rise: use the "
                "same threshold, basis and prices for all horizons"
            )


def _read_frame(frame: pd.DataFrame, feature_columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
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
            f"{feature_columns[column]} of {_iso(dates[row])} is {values[row, column]} ({len(bad)} such); "
            "expected finite features: build them again"
        )
    return dates, values


def _require_usable_splits(
    dates: np.ndarray, labels: np.ndarray, rows: Mapping[str, np.ndarray], min_validation_decisions: int
) -> None:
    found = len(rows["validation"])
    if found < min_validation_decisions:
        raise DatasetError(
            f"validation has {found} labelled decision rows; expected at least {min_validation_decisions}, "
            "because fewer do not distinguish trials: raise validation_fraction, move the split dates apart, "
            "or use a longer series"
        )
    for name in SPLITS:
        count, positives = len(rows[name]), int(labels[rows[name]].sum())
        if not 0 < positives < count:
            span = f" ({_iso(dates[rows[name][0]])} to {_iso(dates[rows[name][-1]])})" if count else ""
            raise OneClassError(
                f"{name} has {count} decision rows{span} of which {positives} are positive; expected both "
                "classes: change the threshold, the horizon or the split"
            )


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


def _iso(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]"))
