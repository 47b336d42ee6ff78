"""Fetch one ticker's history from the vendor and keep it as a snapshot."""

import logging
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from simmer.base.files import write_json, write_text
from simmer.base.logs import PROGRESS, job
from simmer.config.campaign import parse_config
from simmer.data.fetch import fetch
from simmer.data.registration import changes_since_last, describe_new_snapshot
from simmer.data.settings import DataSettings
from simmer.data.snapshots import SnapshotStore

logger = logging.getLogger(__name__)


def main(
    *, settings: DataSettings, ticker: str, snapshots: Path, scratch: Path, changes: Path, table: Path
) -> None:
    """Keep the vendor's bars of `ticker` below `snapshots`; write their changes to `changes` and `table`.

    Raises:
        DataError: when the vendor cannot be reached or its bars break a rule; nothing is kept or written.
    """
    store = SnapshotStore(snapshots)
    with TemporaryDirectory(dir=scratch) as cache:
        snapshot = fetch(settings, ticker, store, cache_folder=Path(cache), today=date.today())
    last, text = changes_since_last(snapshot, store), describe_new_snapshot(snapshot, store)
    logger.log(PROGRESS, "%s", text.rstrip())
    write_text(table, text)
    write_json(
        changes,
        {
            "ticker": ticker,
            "snapshot": snapshot.id,
            "previous": None if last is None else last[0].id,
            "changes": None if last is None else last[1].as_json(),
        },
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            settings=parse_config(snakemake.config).data,
            ticker=snakemake.wildcards.ticker,
            snapshots=Path(snakemake.params.snapshots),
            scratch=Path(snakemake.resources.tmpdir),
            changes=Path(snakemake.output.changes),
            table=Path(snakemake.output.table),
        )
