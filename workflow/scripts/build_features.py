"""Compute the a25 table of one ticker."""

import logging
from pathlib import Path

from simmer.data.bars import parse_bars
from simmer.data.manifest import Provenance, describe_resource
from simmer.data.problems import refuse_errors
from simmer.data.tables import write_table
from simmer.features.indicators import build_a25
from simmer.files import read_json, write_json
from simmer.logs import job

logger = logging.getLogger(__name__)


def main(*, bars: Path, raw_resource: Path, table: Path, resource: Path) -> None:
    """Write the features of `bars` to `table`, and their manifest entry to `resource`."""
    frame, problems = parse_bars(bars.read_bytes(), bars.name)
    refuse_errors(problems, what=str(bars))
    a25 = build_a25(frame)
    logger.info(
        "%s: %d rows, the first %d dropped until %s had a value",
        table.name,
        len(a25.frame),
        a25.dropped_rows,
        a25.last_to_start,
    )
    write_table(a25.frame, table)
    raw = read_json(raw_resource)
    provenance = Provenance(
        ticker=raw["ticker"],
        kind=raw["kind"],
        adjustment=raw["adjustment"],
        tool="simmer",
        sources=({"title": f"raw bars of {raw['ticker']}", "path": raw["path"], "hash": raw["hash"]},),
    )
    entry = describe_resource(table.name, content=table.read_bytes(), frame=a25.frame, provenance=provenance)
    write_json(resource, entry | {"dropped_rows": a25.dropped_rows, "last_to_start": a25.last_to_start})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            bars=Path(snakemake.input.bars),
            raw_resource=Path(snakemake.input.resource),
            table=Path(snakemake.output.table),
            resource=Path(snakemake.output.resource),
        )
