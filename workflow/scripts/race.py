"""Train the best trials of a study again from other seeds, and write which of them wins."""

import logging
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import pandas as pd

from simmer.base.logs import PROGRESS, job
from simmer.base.records import write_record
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table
from simmer.ledger.address import RESULTS, ledger_in
from simmer.ledger.made_from import made_from
from simmer.ledger.race import Race, race_runs, racers
from simmer.ledger.results import TrialResult
from simmer.ledger.table import refuse_mixture
from simmer.runs.publish import publish, require_search
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    trials: Sequence[Path],
    tables: Sequence[Path],
    resources: Sequence[Path],
    slots: int,
    outcome: Path,
) -> list[Path]:
    """Train the race runs that the ledger lacks, write the standings to `outcome`; return all published runs.

    Raises:
        LedgerError: when a trial belongs to another study, or a race run is missing and only a report was
            asked for.
        Interrupted: heat or a signal; the same call resumes where this one stopped.
    """
    results = [TrialResult.read(path) for path in trials]
    scale, horizon_days = results[0].scale, results[0].horizon_days
    study, race = config.study(scale, horizon_days), config.search.race
    ledger = study.ledger(ledger_in(RESULTS), features_sha256=features_sha256_in(resources))
    refuse_mixture(results, {horizon_days: ledger.fingerprint})
    by_number = {result.number: result for result in results}

    @cache
    def frames() -> list[pd.DataFrame]:
        return [read_table(path) for path in tables]

    def compute(stop: StopRequest, trial: int, number: int) -> None:
        require_search(f"race of {study.name}", otherwise=", or set search.race: null")
        from simmer.runs.guarded import run_under_guard  # torch is imported only where there is training
        from simmer.runs.race import RaceRun

        run = RaceRun(study=study, ledger=ledger, number=number, trial=by_number[trial])
        run_under_guard(config, run, frames=frames(), slots=slots, stop=stop)

    published = []
    for trial, number in race_runs(racers(results, race), race):
        files = ledger.race(number, of_trial=trial)
        result, log = (RESULTS / files.address.published(ending) for ending in ("json", "jsonl"))
        publish(ledger, files, partial(compute, trial=trial, number=number), result=result, log=log)
        published += [result, log]
    found = Race(
        campaign=config.campaign,
        fingerprint=ledger.fingerprint,
        scale=scale,
        horizon_days=horizon_days,
        standings=ledger.standings(results, race),
    )
    write_record(outcome, found.as_json())
    logger.log(PROGRESS, "%s", found.sentence)
    return published


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake) as beside:
        beside += main(
            config=parse_config(snakemake.config),
            trials=[Path(path) for path in snakemake.input.trials],
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            slots=snakemake.resources.slots,
            outcome=Path(snakemake.output.outcome),
        )
