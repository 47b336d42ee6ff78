"""Gather the resource entries of one stage into its Data Package manifest."""

from collections.abc import Sequence
from pathlib import Path

from simmer.data.manifest import gather_sidecars
from simmer.files import write_json
from simmer.logs import job


def main(*, name: str, resources: Sequence[Path], manifest: Path) -> None:
    """Write the manifest called `name` with the entries of all `resources`."""
    write_json(manifest, gather_sidecars(name, resources))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            name=f"simmer-{snakemake.wildcards.stage}",
            resources=[Path(path) for path in snakemake.input.resources],
            manifest=Path(snakemake.output.manifest),
        )
