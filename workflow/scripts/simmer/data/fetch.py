"""Fetch a ticker's whole history from the vendor, check it and keep it as a snapshot."""

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

# A larger relative difference is not explained by the vendor's rounding.
MAX_ADJUSTMENT_DIFFERENCE = 1e-3

logger = logging.getLogger(__name__)


def fetch(
    settings: DataSettings, ticker: str, store: SnapshotStore, *, cache_folder: Path, today: date
) -> Snapshot:
    """Fetch the whole history of a ticker from the vendor and keep it as a snapshot.

    Args:
        settings: config block `data`, with the source yahoo.
        ticker: one of its tickers.
        store: the snapshots.
        cache_folder: folder for the cache of the vendor's client, used by this job only.
        today: the local date.

    Raises:
        ConfigError: when the source is not yahoo, or `end` is too recent.
        DataError: when the vendor cannot be reached, or its bars break a rule; nothing is kept.
    """
    if settings.source != "yahoo":
        raise ConfigError(
            f"data.source is {settings.source}; only the source yahoo can be fetched: add config/yahoo.yaml "
            "or a similar overlay to the configuration (make fetch CONFIG=config/yahoo.yaml)"
        )
    spec, end = settings.ticker(ticker), settings.last_day()
    calendar = settings.calendar_of(spec)
    require_old_end(end, today=today, calendar=calendar)
    frame = fetch_bars(spec.vendor_symbol, end=end, cache_folder=cache_folder)
    known = KNOWN_TICKERS.get(ticker)
    require_complete_history(
        frame,
        symbol=spec.vendor_symbol,
        expected_first=date.fromisoformat(known.first_date) if known else None,
        end=end,
        calendar=calendar,
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
        calendar=calendar,
        origin=vendor_origin(settings, spec),
        provenance=Provenance(
            ticker=ticker,
            kind=spec.kind,
            adjustment="index level" if spec.kind.endswith("index") else "for splits by the vendor",
            tool=tool,
            sources=({"title": title},),
            calendar=calendar,
        ),
        store=store,
    )
