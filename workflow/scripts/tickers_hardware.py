"""Gather the hardware samples of the trials of all tickers into one table."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from simmer.base.logs import job
from simmer.ledger.hardware_table import hardware_table, write_hardware_table
from simmer.ledger.made_from import made_from
from simmer.ledger.trial_log import read_trial_log

logger = logging.getLogger(__name__)


def main(*, folders: Mapping[str, Path], scales: Sequence[str], table: Path) -> None:
    """Write one row per hardware sample to `table`, with the ticker as first column.

    Args:
        folders: the results of each ticker.
        scales: whose trials count.
        table: the file to write.

    Raises:
        LedgerError: when a log is damaged.
    """
    frames = []
    for ticker, folder in folders.items():
        logs = [path for scale in scales for path in sorted(folder.glob(f"hpo/{scale}/h*/trial_*.jsonl"))]
        frame = hardware_table(map(read_trial_log, logs))
        frame.insert(0, "ticker", ticker)
        frames.append(frame)
    write_hardware_table(pd.concat(frames, ignore_index=True), table)
    logger.info("%d hardware samples of %d tickers", sum(map(len, frames)), len(frames))


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            folders={ticker: Path(path) for ticker, path in snakemake.params.folders.items()},
            scales=snakemake.params.scales,
            table=Path(snakemake.output.table),
        )
