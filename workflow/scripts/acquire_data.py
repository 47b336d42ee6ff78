"""Fetch one ticker's bars and keep them as an immutable snapshot."""

from pathlib import Path

from simmer.config import parse_config
from simmer.data.bars import canonical_csv, check_bars, parse_bars
from simmer.data.manifest import describe_resource
from simmer.data.problems import refuse_errors
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from simmer.files import write_bytes, write_json
from simmer.logs import job


def main(*, source: str, spec: TickerSpec, calendar: str, bars: Path, resource: Path) -> None:
    """Write the bars of `spec` as canonical CSV to `bars`, and their manifest entry to `resource`.

    Raises:
        DataError: listing every broken rule; nothing is written, so that the mended source is read again.
    """
    acquired = acquire(source, spec)
    problems = check_bars(acquired.frame, file_name=spec.file or bars.name, kind=spec.kind, calendar=calendar)
    refuse_errors(problems, what=f"the bars of {spec.ticker}")
    content = canonical_csv(acquired.frame)
    frame, _ = parse_bars(content, bars.name)
    entry = describe_resource(bars.name, content=content, frame=frame, provenance=acquired.provenance)
    write_bytes(bars, content)
    write_json(resource, entry)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        config = parse_config(snakemake.config)
        main(
            source=config.data.source,
            calendar=config.data.calendar,
            spec=config.data.ticker(snakemake.wildcards.ticker),
            bars=Path(snakemake.output.bars),
            resource=Path(snakemake.output.resource),
        )
