"""Bars for tests: a seeded random walk, and the real bars in the `arch` package."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from simmer.data.problems import Problem
from simmer.data.sessions import sessions
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire
from simmer.features.of_bars import features_of_bars
from support.configs import data_settings


def random_bars(rows: int, *, seed: int = 0, start: str = "2003-01-06") -> pd.DataFrame:
    """Return bars of a random walk on every weekday from `start`, in the dtypes of `parse_bars`."""
    first = np.busday_offset(np.datetime64(start), 0, roll="forward")
    return _walk(np.busday_offset(first, np.arange(rows)), seed)


def session_bars(
    rows: int, *, seed: int = 0, start: str = "2003-01-06", calendar: str = "XNYS"
) -> pd.DataFrame:
    """Return bars of a random walk on the sessions of an exchange from `start`."""
    last = np.datetime64(start) + np.timedelta64(rows * 2 + 30, "D")
    return _walk(sessions(calendar, np.datetime64(start), last)[:rows], seed)


def _walk(days: np.ndarray, seed: int) -> pd.DataFrame:
    rng, rows = np.random.default_rng(seed), len(days)
    close = 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.011, rows)))
    open_ = close * np.exp(rng.normal(0, 0.004, rows))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.005, rows)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.005, rows)))
    return pd.DataFrame(
        {
            "Date": days.astype("datetime64[us]"),
            "Open": open_,
            "High": high,
            "Low": low,
            "Close": close,
            "Volume": rng.integers(1_000_000, 9_000_000, rows),
        }
    )


@cache
def _bundled(ticker: str) -> pd.DataFrame:
    # The bundled source keeps no snapshots, so this folder is never made.
    return acquire(data_settings(), ticker, SnapshotStore(Path("never"))).frame


def bundled_bars(ticker: str = "GSPC") -> pd.DataFrame:
    """Return a copy of the real bars of an index in the `arch` package."""
    return _bundled(ticker).copy()


def bundled_table(ticker: str = "GSPC") -> pd.DataFrame:
    """Return the feature table of the shipped configuration, a33, of the real bars of an index."""
    return features_of_bars(_bundled(ticker), volatility=True).frame


def bits(values: np.ndarray) -> bytes:
    """Return the raw bytes of an array, equal only for bit-identical values, NaN and -0.0 included."""
    return np.ascontiguousarray(values).tobytes()


def rules(problems: Iterable[Problem], severity: str = "error") -> list[tuple[str, int | None]]:
    """Return rule and row of the problems of one severity."""
    return [(problem.rule, problem.row) for problem in problems if problem.severity == severity]
