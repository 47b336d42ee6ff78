"""Fetch one ticker's bars and keep them as an immutable snapshot."""

from pathlib import Path

from simmer.config import parse_config
from simmer.data.bars import canonical_csv, parse_bars
from simmer.data.manifest import describe_resource
from simmer.data.sources import acquire
from simmer.data.tickers import TickerSpec
from simmer.files import write_bytes, write_json
from simmer.logs import job


def main(*, source: str, spec: TickerSpec, bars: Path, resource: Path) -> None:
    """Write the bars of `spec` as canonical CSV to `bars`, and their manifest entry to `resource`."""
    acquired = acquire(source, spec)
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
            spec=config.data.ticker(snakemake.wildcards.ticker),
            bars=Path(snakemake.output.bars),
            resource=Path(snakemake.output.resource),
        )
