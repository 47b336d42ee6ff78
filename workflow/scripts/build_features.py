"""Compute the feature table of one ticker from its own bars: a25, or a33 with volatility.

Without volume a21 or a29.
"""

from pathlib import Path

from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.data.bars_csv import read_bars
from simmer.data.manifest import read_entry
from simmer.features.of_bars import features_of_bars
from simmer.features.tables import keep_features
from simmer.ledger.made_from import made_from


def main(
    *, bars: Path, raw_resource: Path, volatility: bool, volume: bool, table: Path, resource: Path
) -> None:
    """Write the features of `bars` to `table`, and their manifest entry to `resource`."""
    features = features_of_bars(read_bars(bars), volatility=volatility, volume=volume)
    keep_features(features, made_of=[read_entry(raw_resource)], table=table, resource=resource)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        config = parse_config(snakemake.config)
        main(
            bars=Path(snakemake.input.bars),
            raw_resource=Path(snakemake.input.resource),
            volatility=config.dataset.volatility,
            volume=config.has_volume(snakemake.wildcards.ticker),
            table=Path(snakemake.output.table),
            resource=Path(snakemake.output.resource),
        )
