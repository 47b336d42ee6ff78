"""The walk-forward sets on which a training recipe is judged.

The decision days of the shipped train and validation splits make 8.5 blocks. Fold f trains on the first
3.5 + f of them, chooses the epoch on the next block (validation) and is scored on the one after it (later
days). Each set is a dataset of the product whose test split is the later days, so that the product's own code
purges and standardises. The shipped test days are in no table that a set is made of.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from setting import ROOT
from simmer.config.dataset import DatasetSettings
from simmer.config.layers import read_config
from simmer.features.dataset import Dataset
from simmer.features.of_bars import features_of_bars
from simmer.features.splits import find_borders
from support.bars import bundled_bars

SHIPPED_FILE = ROOT / "config/config.yaml"
TICKERS = ("GSPC", "IXIC")
HORIZONS_DAYS = (1, 3, 5)
FOLDS = (0, 1, 2, 3)
SCORED = {"validation": "validation", "later": "test"}  # names of the scored parts, here and in a dataset
BLOCKS = 8.5
BLOCKS_OF_FIRST_TRAIN = 3.5


@dataclass(frozen=True)
class WalkForwardSet:
    """One series at one horizon in one fold."""

    ticker: str
    horizon_days: int
    fold: int

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.ticker} h{self.horizon_days} fold {self.fold}"

    @property
    def other_ticker(self) -> str:
        """The series that the set is not about."""
        return next(ticker for ticker in TICKERS if ticker != self.ticker)

    def last_days(self) -> np.ndarray:
        """Return the last day of train, of validation and of the later days, [3] datetime64[us]."""
        days = days_before_test(self.ticker)
        blocks = BLOCKS_OF_FIRST_TRAIN + self.fold + np.arange(3)
        return days[np.rint(len(days) * blocks / BLOCKS).astype(np.int64) - 1]

    def overlay(self) -> dict[str, Any]:
        """Return the ticker and the split as an overlay of the configuration."""
        train_end, validation_end, _ = self.last_days().astype("datetime64[D]").astype(str).tolist()
        split = {"train_end": train_end, "validation_end": validation_end}
        return {"dataset": {"ticker": self.ticker, "split": split}}

    def tables(self, settings: DatasetSettings) -> list[pd.DataFrame]:
        """Return the feature tables up to the last of the later days, the set's own first."""
        *_, last = self.last_days()
        tables = (feature_table(ticker, settings.volatility) for ticker in settings.window_tickers)
        return [table[table["Date"].to_numpy() <= last] for table in tables]

    def dataset(self, settings: DatasetSettings) -> Dataset:
        """Return the windows and labels; the test split of the dataset is the later days."""
        own, *pooled = self.tables(settings)
        return settings.build(own, self.horizon_days, test="open", pooled=pooled)


SETS = tuple(WalkForwardSet(*one) for one in product(TICKERS, HORIZONS_DAYS, FOLDS))


@cache
def days_before_test(ticker: str) -> np.ndarray:
    """Return the decision days of the shipped train and validation splits, [days] datetime64[us]."""
    shipped = read_config([SHIPPED_FILE]).dataset
    dates = feature_table(ticker, shipped.volatility)["Date"].to_numpy()
    _, first_of_test = find_borders(dates, shipped.split, context_days=shipped.context_days)
    return dates[shipped.context_days - 1 : first_of_test]


@cache
def feature_table(ticker: str, volatility: bool) -> pd.DataFrame:
    """Return the features of all bundled bars of a series."""
    return features_of_bars(bundled_bars(ticker), volatility=volatility).frame
