"""Run one trial under the thermal guard, or republish it if the ledger has it."""

import logging
from pathlib import Path

from simmer.config import Config, parse_config
from simmer.data.tables import read_table
from simmer.errors import Interrupted
from simmer.files import read_json
from simmer.locks import lock_after_waiting
from simmer.logs import job
from simmer.search.ledger import StudyLedger
from simmer.thermal.stop import StopRequest

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    scale: str,
    horizon_days: int,
    number: int,
    table: Path,
    resource: Path,
    slots: int,
    result: Path,
    log: Path,
) -> None:
    """Publish trial `number` of a study to `result` and `log`, training it first if need be.

    Raises:
        Interrupted: heat or a signal; the same call goes on where this one stopped.
    """
    ledger = StudyLedger(
        Path("results/ledger"),
        study=config.study(scale, horizon_days),
        features_sha256=read_json(resource)["content_sha256"],
    )
    files = ledger.trial(number)
    stop = StopRequest()
    with (
        stop.on_signals(),
        lock_after_waiting(files.lock_path, on_wait=_say_who_is_first, should_stop=stop.is_set) as held,
    ):
        if not held:
            raise Interrupted(f"{stop.reason} while waiting for another process to finish this trial")
        if files.result() is None:
            from simmer.guarded_trial import (
                train_under_guard,  # torch is imported only where there is training
            )

            train_under_guard(config, ledger, number, frame=read_table(table), slots=slots, stop=stop)
        else:
            files.append_event({"event": "republish"})
        files.publish(result=result, log=log)


def _say_who_is_first(holder: str) -> None:
    logger.warning(
        "this trial is being trained by %s, left over from a run that was killed; waiting for it to finish. "
        "To have it checkpoint and stop instead, end that process with `kill`.",
        holder,
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            config=parse_config(snakemake.config),
            scale=snakemake.params.scale,
            horizon_days=int(snakemake.wildcards.horizon.removeprefix("h")),
            number=int(snakemake.wildcards.trial),
            table=Path(snakemake.input.table),
            resource=Path(snakemake.input.resource),
            slots=snakemake.resources.slots,
            result=Path(snakemake.output.result),
            log=Path(snakemake.output.log),
        )
