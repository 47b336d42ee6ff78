"""Write the tables of a scale: all trials, the best per horizon, a summary."""

import logging
from collections.abc import Sequence
from pathlib import Path

from simmer.base.files import write_json, write_text
from simmer.base.logs import PROGRESS, job
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.ledger.made_from import made_from
from simmer.ledger.race import Race
from simmer.ledger.results import TrialResult
from simmer.ledger.table import best_json, refuse_mixture, summary, trials_csv
from simmer.search.space import COLUMNS

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    scale: str,
    trials: Sequence[Path],
    races: Sequence[Path],
    resources: Sequence[Path],
    table: Path,
    best: Path,
    done: Path,
) -> None:
    """Write one row per trial to `table`, the winner per horizon to `best`, a summary to `done`.

    Raises:
        LedgerError: when a result is damaged, or of another study than the configured one.
    """
    results = [TrialResult.read(path) for path in trials]
    features_sha256 = features_sha256_in(resources)
    studies = {days: config.study(scale, days) for days in config.dataset.horizons_days}
    refuse_mixture(results, {days: study.fingerprint(features_sha256) for days, study in studies.items()})
    write_text(table, trials_csv(results, COLUMNS, config.about))
    meanings = {
        days: {"study": study.meaning(), "features_sha256": features_sha256} | config.about.beside_campaign
        for days, study in studies.items()
    }
    held = {race.horizon_days: race for race in map(Race.read, races)}
    write_json(best, best_json(results, meanings, held))
    lines = summary(results, config.about, held)
    write_text(done, lines)
    logger.log(PROGRESS, "%s", lines.rstrip())


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            scale=snakemake.params.scale,
            resources=[Path(path) for path in snakemake.input.resources],
            trials=[Path(path) for path in snakemake.input.trials],
            races=[Path(path) for path in snakemake.input.races],
            table=Path(snakemake.output.table),
            best=Path(snakemake.output.best),
            done=Path(snakemake.output.done),
        )
