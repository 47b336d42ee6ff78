"""Draw the history, the hyperparameter importances and the coverage of one search."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import write_bytes, write_json
from simmer.base.logs import job
from simmer.config.campaign import parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.figures.search.coverage import edges, search_coverage
from simmer.figures.search.history import search_history
from simmer.figures.search.importances import rests_on, search_importances
from simmer.figures.search.ped_anova import importances_of
from simmer.figures.search.searched import best_of, searched_study
from simmer.figures.style import to_svg
from simmer.ledger.address import horizon_days_of
from simmer.ledger.made_from import made_from
from simmer.ledger.results import TrialResult
from simmer.ledger.table import refuse_mixture
from simmer.search.study import Study

logger = logging.getLogger(__name__)


def main(
    *,
    study: Study,
    results: Sequence[Path],
    resources: Sequence[Path],
    history: Path,
    importances: Path,
    importances_table: Path,
    coverage: Path,
) -> None:
    """Draw the study with these published results to three SVGs, and write the importances as JSON.

    Raises:
        LedgerError: when a result belongs to another study than the configured one, or its origin is unknown.
    """
    published = [TrialResult.read(path) for path in results]
    fingerprint = study.fingerprint(features_sha256_in(resources))
    refuse_mixture(published, {study.horizon_days: fingerprint})
    searched = searched_study(study, published)
    found = importances_of(searched)
    write_bytes(history, to_svg(search_history(searched)))
    write_bytes(importances, to_svg(search_importances(searched, found)))
    write_json(importances_table, found.as_json() | {"study": searched.name})
    write_bytes(coverage, to_svg(search_coverage(searched)))
    said = filter(None, (best_of(searched), edges(searched), rests_on(found)))
    logger.info("%s: %s", searched.name, " ".join(said))


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        wildcards = snakemake.wildcards
        main(
            study=parse_config(snakemake.config).study(wildcards.scale, horizon_days_of(wildcards.horizon)),
            results=[Path(path) for path in snakemake.input.results],
            resources=[Path(path) for path in snakemake.input.resources],
            history=Path(snakemake.output.history),
            importances=Path(snakemake.output.importances),
            importances_table=Path(snakemake.output.importances_table),
            coverage=Path(snakemake.output.coverage),
        )
