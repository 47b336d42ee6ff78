"""Take one ticker's bars from their source and write them as canonical CSV with their manifest entry."""

from pathlib import Path

from simmer.base.files import write_bytes, write_json
from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.data.bars_csv import canonical_csv, parse_bars
from simmer.data.manifest import describe_resource
from simmer.data.problems import refuse_errors
from simmer.data.requests import request_digest
from simmer.data.settings import DataSettings
from simmer.data.snapshots import SnapshotStore
from simmer.data.sources import acquire


def main(
    *, settings: DataSettings, ticker: str, request: str, snapshots: Path, bars: Path, resource: Path
) -> None:
    """Write the bars of `ticker` as canonical CSV to `bars`, and their manifest entry to `resource`.

    Raises:
        DataError: listing every broken rule; nothing is written, so that the fixed source is read again.
    """
    acquired = acquire(settings, ticker, SnapshotStore(snapshots))
    problems = acquired.problems(settings.ticker(ticker), settings, file_name=bars.name)
    refuse_errors(problems, what=f"the bars of {ticker}")
    content = canonical_csv(acquired.frame)
    frame, _ = parse_bars(content, bars.name)
    entry = describe_resource(bars.name, content=content, frame=frame, provenance=acquired.provenance)
    write_bytes(bars, content)
    write_json(resource, entry | {"request": request_digest(request)})


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            settings=parse_config(snakemake.config).data,
            ticker=snakemake.wildcards.ticker,
            request=Path(snakemake.input.request).read_text(encoding="utf-8"),
            snapshots=Path(snakemake.params.snapshots),
            bars=Path(snakemake.output.bars),
            resource=Path(snakemake.output.resource),
        )
