"""Check every raw file against the manifest and the rules of daily bars."""

from collections.abc import Mapping
from pathlib import Path

from simmer.base.checks import log_checks
from simmer.base.files import write_json, write_text
from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.data.validation import validate_manifest
from simmer.ledger.made_from import made_from


def main(
    *, manifest: Path, kinds: Mapping[str, str], calendars: Mapping[str, str], report: Path, table: Path
) -> None:
    """Write what was checked to `report` and `table`; write nothing if there is an error.

    Raises:
        DataError: listing every problem at once.
    """
    found = validate_manifest(manifest, kinds=kinds, calendars=calendars)
    checks = found.table()
    checks.raise_if_failed()
    log_checks(checks)
    write_text(table, checks.as_text())
    write_json(report, found.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        data = parse_config(snakemake.config).data
        main(
            manifest=Path(snakemake.input.manifest),
            kinds=data.kinds(),
            calendars=data.calendars(),
            report=Path(snakemake.output.report),
            table=Path(snakemake.output.table),
        )
