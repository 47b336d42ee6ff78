"""A small intact data folder, which each case damages."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.data.bars_csv import PRICES, canonical_csv
from simmer.data.settings import DataSettings
from simmer.data.tickers import TickerSpec
from support import chain
from support.bars import session_bars
from support.configs import data_settings

ROWS = 300
TICKERS = (TickerSpec("DIA", "etf"), TickerSpec("SPY", "etf"))


def bars_of(**options: object) -> pd.DataFrame:
    """Return rounded bars, one a session."""
    return rounded(session_bars(ROWS, **options))


def rounded(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars whose prices have four decimals.

    The last bit of an exponential depends on the processor; rounding keeps the sizes in the page the same.
    """
    return bars.round(dict.fromkeys(PRICES, 4))


def make_good(folder: Path) -> None:
    """Make an intact data folder: own files, snapshots, raw and processed tables with their manifests."""
    own = folder / "own"
    own.mkdir(parents=True)
    spy = bars_of()
    apart = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.002, ROWS)))
    dia = spy.assign(**{name: spy[name] * apart for name in PRICES})
    for ticker, bars in (("SPY", spy), ("DIA", rounded(dia))):
        (own / f"{ticker}.csv").write_bytes(canonical_csv(bars))
    settings = settings_of(folder)
    for spec in TICKERS:
        chain.acquire(folder, settings, spec.ticker)
    chain.write_manifest(folder, "raw")
    chain.validate(folder, settings)
    for spec in TICKERS:
        chain.build(folder, spec.ticker)
    chain.write_manifest(folder, "processed")


def settings_of(folder: Path, *changed: TickerSpec) -> DataSettings:
    """Return the settings of a data folder, with some tickers changed."""
    specs = {spec.ticker: spec for spec in (*TICKERS, *changed)}
    return data_settings(*specs.values(), source="csv", folder=str(folder / "own"))


def remove(folder: Path) -> None:
    """Remove a data folder, even if some of its folders are closed."""
    for place in ("own", "data/raw", "data/snapshots/SPY"):
        (folder / place).chmod(0o755)
    shutil.rmtree(folder)
