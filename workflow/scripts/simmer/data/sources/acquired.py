"""Acquired bars: what every source returns."""

from dataclasses import dataclass

import pandas as pd

from simmer.data.adjustment import adjust_for_dividends, unadjusted
from simmer.data.manifest import Provenance
from simmer.data.registration import read_snapshot
from simmer.data.settings import DataSettings
from simmer.data.snapshots import Snapshot
from simmer.data.tickers import TickerSpec
from simmer.data.vendor import VENDOR_COLUMNS


@dataclass(frozen=True)
class AcquiredBars:
    """Bars from a source (`COLUMNS`, dtypes of `parse_bars`) and their provenance."""

    frame: pd.DataFrame
    provenance: Provenance


def from_snapshot(snapshot: Snapshot, spec: TickerSpec, settings: DataSettings) -> AcquiredBars:
    """Return the bars of a snapshot, adjusted for dividends if the settings say so."""
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
            calendar=settings.calendar_of(spec),
            retrieved_at=str(entry["retrieved_at"]),
        ),
    )
