"""Search one scale of one ticker, in the ticker's own folder."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import job
from simmer.ledger.made_from import made_from
from simmer.runs.ticker import run_ticker


def main(*, command: Sequence[str], folder: Path, cores: int, scale: str) -> None:
    """Run the campaign in `folder` until this scale is searched.

    Raises:
        Interrupted, TickerError: as `run_ticker`.
    """
    run_ticker(command, folder, cores=cores, targets=[f"results/hpo_{scale}.done"])


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            command=snakemake.params.command,
            folder=Path(snakemake.input.configuration).parent,
            cores=snakemake.threads,
            scale=snakemake.wildcards.scale,
        )
