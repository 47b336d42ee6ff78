"""Gather the hardware samples of all trials into one table."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import job
from simmer.ledger.hardware_table import hardware_table, write_hardware_table
from simmer.ledger.made_from import made_from
from simmer.ledger.trial_log import read_trial_log

logger = logging.getLogger(__name__)


def main(*, logs: Sequence[Path], table: Path) -> None:
    """Write one row per hardware sample of `logs` to `table`.

    Raises:
        LedgerError: when a log is damaged.
    """
    frame = hardware_table(map(read_trial_log, logs))
    write_hardware_table(frame, table)
    logger.info("%d hardware samples of %d trials", len(frame), len(logs))


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            logs=[Path(path) for path in snakemake.input.logs],
            table=Path(snakemake.output.table),
        )
