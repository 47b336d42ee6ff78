"""Validate the bars of one ticker and describe its labels and splits, in the ticker's own folder."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import job
from simmer.ledger.made_from import made_from
from simmer.runs.ticker import run_ticker


def main(*, command: Sequence[str], folder: Path) -> None:
    """Run the campaign in `folder` up to its dataset, without a line on the terminal unless it fails.

    Raises:
        Interrupted, TickerError: as `run_ticker`.
    """
    run_ticker(command, folder, cores=1, targets=["results/dataset.json"], shown=False)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            command=snakemake.params.command,
            folder=Path(snakemake.input.configuration).parent,
        )
