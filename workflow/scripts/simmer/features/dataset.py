"""Datasets: decision rows, features standardised with train statistics, labels from raw prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.features.labels import LabelSpec
from simmer.features.labels import label as label_rows
from simmer.features.pooling import PooledTrain, pooled_train
from simmer.features.splits import (
    SEARCH_SPLITS,
    SPLITS,
    SplitSpec,
    decision_rows,
    find_borders,
    split_rows,
)
from simmer.features.standardised import Standardised, iso, read_channels, standardise

# What a dataset holds of the test split: nothing, its inputs, or also its labels.
Test = Literal["sealed", "inputs", "open"]


class OneClassError(DatasetError):
    """A split has positive labels only, or none."""


@dataclass(frozen=True, kw_only=True)
class Dataset(Standardised):
    """Data of a study, all splits in one table of rows.

    Attributes:
        labels: [labelled rows] int8, from row 0; labels that need prices of test days only if test is "open".
        train, validation: decision rows of the split, int64, ascending.
        test: the same; None if the test split is sealed: then no array holds a row of it.
        borders: first row of validation and first row of test, before purging.
        label_spec: horizon, threshold and basis of the labels.
        context_days: rows of one window.
        pooled: train windows of other tickers, which are in no other split.
    """

    labels: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray | None
    borders: tuple[int, int]
    label_spec: LabelSpec
    context_days: int
    pooled: tuple[PooledTrain, ...] = ()

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
    min_validation_decisions: int,
    test: Test = "sealed",
    pool: Mapping[str, pd.DataFrame] = MappingProxyType({}),
) -> Dataset:
    """Label, split and standardise a feature table, and those of pooled tickers.

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
        pool: feature tables of other tickers by name, whose windows before validation are added to train.

    Raises:
        DatasetError: when the table is too short or lacks columns, a feature is not finite or constant in
            train, a border is outside the table, a split lacks a class, validation is too small, or a pooled
            ticker has no train windows of both classes.
    """
    dates, _ = read_channels(frame, feature_columns)
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
    channels = standardise(frame, feature_columns, train_rows=rows["train"][-1] + 1)
    dataset = Dataset(
        **vars(channels),
        labels=labels,
        borders=borders,
        label_spec=label,
        context_days=context_days,
        pooled=tuple(
            pooled_train(
                ticker,
                table,
                before=dates[borders[0]],
                label=label,
                context_days=context_days,
                feature_columns=channels.feature_names,
            )
            for ticker, table in pool.items()
        ),
        **rows,
    )
    return _sealed(dataset, test)


def split_sizes(
    frame: pd.DataFrame, *, label: LabelSpec, split: SplitSpec, context_days: int
) -> dict[str, tuple[int, float | None]]:
    """Return per split how many decision rows it has, 0 included, and their base rate.

    Unlike `build_dataset`, this refuses no table. The base rate is None for test, whose labels are not made,
    and for a split without rows. Arguments as of `build_dataset`.
    """
    dates = frame["Date"].to_numpy()
    rows = split_rows(dates, split, context_days=context_days, horizon_days=label.horizon_days)
    sizes: dict[str, tuple[int, float | None]] = {}
    for name, of_split in rows.items():
        rate = None
        if name in SEARCH_SPLITS and len(of_split):
            known = frame[: of_split[-1] + 1 + label.horizon_days]
            prices = (known[column].to_numpy(dtype=np.float64) for column in ("High", "Close"))
            rate = float(label_rows(*prices, label)[of_split].mean())
        sizes[name] = len(of_split), rate
    return sizes


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
            "first_date": iso(dataset.dates[rows[0]]),
            "last_date": iso(dataset.dates[rows[-1]]),
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
            span = f" ({iso(dates[rows[name][0]])} to {iso(dates[rows[name][-1]])})" if count else ""
            raise OneClassError(
                f"{name} has {count} decision rows{span} of which {positives} are positive; expected both "
                "classes: change the threshold, the horizon or the split"
            )
