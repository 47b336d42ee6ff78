"""Train one trial under the thermal guard, or publish it again if the ledger has it."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import PROGRESS, job
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table
from simmer.ledger.address import LOCKS, RESULTS, horizon_days_of, ledger_in
from simmer.runs.publish import publish, require_search
from simmer.search.study import Study
from simmer.status.progress import StudyPlace, StudyProgress, read_study
from simmer.status.study_line import study_line
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    scale: str,
    horizon_days: int,
    number: int,
    tables: Sequence[Path],
    resources: Sequence[Path],
    slots: int,
    result: Path,
    log: Path,
) -> None:
    """Publish trial `number` of a study to `result` and `log`, training it first if need be.

    Raises:
        Interrupted: heat or a signal; the same call resumes where this one stopped.
    """
    features_sha256 = features_sha256_in(resources)
    study = config.study(scale, horizon_days)
    ledger = study.ledger(ledger_in(RESULTS), features_sha256=features_sha256)

    def compute(stop: StopRequest) -> None:
        require_search(f"result of {study.name} trial {number:03d}")
        from simmer.runs.guarded import run_under_guard  # torch is imported only where there is training
        from simmer.runs.trial import Trial

        trial = Trial(study=study, ledger=ledger, number=number)
        frames = [read_table(path) for path in tables]
        run_under_guard(config, trial, frames=frames, slots=slots, stop=stop)

    if publish(ledger, ledger.trial(number), compute, result=result, log=log):
        studies = {
            days: _progress(config.study(scale, days), features_sha256)
            for days in config.dataset.horizons_days
        }
        line = study_line(studies[horizon_days], list(studies.values()), now_s=time.time())
        logger.log(PROGRESS, "%s", line)


def _progress(study: Study, features_sha256: str) -> StudyProgress:
    ledger = study.ledger(ledger_in(RESULTS), features_sha256=features_sha256)
    return read_study(StudyPlace.of(study, ledger.home), ledger.root / LOCKS)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            config=parse_config(snakemake.config),
            scale=snakemake.params.scale,
            horizon_days=horizon_days_of(snakemake.wildcards.horizon),
            number=int(snakemake.wildcards.trial),
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            slots=snakemake.resources.slots,
            result=Path(snakemake.output.result),
            log=Path(snakemake.output.log),
        )
