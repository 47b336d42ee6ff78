"""Compute the feature table of one ticker with the features of the VIX: c, or c41 with volatility.

Without volume c29 or c37.
"""

import logging
from pathlib import Path

from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.config.dataset import DatasetSettings
from simmer.data.bars_csv import read_bars
from simmer.data.manifest import read_entry
from simmer.features.of_bars import features_of_bars
from simmer.features.tables import keep_features
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(
    *,
    bars: Path,
    vix_bars: Path,
    raw_resource: Path,
    vix_resource: Path,
    dataset: DatasetSettings,
    table: Path,
    resource: Path,
) -> None:
    """Write the features of `bars` and `vix_bars` to `table`, and their manifest entry to `resource`.

    Raises:
        DataError: when the VIX has a gap among the days of the prices, or ends before them.
    """
    combined = features_of_bars(
        read_bars(bars), read_bars(vix_bars), volatility=dataset.volatility, volume=dataset.volume
    )
    if combined.dropped_days:
        logger.info("%s: VIX of %s left out, no price", table.name, ", ".join(combined.dropped_days))
    made_of = [read_entry(raw_resource), read_entry(vix_resource)]
    keep_features(combined, made_of=made_of, table=table, resource=resource)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            bars=Path(snakemake.input.bars),
            vix_bars=Path(snakemake.input.vix_bars),
            raw_resource=Path(snakemake.input.resource),
            vix_resource=Path(snakemake.input.vix_resource),
            dataset=parse_config(snakemake.config).dataset,
            table=Path(snakemake.output.table),
            resource=Path(snakemake.output.resource),
        )
