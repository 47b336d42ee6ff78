"""Source `csv`: the user's own file, kept as a snapshot when it is first read."""

import logging
from pathlib import Path

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.data.bars_csv import COLUMNS
from simmer.data.own_files import file_of, own_folder, read_own_bars
from simmer.data.registration import keep, origin_of_file, provenance_of_file
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.sources.acquired import AcquiredBars, from_snapshot
from simmer.data.tickers import TickerSpec
from simmer.data.untrusted_files import is_there, read_own_file

logger = logging.getLogger(__name__)


def acquire(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> AcquiredBars:
    """Return the bars of a ticker; raises as `simmer.data.sources.acquire`."""
    name = file_of(spec)
    origin = origin_of_file(Path(settings.folder or ".") / name)
    snapshot = store.choose(spec.ticker, origin=origin, pinned=spec.snapshot)
    if snapshot is None or not is_there(snapshot.path):
        content = read_own_bars(settings.folder, name, ticker=spec.ticker)
        if snapshot is not None:
            snapshot.require(content)
        snapshot = keep(
            content,
            spec=spec,
            file_name=name,
            columns=COLUMNS,
            calendar=settings.calendar,
            origin=origin,
            provenance=provenance_of_file(name, content, spec=spec, calendar=settings.calendar),
            store=store,
        )
    else:
        store.settle()
        if spec.snapshot is None:
            _warn_if_changed(own_folder(settings.folder), name, snapshot, spec)
    return from_snapshot(snapshot, spec, settings)


def _warn_if_changed(folder: Path, name: str, snapshot: Snapshot, spec: TickerSpec) -> None:
    try:
        content = read_own_file(folder, name)
    except DataError:
        return  # the file is no longer needed
    if f"sha256:{sha256_of_bytes(content)}" != snapshot.entry["hash"]:
        logger.warning(
            "%s was changed since snapshot %s of %s was taken; the snapshot is used. To use the new content, "
            "run `make register FILE=%s TICKER=%s` and pin the new snapshot in the configuration",
            *(name, snapshot.id, spec.ticker, folder / name, spec.ticker),
        )
