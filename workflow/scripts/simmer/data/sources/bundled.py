"""Source `bundled`: real daily bars from the `arch` package; needs no network."""

from importlib.metadata import version

import pandas as pd

from simmer.base.errors import ConfigError, DataError
from simmer.data.bars_csv import COLUMNS, PRICES
from simmer.data.choices import choices_of
from simmer.data.layouts.own_table import chosen_rows
from simmer.data.manifest import Provenance
from simmer.data.problems import refuse_errors
from simmer.data.settings import DataSettings
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources.acquired import AcquiredBars
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import TickerSpec

BUNDLED_FIRST_DATE = pd.Timestamp("1999-01-04")
BUNDLED_LAST_DATE = pd.Timestamp("2018-12-31")
BUNDLED_ROWS = 5031

_BUNDLED_TITLES = {"GSPC": "S&P 500 index", "IXIC": "Nasdaq Composite index"}


def acquire(settings: DataSettings, spec: TickerSpec, _: SnapshotStore) -> AcquiredBars:
    """Return the bars of a ticker; raises as `simmer.data.sources.acquire`."""
    if spec.ticker not in _BUNDLED_TITLES:
        raise DataError(
            f"the bundled source has no {spec.ticker}; it has {', '.join(_BUNDLED_TITLES)}. "
            "Choose one of these, or use the source csv with your own file"
        )
    if spec.kind != "index" or (spec.file, spec.symbol, spec.snapshot) != (None, None, None):
        raise ConfigError(
            f"bundled {spec.ticker} is an index and takes no file, symbol or snapshot; write kind: index"
        )
    frame = _load_bundled(spec.ticker)
    what = f"bundled {spec.ticker}"
    require_bundled_range(frame, what=what)
    used = chosen_rows(frame, (), file_name=what, choices=choices_of(spec))
    refuse_errors(used.problems, what=what)
    tool = f"arch {version('arch')}"
    title = f"{_BUNDLED_TITLES[spec.ticker]}, daily bars inside the Python package {tool}"
    origin = ({"title": title},)
    return AcquiredBars(
        used.frame,
        Provenance(
            spec.ticker,
            spec.kind,
            "index level",
            tool,
            origin,
            settings.calendar_of(spec),
            choices=used.choices.as_json(),
        ),
        choices=used.choices,
    )


def _load_bundled(ticker: str) -> pd.DataFrame:
    import arch.data.nasdaq
    import arch.data.sp500

    loaded = {"GSPC": arch.data.sp500.load, "IXIC": arch.data.nasdaq.load}[ticker]()
    dtypes = {"Date": DATE_DTYPE, **dict.fromkeys(PRICES, "float64"), "Volume": "int64"}
    return loaded.rename_axis("Date").reset_index()[list(COLUMNS)].astype(dtypes)


def require_bundled_range(frame: pd.DataFrame, *, what: str) -> None:
    """Raise `DataError` unless bundled bars are the 5031 sessions from 1999-01-04 to 2018-12-31.

    Loaders of example data have returned shifted dates with new pandas versions; no other check finds that.
    """
    found = (frame["Date"].min(), frame["Date"].max(), len(frame))
    if found != (BUNDLED_FIRST_DATE, BUNDLED_LAST_DATE, BUNDLED_ROWS):
        raise DataError(
            f"{what} has {found[2]} rows from {found[0]:%Y-%m-%d} to {found[1]:%Y-%m-%d}; expected "
            f"{BUNDLED_ROWS} from {BUNDLED_FIRST_DATE:%Y-%m-%d} to {BUNDLED_LAST_DATE:%Y-%m-%d}. "
            "Install the versions in constraints.txt"
        )
