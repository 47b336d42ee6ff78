"""A vendor's bars into the store: fetched whole, held against every rule, then kept as a snapshot."""

import logging
from datetime import date
from importlib.metadata import version
from pathlib import Path

from simmer.base.errors import ConfigError
from simmer.data.adjustment import compare_with_vendor
from simmer.data.bars_csv import canonical_csv
from simmer.data.manifest import Provenance
from simmer.data.registration import keep
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot, SnapshotStore
from simmer.data.sources.yahoo import vendor_origin
from simmer.data.tickers import KNOWN_TICKERS
from simmer.data.vendor import VENDOR_COLUMNS
from simmer.data.yahoo import fetch_bars, require_complete_history, require_old_end

# Vendors round; beyond this their adjusted prices and ours do not tell the same story.
MAX_ADJUSTMENT_DIFFERENCE = 1e-3

logger = logging.getLogger(__name__)


def fetch(
    settings: DataSettings, ticker: str, store: SnapshotStore, *, cache_folder: Path, today: date
) -> Snapshot:
    """Fetch the whole history of a ticker from the vendor and keep it as a snapshot.

    Args:
        settings: config block `data`, with the source yahoo.
        ticker: one of its tickers.
        store: where snapshots are kept.
        cache_folder: a folder of this job's own for what the vendor's client remembers.
        today: the date here.

    Raises:
        ConfigError: when the source is another one, or `end` is too young.
        DataError: when the vendor cannot be reached, or its bars break a rule; nothing is kept.
    """
    if settings.source != "yahoo":
        raise ConfigError(
            f"data.source is {settings.source}; only the source yahoo can be fetched: lay config/yahoo.yaml "
            "or one like it over the configuration (make fetch CONFIG=config/yahoo.yaml)"
        )
    spec, end = settings.ticker(ticker), settings.last_day()
    require_old_end(end, today=today, calendar=settings.calendar)
    frame = fetch_bars(spec.vendor_symbol, end=end, cache_folder=cache_folder)
    known = KNOWN_TICKERS.get(ticker)
    require_complete_history(
        frame,
        symbol=spec.vendor_symbol,
        expected_first=date.fromisoformat(known.first_date) if known else None,
        end=end,
        calendar=settings.calendar,
    )
    check = compare_with_vendor(frame)
    if check.largest_relative_difference > MAX_ADJUSTMENT_DIFFERENCE:
        logger.warning("%s: %s", ticker, check)
    tool = f"yfinance {version('yfinance')}"
    title = f"Yahoo Finance, daily history of {spec.vendor_symbol} before {end}, through {tool}"
    return keep(
        canonical_csv(frame),
        spec=spec,
        file_name=f"the answer for {spec.vendor_symbol}",
        columns=VENDOR_COLUMNS,
        calendar=settings.calendar,
        origin=vendor_origin(settings, spec),
        provenance=Provenance(
            ticker=ticker,
            kind=spec.kind,
            adjustment="index level" if spec.kind != "etf" else "for splits by the vendor",
            tool=tool,
            sources=({"title": title},),
            calendar=settings.calendar,
        ),
        store=store,
    )
