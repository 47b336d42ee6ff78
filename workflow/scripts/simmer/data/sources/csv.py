"""Source `csv`: the user's own file, kept when it is first read, with `latest` whenever it changed."""

from simmer.base.errors import DataError
from simmer.base.files import sha256_of_bytes
from simmer.data.own_files import folder_of, own_file, read_own_bars
from simmer.data.registration import keep, origin_of_file, provenance_of_file
from simmer.data.settings import DataSettings
from simmer.data.snapshots import ID_DIGITS, Snapshot, SnapshotStore
from simmer.data.sources.acquired import AcquiredBars, from_snapshot
from simmer.data.tickers import TickerSpec
from simmer.data.untrusted_files import is_there, read_own_file


def acquire(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> AcquiredBars:
    """Return the bars of a ticker; raises as `simmer.data.sources.acquire`."""
    folder, name = own_file(settings, spec)
    latest, origin = settings.takes_latest(spec), origin_of_file(folder / name, store.root)
    calendar = settings.calendar_of(spec)
    snapshot = store.choose(spec.ticker, origin=origin, pinned=spec.snapshot, latest=latest)
    if latest or snapshot is None or not is_there(snapshot.path):
        try:
            content = read_own_bars(folder_of(settings, spec), name, ticker=spec.ticker)
            if snapshot is not None and not latest:
                snapshot.require(content)
            snapshot = keep(
                content,
                spec=spec,
                file_name=name,
                calendar=calendar,
                origin=origin,
                provenance=provenance_of_file(name, content, spec=spec, calendar=calendar),
                store=store,
            )
        except DataError as error:
            if latest and snapshot is not None:
                raise DataError(f"{error}\n{_how_to_stay(snapshot)}") from error
            raise
    else:
        store.settle()
    return from_snapshot(snapshot, spec, settings)


def latest_id(settings: DataSettings, spec: TickerSpec, _: SnapshotStore) -> str:
    """Return the id of the snapshot of the file as it is; raises as `simmer.data.sources.latest_id`."""
    return sha256_of_bytes(read_own_file(*own_file(settings, spec)))[:ID_DIGITS]


def _how_to_stay(snapshot: Snapshot) -> str:
    ticker = snapshot.entry["ticker"]
    return (
        f"To go on with the bars of {ticker} that were kept last, on {snapshot.kept_on}, add "
        f"`snapshot: {snapshot.id!r}` to its entry in data.tickers"
    )
