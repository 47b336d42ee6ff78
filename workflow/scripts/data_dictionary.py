"""Describe every column of the built tables."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import read_json, write_text
from simmer.base.logs import job
from simmer.data.tables import read_table
from simmer.features.dictionary import as_csv, as_markdown, describe_columns
from simmer.ledger.made_from import made_from


def main(*, tables: Sequence[Path], resources: Sequence[Path], page: Path, table: Path) -> None:
    """Write what each column of `tables` means and holds to `page` and `table`.

    Raises:
        DataError: when a column has no definition or a missing value.
    """
    entries = {path.stem: read_json(resource) for path, resource in zip(tables, resources, strict=True)}
    described = {
        path.stem: describe_columns(read_table(path), first_valid_rows=entries[path.stem]["first_valid_rows"])
        for path in tables
    }
    left_out = {name: entry.get("left_out", ()) for name, entry in entries.items()}
    write_text(page, as_markdown(described, left_out))
    write_text(table, as_csv(described))


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            page=Path(snakemake.output.page),
            table=Path(snakemake.output.table),
        )
