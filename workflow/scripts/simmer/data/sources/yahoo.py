"""Source `yahoo`: a snapshot that `make fetch` downloaded; uses no network itself."""

from simmer.base.errors import DataError
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.sources.acquired import AcquiredBars, from_snapshot
from simmer.data.tickers import TickerSpec


def acquire(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> AcquiredBars:
    """Return the bars of a ticker; raises as `simmer.data.sources.acquire`."""
    snapshot = _chosen(settings, spec, store)
    if snapshot is None:
        raise DataError(
            f"found no snapshot of {spec.ticker} ({spec.vendor_symbol}) before {settings.end} in "
            f"{store.root}; expected one, because a run never downloads bars: run `make fetch` with the same "
            "CONFIG on a machine with network access"
        )
    return from_snapshot(snapshot, spec, settings)


def latest_id(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> str | None:
    """Return the id of the newest snapshot; raises as `simmer.data.sources.latest_id`."""
    snapshot = _chosen(settings, spec, store)
    return None if snapshot is None else snapshot.id


def vendor_origin(settings: DataSettings, spec: TickerSpec) -> dict[str, str]:
    """Return the origin of a vendor's bars: the symbol and the end date."""
    return {"source": "yahoo", "symbol": spec.vendor_symbol, "end": settings.last_day().isoformat()}


def _chosen(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> Snapshot | None:
    origin, latest = vendor_origin(settings, spec), settings.takes_latest(spec)
    return store.choose(spec.ticker, origin=origin, pinned=spec.snapshot, latest=latest)
