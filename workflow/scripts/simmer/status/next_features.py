"""Find out which features the next run learns from, even if it acquires other bars first."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from simmer.base.errors import DataError, SimmerError
from simmer.config.campaign import Config
from simmer.config.dataset import DatasetSettings
from simmer.data.requests import request_digest, request_of
from simmer.data.table_entry import features_sha256_in, request_in


def next_features(config: Config, data: Path, *, needs_table: bool = False) -> str | None:
    """Return the digest of the feature values that the next run learns from; None if they cannot be built.

    If there is no table, or if other bars are to be acquired, the bars are read from their source and the
    features computed in memory, which takes a second. Nothing is written.

    Args:
        config: the configuration. A relative `data.folder` begins in the folder that holds `data`.
        data: folder of bars and feature tables.
        needs_table: True to return None if there is no table.
    """
    data = data.absolute()
    built = built_features(table_entries(config.dataset, data))
    if not data.parent.is_dir() or (needs_table and built is None):
        return None
    with contextlib.chdir(data.parent), contextlib.suppress(SimmerError, OSError):
        if built is None or any(_has_new_bars(config, name, data) for name in config.dataset.tickers):
            return _computed(config, data)
        return built
    return None


def table_entries(dataset: DatasetSettings, data: Path) -> list[Path]:
    """Return the manifest entries of the tables that a search learns from, in a data folder."""
    return [data / "processed" / f"{table}.resource.json" for table in dataset.tables]


def built_features(entries: Iterable[Path]) -> str | None:
    """Return the digest of the feature values in the entries of tables; None if one is not known."""
    try:
        return features_sha256_in(entries)
    except DataError:
        return None


def _has_new_bars(config: Config, ticker: str, data: Path) -> bool:
    acquired_for = request_in(data / "raw" / f"{ticker}.resource.json")
    request = request_of(config.data, ticker, data / "snapshots")
    return acquired_for not in (None, request_digest(request))


def _computed(config: Config, data: Path) -> str | None:
    # They import pandas, and a plan of the workflow has to be quick.
    from simmer.data.inspection import inspect_bars
    from simmer.data.reading_store import ReadingStore
    from simmer.data.tables import features_sha256

    store, dataset = ReadingStore(data / "snapshots"), config.dataset
    specs = {ticker: config.data.ticker(ticker) for ticker in dataset.tickers}
    bars = {ticker: inspect_bars(config.data, spec, store).frame for ticker, spec in specs.items()}
    if any(frame is None for frame in bars.values()):
        return None
    return features_sha256(dataset.features(bars))
