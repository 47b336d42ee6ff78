"""Compute the a25 table of one ticker: 25 feature columns, 5 of its bars and 20 indicators."""

from pathlib import Path

from simmer.base.logs import job
from simmer.data.bars_csv import read_bars
from simmer.data.manifest import read_entry
from simmer.features.indicators import build_a25
from simmer.features.tables import keep_features
from simmer.ledger.made_from import made_from


def main(*, bars: Path, raw_resource: Path, table: Path, resource: Path) -> None:
    """Write the features of `bars` to `table`, and their manifest entry to `resource`."""
    keep_features(
        build_a25(read_bars(bars)), made_of=[read_entry(raw_resource)], table=table, resource=resource
    )


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            bars=Path(snakemake.input.bars),
            raw_resource=Path(snakemake.input.resource),
            table=Path(snakemake.output.table),
            resource=Path(snakemake.output.resource),
        )
