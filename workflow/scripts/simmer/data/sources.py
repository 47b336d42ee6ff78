"""Where raw bars come from: one function per source, found by its name in the configuration."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from simmer.base.errors import ConfigError, DataError
from simmer.base.files import sha256_of_bytes
from simmer.base.text import printable
from simmer.data.adjustment import adjust_for_dividends, unadjusted
from simmer.data.bars_csv import COLUMNS, PRICES
from simmer.data.manifest import Provenance
from simmer.data.reading import is_there, read_own_file
from simmer.data.registration import keep, origin_of_file, provenance_of_file, read_snapshot
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import VENDOR_COLUMNS

BUNDLED_FIRST_DATE = pd.Timestamp("1999-01-04")
BUNDLED_LAST_DATE = pd.Timestamp("2018-12-31")
BUNDLED_ROWS = 5031

_BUNDLED_TITLES = {"GSPC": "S&P 500 index", "IXIC": "Nasdaq Composite index"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AcquiredBars:
    """Bars as a source gave them (`COLUMNS`, dtypes of `parse_bars`), and their origin."""

    frame: pd.DataFrame
    provenance: Provenance


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
    return _SOURCES[settings.source](settings, settings.ticker(ticker), store)


def _acquire_bundled(settings: DataSettings, spec: TickerSpec, _: SnapshotStore) -> AcquiredBars:
    if spec.ticker not in _BUNDLED_TITLES:
        raise DataError(
            f"the bundled source has no {spec.ticker}; it has {', '.join(_BUNDLED_TITLES)}. "
            "Choose one of these, or the source csv with a file of your own"
        )
    if spec.kind != "index" or (spec.file, spec.symbol, spec.snapshot) != (None, None, None):
        raise ConfigError(
            f"bundled {spec.ticker} is an index and takes no file, symbol or snapshot; write kind: index"
        )
    frame = _load_bundled(spec.ticker)
    require_bundled_range(frame, what=f"bundled {spec.ticker}")
    tool = f"arch {version('arch')}"
    title = f"{_BUNDLED_TITLES[spec.ticker]}, daily bars inside the Python package {tool}"
    origin = ({"title": title},)
    return AcquiredBars(
        frame, Provenance(spec.ticker, spec.kind, "index level", tool, origin, settings.calendar)
    )


def _load_bundled(ticker: str) -> pd.DataFrame:
    import arch.data.nasdaq
    import arch.data.sp500

    loaded = {"GSPC": arch.data.sp500.load, "IXIC": arch.data.nasdaq.load}[ticker]()
    dtypes = {"Date": DATE_DTYPE, **dict.fromkeys(PRICES, "float64"), "Volume": "int64"}
    return loaded.rename_axis("Date").reset_index()[list(COLUMNS)].astype(dtypes)


def require_bundled_range(frame: pd.DataFrame, *, what: str) -> None:
    """Refuse bundled bars that are not the 5031 sessions from 1999-01-04 to 2018-12-31.

    Loaders of example data have shifted dates under new pandas versions, which no other check would see.

    Raises:
        DataError: naming the range that was found.
    """
    found = (frame["Date"].min(), frame["Date"].max(), len(frame))
    if found != (BUNDLED_FIRST_DATE, BUNDLED_LAST_DATE, BUNDLED_ROWS):
        raise DataError(
            f"{what} has {found[2]} rows from {found[0]:%Y-%m-%d} to {found[1]:%Y-%m-%d}; expected "
            f"{BUNDLED_ROWS} from {BUNDLED_FIRST_DATE:%Y-%m-%d} to {BUNDLED_LAST_DATE:%Y-%m-%d}. "
            "Install the versions of constraints.txt"
        )


def _acquire_csv(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> AcquiredBars:
    folder, name = Path(settings.folder or "."), spec.file or f"{spec.ticker}.csv"
    origin = origin_of_file(folder / name)
    snapshot = store.choose(spec.ticker, origin=origin, pinned=spec.snapshot)
    if snapshot is None or not is_there(snapshot.path):
        content = _own_bytes(folder, name, spec)
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
            _say_if_newer(folder, name, snapshot, spec)
    return _from_snapshot(snapshot, spec, settings)


def _own_bytes(folder: Path, name: str, spec: TickerSpec) -> bytes:
    try:
        return read_own_file(folder, name)
    except DataError as error:
        place = f"{printable(name)} in the folder {printable(str(folder))}"
        raise DataError(
            f"the bars of {spec.ticker} cannot be read from {place}: {error}. Expected a CSV file with the "
            f"header {','.join(COLUMNS)} where data.folder and the ticker's `file` say"
        ) from error


def _say_if_newer(folder: Path, name: str, snapshot: Snapshot, spec: TickerSpec) -> None:
    try:
        content = read_own_file(folder, name)
    except DataError:
        return  # the snapshot is all that is needed
    if f"sha256:{sha256_of_bytes(content)}" != snapshot.entry["hash"]:
        logger.warning(
            "%s was changed since snapshot %s of %s was taken; the snapshot is used. To take the file as it "
            "is now: make register FILE=%s TICKER=%s, and pin the new snapshot in the configuration",
            *(name, snapshot.id, spec.ticker, folder / name, spec.ticker),
        )


def _acquire_yahoo(settings: DataSettings, spec: TickerSpec, store: SnapshotStore) -> AcquiredBars:
    snapshot = store.choose(spec.ticker, origin=vendor_origin(settings, spec), pinned=spec.snapshot)
    if snapshot is None:
        raise DataError(
            f"found no snapshot of {spec.ticker} ({spec.vendor_symbol}) before {settings.end} in "
            f"{store.root}; expected one, for nothing here goes to the network unasked: run `make fetch` "
            "with the same CONFIG while there is a network"
        )
    return _from_snapshot(snapshot, spec, settings)


def vendor_origin(settings: DataSettings, spec: TickerSpec) -> dict[str, str]:
    """Return the origin of a vendor's bars: the symbol, and the first day that was not asked for."""
    return {"source": "yahoo", "symbol": spec.vendor_symbol, "end": settings.last_day().isoformat()}


def _from_snapshot(snapshot: Snapshot, spec: TickerSpec, settings: DataSettings) -> AcquiredBars:
    frame, entry = read_snapshot(snapshot), snapshot.entry
    adjustment = str(entry["adjustment"])
    if tuple(frame.columns) == VENDOR_COLUMNS:
        by_us = settings.adjustment == "dividends" and bool(frame["Dividends"].any())
        frame = adjust_for_dividends(frame) if by_us else unadjusted(frame)
        adjustment += ", for dividends by us" if by_us else ""
    source = {**entry["sources"][0], "hash": str(entry["hash"]), "snapshot": snapshot.id}
    return AcquiredBars(
        frame,
        Provenance(
            ticker=spec.ticker,
            kind=spec.kind,
            adjustment=adjustment,
            tool=str(entry["tool"]),
            sources=(source,),
            calendar=settings.calendar,
            retrieved_at=str(entry["retrieved_at"]),
        ),
    )


_SOURCES: dict[str, Callable[[DataSettings, TickerSpec, SnapshotStore], AcquiredBars]] = {
    "bundled": _acquire_bundled,
    "csv": _acquire_csv,
    "yahoo": _acquire_yahoo,
}
