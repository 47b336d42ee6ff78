"""Train the refits of one ticker, score them and write its report, in the ticker's own folder."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import job
from simmer.ledger.made_from import made_from
from simmer.runs.ticker import run_ticker


def main(*, command: Sequence[str], folder: Path, cores: int) -> None:
    """Run the campaign in `folder` up to its report.

    Raises:
        Interrupted, TickerError: as `run_ticker`.
    """
    run_ticker(command, folder, cores=cores, targets=["report"])


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            command=snakemake.params.command,
            folder=Path(snakemake.input.configuration).parent,
            cores=snakemake.threads,
        )
