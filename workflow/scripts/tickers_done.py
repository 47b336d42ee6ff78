"""Join the tables of all tickers at one scale: all trials, the best per ticker and horizon, a summary."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.errors import LedgerError
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

    Raises:
        LedgerError: when their columns differ.
    """
    parts = [path.read_text(encoding="utf-8").partition("\n") for path in tables]
    heads = {head for head, _, _ in parts}
    if len(heads) > 1:
        raise LedgerError(
            f"found {len(heads)} different first lines in trials.csv of {', '.join(tickers)}, expected one: "
            "delete these tables and run the same command again"
        )
    write_text(table, "".join([*heads, "\n", *(rows for _, _, rows in parts)]))
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
