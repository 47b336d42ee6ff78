"""Gather all trials of a scale into the tables a person opens."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.files import read_json, write_json, write_text
from simmer.logs import job
from simmer.search.table import best_by_horizon, summary, trials_csv

logger = logging.getLogger(__name__)


def main(*, trials: Sequence[Path], table: Path, best: Path, done: Path) -> None:
    """Write one row per trial to `table`, the best trial per horizon to `best`, a summary to `done`."""
    results = [read_json(path) for path in trials]
    write_text(table, trials_csv(results))
    write_json(best, best_by_horizon(results))
    write_text(done, summary(results))
    logger.info("%s", summary(results).rstrip())


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            trials=[Path(path) for path in snakemake.input.trials],
            table=Path(snakemake.output.table),
            best=Path(snakemake.output.best),
            done=Path(snakemake.output.done),
        )
