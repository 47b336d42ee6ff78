"""Compute the features of an index without volume: the VIX."""

import logging
from pathlib import Path

from simmer.base.logs import job
from simmer.data.bars_csv import read_bars
from simmer.data.manifest import read_entry
from simmer.data.sessions import expected_days
from simmer.features.tables import keep_features
from simmer.features.vix import build_vix
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(*, bars: Path, raw_resource: Path, calendar: str, table: Path, resource: Path) -> None:
    """Write the features of `bars` to `table`, and their manifest entry to `resource`."""
    frame = read_bars(bars)
    days = frame["Date"].to_numpy().astype("datetime64[D]")
    vix = build_vix(frame, expected_days(calendar, days))
    if vix.dropped_days:
        logger.info("%s: %s left out, no sessions of %s", table.name, ", ".join(vix.dropped_days), calendar)
    keep_features(vix, made_of=[read_entry(raw_resource)], table=table, resource=resource)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            bars=Path(snakemake.input.bars),
            raw_resource=Path(snakemake.input.resource),
            calendar=snakemake.params.calendar,
            table=Path(snakemake.output.table),
            resource=Path(snakemake.output.resource),
        )
