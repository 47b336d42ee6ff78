"""A trial under its guard: sensors watched, a hot machine waited for, the run resumable."""

from pathlib import Path

import pandas as pd

from simmer.config import Config
from simmer.data.tables import content_sha256
from simmer.errors import DataError
from simmer.machine import inspect_machine
from simmer.machine_fit import fit_to_machine
from simmer.preflight import check_memory
from simmer.preflight_report import refuse_failures
from simmer.search.ledger import StudyLedger
from simmer.search.needs import needs_of_study
from simmer.search.trial import Trial
from simmer.thermal.gate import cool_down_gate
from simmer.thermal.governor import Governor
from simmer.thermal.guard import Guard
from simmer.thermal.monitor import Monitor
from simmer.thermal.stop import StopRequest
from simmer.training.execution import require_device


def train_under_guard(
    config: Config, ledger: StudyLedger, number: int, *, frame: pd.DataFrame, slots: int, stop: StopRequest
) -> None:
    """Train trial `number` of a study to its result.

    Args:
        config: the campaign.
        ledger: the study's ledger.
        number: trial number, from 0.
        frame: the a25 table the ledger's fingerprint was made from.
        slots: trials that run side by side on this machine.
        stop: set by signal handlers.

    Raises:
        ConfigError: when a device is not there.
        DataError: when the table is not the registered one.
        PreflightError: when the memory the scale needs is no longer free.
        Interrupted: heat or a signal; a checkpoint was written.
    """
    if content_sha256(frame) != ledger.features_sha256:
        raise DataError(
            f"the feature table of {config.dataset.ticker} does not match the content_sha256 of its resource "
            "entry; expected the table that was built with it: delete both files and run the command again"
        )
    thermal = config.thermal
    limits = thermal.limits()
    require_device(config.execution.device, asked_by="config key training.device")
    machine = inspect_machine(ledger.root, Path(thermal.sysfs_root))
    files = ledger.trial(number)
    trial = Trial(
        campaign=config.campaign,
        ledger=ledger,
        number=number,
        dataset=config.dataset.build(frame, ledger.study.horizon_days),
        execution=fit_to_machine(ledger.study, config.execution, machine, slots=slots),
        checkpoint_interval_s=config.execution.checkpoint_interval_s,
    )
    # Preflight ran perhaps days ago; memory is the one thing that can have changed for the worse since.
    execution = trial.prepare()
    needs = needs_of_study(ledger.study, execution, device=config.execution.device, slots=1)
    refuse_failures(needs.scale, check_memory(needs, machine))
    with Monitor(thermal.sensors(), period_s=thermal.sample_period_s) as monitor:
        cool_down_gate(
            monitor, limits, timeout_s=thermal.cooldown_timeout_s, stop=stop, on_event=files.append_event
        )
        guard = Guard(
            monitor,
            Governor(limits, require_sensor=thermal.require_sensor),
            stop=stop,
            on_event=files.append_event,
            hardware_interval_s=config.hardware_interval_s,
        )
        trial.run(guard)
