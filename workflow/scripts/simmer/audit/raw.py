"""Raw series of the feature rules, cut or disturbed from a day on, and the feature builders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.config.dataset import DatasetSettings
from simmer.data.bars_csv import PRICES, read_bars
from simmer.data.sessions import expected_days
from simmer.features.of_bars import features_of_bars
from simmer.features.vix import build_vix

DISTURBANCE = 0.05  # of the log price, about five times the daily move of an index


@dataclass(frozen=True)
class RawSeries:
    """Daily bars of a ticker, and of the VIX if its features are on; both validated and ascending."""

    bars: pd.DataFrame
    vix_bars: pd.DataFrame | None = None

    @property
    def days(self) -> np.ndarray:
        """The days of the ticker's bars, [rows] datetime64[D]."""
        return days_of(self.bars)

    def until(self, day: np.datetime64) -> "RawSeries":
        """Return the series up to and including `day`."""
        return self._mapped(lambda bars: bars[days_of(bars) <= day].reset_index(drop=True))

    def disturbed_from(self, day: np.datetime64, *, seed: int) -> "RawSeries":
        """Return the series with the prices of each row from `day` on multiplied by a random factor.

        All prices of a row share the factor, so that open and close stay within the day's range.
        """

        def disturbed(bars: pd.DataFrame) -> pd.DataFrame:
            later = days_of(bars) >= day
            factors = np.exp(np.random.default_rng(seed).normal(0, DISTURBANCE, int(later.sum())))
            changed = bars.copy()
            for name in PRICES:
                values = bars[name].to_numpy(copy=True)
                values[later] *= factors
                changed[name] = values
            return changed

        return self._mapped(disturbed)

    def _mapped(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> "RawSeries":
        return RawSeries(change(self.bars), None if self.vix_bars is None else change(self.vix_bars))


@dataclass(frozen=True)
class PooledSeries:
    """Bars of a pooled ticker, and the feature table that the trials use, with its name."""

    ticker: str
    raw: RawSeries
    name: str
    table: pd.DataFrame


def read_raw(bars: Path, vix_bars: Sequence[Path]) -> RawSeries:
    """Read raw bars from their files; `vix_bars` has one path at most.

    Raises:
        DataError: when a file is missing or cannot be read as bars.
    """
    return RawSeries(read_bars(bars), *(read_bars(path) for path in vix_bars))


FeatureBuilder = Callable[[RawSeries], pd.DataFrame]


def model_features(dataset: DatasetSettings) -> FeatureBuilder:
    """Return the builder of the feature table of the trials, the same as in the rules."""
    settings = {"volatility": dataset.volatility, "volume": dataset.volume}
    return lambda raw: features_of_bars(raw.bars, raw.vix_bars, **settings).frame


def vix_features(calendar: str) -> FeatureBuilder:
    """Return the builder of the VIX table on the sessions of an exchange."""

    def build(raw: RawSeries) -> pd.DataFrame:
        return build_vix(raw.vix_bars, expected_days(calendar, days_of(raw.vix_bars))).frame

    return build


def days_of(frame: pd.DataFrame) -> np.ndarray:
    """Return the column Date as [rows] datetime64[D]."""
    return frame["Date"].to_numpy().astype("datetime64[D]")
