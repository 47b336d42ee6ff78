"""Check every raw file against the manifest and the rules of daily bars, then labels and splits."""

from collections.abc import Mapping
from pathlib import Path

from simmer.base.checks import CheckTable, log_checks
from simmer.base.errors import DatasetError
from simmer.base.files import write_json, write_text
from simmer.base.logs import job
from simmer.commands.check_labels import check_labels, labels_in_words
from simmer.config.campaign import parse_config
from simmer.config.dataset import DatasetSettings
from simmer.data.bars_csv import read_bars
from simmer.data.validation import validate_manifest
from simmer.ledger.made_from import made_from


def main(
    *,
    manifest: Path,
    kinds: Mapping[str, str],
    calendars: Mapping[str, str],
    report: Path,
    table: Path,
    dataset: DatasetSettings | None = None,
) -> None:
    """Write what was checked to `report` and `table`; write nothing if there is an error.

    Without `dataset` labels and splits are not checked.

    Raises:
        DataError: listing every problem of the files at once.
        DatasetError: if these are sound: listing every problem of labels and splits.
    """
    found = validate_manifest(manifest, kinds=kinds, calendars=calendars)
    tables = [found.table()]
    tables[0].raise_if_failed()
    if dataset is not None:
        tables.append(_labels(dataset, manifest.parent))
        tables[1].raise_if_failed()
    for checks in tables:
        log_checks(checks)
    write_text(table, "\n".join(checks.as_text() for checks in tables))
    write_json(report, found.as_json())


def _labels(dataset: DatasetSettings, raw: Path) -> CheckTable:
    bars = {ticker: read_bars(raw / f"{ticker}.csv") for ticker in dataset.tickers}
    return CheckTable(
        title=f"labels and splits of {dataset.ticker}: {labels_in_words(dataset)}",
        checks=tuple(check_labels(dataset, bars)),
        error=DatasetError,
        complaint=f"the bars of {dataset.ticker} are not enough for this configuration",
    )


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        config = parse_config(snakemake.config)
        main(
            manifest=Path(snakemake.input.manifest),
            kinds=config.data.kinds(),
            calendars=config.data.calendars(),
            report=Path(snakemake.output.report),
            table=Path(snakemake.output.table),
            dataset=config.dataset,
        )
