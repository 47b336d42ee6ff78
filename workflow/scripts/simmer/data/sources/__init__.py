"""Where raw bars come from: a module per source, found by its name in the configuration.

A new source is a module with `acquire(settings, spec, store)` and a line in `_ACQUIRE`.
"""

from collections.abc import Callable

from simmer.data.settings import DataSettings
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import bundled, csv, yahoo
from simmer.data.sources.acquired import AcquiredBars
from simmer.data.tickers import TickerSpec

_ACQUIRE: dict[str, Callable[[DataSettings, TickerSpec, SnapshotStore], AcquiredBars]] = {
    "bundled": bundled.acquire,
    "csv": csv.acquire,
    "yahoo": yahoo.acquire,
}


def acquire(settings: DataSettings, ticker: str, store: SnapshotStore) -> AcquiredBars:
    """Get the bars of one ticker from the configured source; the network is never touched.

    Args:
        settings: config block `data`.
        ticker: one of its tickers.
        store: where snapshots are kept; the source csv adds one if it has none yet.

    Raises:
        ConfigError: when the ticker's entry does not fit the source.
        DataError: when the source does not have the bars, or they break a rule.
    """
    return _ACQUIRE[settings.source](settings, settings.ticker(ticker), store)
