"""Sources of raw bars, one module each.

To add a source, write a module with `acquire(settings, spec, store)` and add a line to `_ACQUIRE`; if its
bars can change, also `latest_id(settings, spec, store)` and a line to `_LATEST_ID`.
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
_LATEST_ID: dict[str, Callable[[DataSettings, TickerSpec, SnapshotStore], str | None]] = {
    "csv": csv.latest_id,
    "yahoo": yahoo.latest_id,
}


def acquire(settings: DataSettings, ticker: str, store: SnapshotStore) -> AcquiredBars:
    """Return the bars of one ticker from the configured source, without using the network.

    Args:
        settings: config block `data`.
        ticker: one of its tickers.
        store: the snapshots; the source csv adds one if there is none yet, or if the latest is wanted.

    Raises:
        ConfigError: when the ticker's entry does not fit the source.
        DataError: when the source does not have the bars, or they break a rule.
    """
    return _ACQUIRE[settings.source](settings, settings.ticker(ticker), store)


def latest_id(settings: DataSettings, ticker: str, store: SnapshotStore) -> str | None:
    """Return the id of the snapshot that `data.snapshot: latest` means now; None if there is none yet.

    Raises:
        DataError: when the own file or the entry of a snapshot cannot be read.
    """
    return _LATEST_ID[settings.source](settings, settings.ticker(ticker), store)
