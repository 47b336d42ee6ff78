"""Join the tables of all tickers at one scale: all trials, the best per ticker and horizon, a summary."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import read_json, write_json, write_text
from simmer.base.logs import PROGRESS, job
from simmer.base.words import count
from simmer.ledger.made_from import made_from

logger = logging.getLogger(__name__)


def main(
    *,
    tickers: Sequence[str],
    summaries: Sequence[Path],
    tables: Sequence[Path],
    bests: Sequence[Path],
    table: Path,
    best: Path,
    done: Path,
) -> None:
    """Write the rows of all `tables` to `table`, all `bests` by ticker to `best`, all `summaries` to `done`.

    The tables have the same columns, one of them the ticker.
    """
    rows = [path.read_text(encoding="utf-8").splitlines(keepends=True) for path in tables]
    write_text(table, "".join([rows[0][0], *(row for found in rows for row in found[1:])]))
    write_json(best, {ticker: read_json(path) for ticker, path in zip(tickers, bests, strict=True)})
    lines = [path.read_text(encoding="utf-8") for path in summaries]
    write_text(done, "".join([*lines, f"joined from {count(len(tickers), 'ticker')}\n"]))
    logger.log(PROGRESS, "%s", "".join(lines).rstrip())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            tickers=snakemake.params.tickers,
            summaries=[Path(path) for path in snakemake.input.done],
            tables=[Path(path) for path in snakemake.input.tables],
            bests=[Path(path) for path in snakemake.input.best],
            table=Path(snakemake.output.table),
            best=Path(snakemake.output.best),
            done=Path(snakemake.output.done),
        )
