"""Verify environment, machine and all data."""

from pathlib import Path

from simmer.base.checks import log_checks
from simmer.base.files import write_json, write_text
from simmer.base.logs import job
from simmer.commands.verify import verify_here
from simmer.ledger.made_from import made_from


def main(
    *, data: Path, project: Path, constraints: Path, sysfs_root: Path, report: Path, table: Path
) -> None:
    """Write what was found to `report` and `table`; write nothing if a check failed.

    Raises:
        DataError: listing every failed check.
    """
    found = verify_here(data, project=project, constraints=constraints, sysfs_root=sysfs_root)
    log_checks(found)
    found.raise_if_failed()
    write_text(table, found.as_text())
    write_json(report, found.as_json())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            data=Path("data"),
            project=Path(snakemake.params.project),
            constraints=Path(snakemake.params.constraints),
            sysfs_root=Path(snakemake.params.sysfs_root),
            report=Path(snakemake.output.report),
            table=Path(snakemake.output.table),
        )
