"""Train the winner of a study again with another random seed, or publish the refit again from the ledger."""

from collections.abc import Sequence
from pathlib import Path

from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.data.table_entry import features_sha256_in
from simmer.data.tables import read_table
from simmer.ledger.address import RESULTS, ledger_in
from simmer.ledger.race import Race
from simmer.ledger.results import TrialResult
from simmer.ledger.table import refuse_mixture, winner_of
from simmer.runs.publish import publish
from simmer.thermal.stop import StopRequest


def main(
    *,
    config: Config,
    number: int,
    trials: Sequence[Path],
    race: Path | None,
    tables: Sequence[Path],
    resources: Sequence[Path],
    slots: int,
    result: Path,
    log: Path,
) -> None:
    """Publish refit `number` of the winner of a study's `trials` and `race`, training it first if need be.

    Raises:
        LedgerError: when a trial belongs to another study, or none has a loss.
        Interrupted: heat or a signal; the same call resumes where this one stopped.
    """
    results = [TrialResult.read(path) for path in trials]
    scale, horizon_days = results[0].scale, results[0].horizon_days
    study = config.study(scale, horizon_days)
    ledger = study.ledger(ledger_in(RESULTS), features_sha256=features_sha256_in(resources))
    refuse_mixture(results, {horizon_days: ledger.fingerprint})
    winner = winner_of(results, race and Race.read(race))

    def compute(stop: StopRequest) -> None:
        from simmer.runs.guarded import run_under_guard  # torch is imported only where there is training
        from simmer.runs.refit import Refit

        refit = Refit(study=study, ledger=ledger, number=number, winner=winner, settings=config.evidence)
        frames = [read_table(path) for path in tables]
        run_under_guard(config, refit, frames=frames, slots=slots, stop=stop)

    publish(ledger, ledger.refit(number, of_trial=winner.number), compute, result=result, log=log)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            config=parse_config(snakemake.config),
            number=int(snakemake.wildcards.refit),
            trials=[Path(path) for path in snakemake.input.trials],
            race=next((Path(path) for path in snakemake.input.race), None),
            tables=[Path(path) for path in snakemake.input.tables],
            resources=[Path(path) for path in snakemake.input.resources],
            slots=snakemake.resources.slots,
            result=Path(snakemake.output.result),
            log=Path(snakemake.output.log),
        )
