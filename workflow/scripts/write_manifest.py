"""Gather the resource entries of one stage into its Data Package manifest."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from simmer.base.files import write_json
from simmer.base.logs import job
from simmer.data.manifest import gather_sidecars, refuse_other_requests
from simmer.data.requests import request_digest
from simmer.ledger.made_from import made_from


def main(*, name: str, resources: Sequence[Path], requests: Mapping[str, str], manifest: Path) -> None:
    """Write the manifest called `name` with the entries of all `resources`.

    Raises:
        DataError: when an entry cannot be read, or is of bars that answer another request than in `requests`.
    """
    gathered = gather_sidecars(name, resources)
    refuse_other_requests(gathered, requests)
    write_json(manifest, gathered)


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        requests = [Path(path) for path in snakemake.input.requests]
        main(
            name=f"simmer-{snakemake.wildcards.stage}",
            resources=[Path(path) for path in snakemake.input.resources],
            requests={path.stem: request_digest(path.read_text(encoding="utf-8")) for path in requests},
            manifest=Path(snakemake.output.manifest),
        )
