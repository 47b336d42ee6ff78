"""Where raw bars come from: one function per source, found by its name in the configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from simmer.data.bars import COLUMNS, PRICES, parse_bars
from simmer.data.manifest import Provenance
from simmer.data.problems import quote, refuse_errors
from simmer.data.tables import DATE_DTYPE
from simmer.data.tickers import TickerSpec
from simmer.errors import ConfigError, DataError
from simmer.files import sha256_of_bytes

BUNDLED_FIRST_DATE = pd.Timestamp("1999-01-04")
BUNDLED_LAST_DATE = pd.Timestamp("2018-12-31")
BUNDLED_ROWS = 5031

_BUNDLED_TITLES = {"GSPC": "S&P 500 index", "IXIC": "Nasdaq Composite index"}


@dataclass(frozen=True)
class AcquiredBars:
    """Bars as a source gave them (`COLUMNS`, dtypes of `parse_bars`), not yet checked, and their origin."""

    frame: pd.DataFrame
    source: str
    provenance: Provenance


def acquire(source: str, spec: TickerSpec) -> AcquiredBars:
    """Get the bars of one ticker from a named source.

    Raises:
        ConfigError: when the source is unknown or the spec does not fit it.
        DataError: when the source does not have the bars, or they cannot be read.
    """
    if source not in SOURCES:
        raise ConfigError(f"data source is {quote(source)}; expected one of {', '.join(sorted(SOURCES))}")
    return SOURCES[source](spec)


def _acquire_bundled(spec: TickerSpec) -> AcquiredBars:
    if spec.ticker not in _BUNDLED_TITLES:
        raise DataError(
            f"the bundled source has no {spec.ticker}; it has {', '.join(_BUNDLED_TITLES)}. "
            "Choose one of these, or the source csv with a file of your own"
        )
    if spec.kind != "index" or spec.file is not None:
        raise ConfigError(
            f"bundled {spec.ticker} is an index and takes no file; write kind: index and no file"
        )
    frame = _load_bundled(spec.ticker)
    require_bundled_range(frame, what=f"bundled {spec.ticker}")
    tool = f"arch {version('arch')}"
    title = f"{_BUNDLED_TITLES[spec.ticker]}, daily bars inside the Python package {tool}"
    return AcquiredBars(
        frame=frame,
        source="bundled",
        provenance=Provenance(spec.ticker, spec.kind, "index level", tool, ({"title": title},)),
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


def _acquire_csv(spec: TickerSpec) -> AcquiredBars:
    if spec.file is None:
        raise ConfigError(
            f"the source csv needs a file for {spec.ticker}; write file: path/to/{spec.ticker}.csv"
        )
    path = Path(spec.file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"the bars of {spec.ticker} cannot be read from {path} ({error.strerror}); put a CSV file "
            f"with the header {','.join(COLUMNS)} there, or change its path in the configuration"
        ) from error
    frame, problems = parse_bars(content, path.name)
    refuse_errors(problems, what=f"the file of {spec.ticker}")
    if frame is None:
        raise DataError(f"{path} holds no bars; expected the header {','.join(COLUMNS)} and one row per day")
    origin = {"title": f"own file {path.name}", "hash": f"sha256:{sha256_of_bytes(content)}"}
    return AcquiredBars(
        frame=frame,
        source="csv",
        provenance=Provenance(spec.ticker, spec.kind, "unknown", "own file", (origin,)),
    )


SOURCES: dict[str, Callable[[TickerSpec], AcquiredBars]] = {
    "bundled": _acquire_bundled,
    "csv": _acquire_csv,
}
