"""Train windows of other tickers, added to those of the ticker that a study is about.

Everything about a pooled ticker is computed from its rows before the first day of validation: no window,
label or statistic can depend on a later day.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simmer.base.errors import DatasetError
from simmer.features.labels import LabelSpec
from simmer.features.labels import label as label_rows
from simmer.features.standardised import Standardised, iso, standardise


@dataclass(frozen=True, kw_only=True)
class PooledTrain(Standardised):
    """Train windows of a pooled ticker, standardised over its own rows; the last row is a decision row.

    Attributes:
        ticker: its name.
        decision_rows: [n] int64, ascending.
        labels: [n] int8, one for each decision row.
    """

    ticker: str
    decision_rows: np.ndarray
    labels: np.ndarray

    def facts(self) -> dict[str, int | float | str]:
        """Return n, first_date, last_date, positives and base_rate of the windows."""
        return {
            "n": len(self.decision_rows),
            "first_date": iso(self.dates[self.decision_rows[0]]),
            "last_date": iso(self.dates[-1]),
            "positives": int(self.labels.sum()),
            "base_rate": float(self.labels.mean()),
        }


def pooled_train(
    ticker: str,
    frame: pd.DataFrame,
    *,
    before: np.datetime64,
    label: LabelSpec,
    context_days: int,
    feature_columns: tuple[str, ...],
) -> PooledTrain:
    """Return the windows of a ticker whose labels need no day from `before` on.

    Args:
        ticker: its name.
        frame: its feature table, see `simmer.features.dataset.build_dataset`.
        before: first day of the validation split.
        label: as of the dataset.
        context_days: rows of one window.
        feature_columns: the channels, in order.

    Raises:
        DatasetError: when there is no such window, its labels have one class, or a feature is not finite or
            constant over these rows.
    """
    known = frame[frame["Date"].to_numpy() < before]
    rows = np.arange(context_days - 1, len(known) - label.horizon_days)
    if len(rows) == 0:
        dates = frame["Date"].to_numpy()
        raise DatasetError(
            f"dataset.pool: {ticker} has no train window before {iso(before)}, when validation begins: its "
            f"table is from {iso(dates[0])} to {iso(dates[-1])}; leave it out, or use a longer series"
        )
    prices = (known[name].to_numpy(dtype=np.float64) for name in ("High", "Close"))
    labels = label_rows(*prices, label)[rows]
    if not 0 < labels.sum() < len(labels):
        raise DatasetError(
            f"dataset.pool: {ticker} has {len(labels)} train windows of which {labels.sum()} are positive; "
            "expected both classes: leave it out, or change the threshold or the horizon"
        )
    try:
        channels = standardise(known.iloc[: rows[-1] + 1], feature_columns, train_rows=rows[-1] + 1)
    except DatasetError as error:
        raise DatasetError(f"dataset.pool: {ticker}: {error}") from error
    return PooledTrain(**vars(channels), ticker=ticker, decision_rows=rows, labels=labels)
