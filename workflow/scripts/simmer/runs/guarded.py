"""Run a trial, race run or refit under the thermal guard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from simmer.base.errors import Interrupted
from simmer.config.campaign import Config
from simmer.data.tables import require_content
from simmer.ledger.ledger import StudyLedger
from simmer.ledger.run_files import RunFiles
from simmer.machine.facts import inspect_machine
from simmer.machine.preflight import require_memory
from simmer.runs.fit_machine import fit_to_machine
from simmer.runs.needs import fit_replicas, needs_of_study
from simmer.runs.race import RaceRun
from simmer.runs.refit import Refit
from simmer.runs.run import Run
from simmer.runs.trial import Trial
from simmer.search.study import Study
from simmer.thermal.gate import cool_down_gate
from simmer.thermal.governor import Governor
from simmer.thermal.guard import Guard
from simmer.thermal.monitor import Monitor
from simmer.thermal.stop import StopRequest
from simmer.training.execution import require_device, synchronise
from simmer.training.settings import Execution


def run_under_guard(
    config: Config,
    purpose: Trial | RaceRun | Refit,
    *,
    frames: Sequence[pd.DataFrame],
    slots: int,
    stop: StopRequest,
) -> None:
    """Train a trial, race run or refit to its result.

    Args:
        config: the campaign.
        purpose: the run.
        frames: the feature tables of the ledger's fingerprint, the ticker's own first.
        slots: runs side by side on this machine.
        stop: set by signal handlers.

    Raises:
        ConfigError: if a device does not exist.
        DataError: if the tables are not those in the ledger's fingerprint.
        PreflightError: if the memory the scale needs is no longer free.
        Interrupted: on heat or a signal; a checkpoint was written.
    """
    require_content(frames, purpose.ledger.features_sha256, names=config.dataset.tables)
    execution = _ready(config, purpose, slots=slots)
    run = Run(
        campaign=config.campaign,
        purpose=purpose,
        dataset=purpose.dataset(config.dataset, frames),
        execution=execution,
        checkpoint_interval_s=config.execution.checkpoint_interval_s,
        kernels=config.execution.kernels,
        time_limit_s=config.execution.time_limit_s,
    )
    with thermal_guard(config, execution, on_event=purpose.files.append_event, stop=stop) as guard:
        run.compute(guard)


@contextmanager
def thermal_guard(
    config: Config, execution: Execution, *, on_event: Callable[[dict[str, Any]], None], stop: StopRequest
) -> Iterator[Guard]:
    """Monitor the sensors, wait for a hot machine to cool, and yield the guard for the training.

    Args:
        config: the campaign.
        execution: with the device of the training.
        on_event: receives `hardware_sample` and `thermal_event` lines.
        stop: set by signal handlers.

    Raises:
        Interrupted: on heat or a signal.
    """
    thermal = config.thermal
    limits = thermal.limits()
    with Monitor(thermal.sensors(), period_s=thermal.sample_period_s) as monitor:
        cool_down_gate(monitor, limits, timeout_s=thermal.cooldown_timeout_s, stop=stop, on_event=on_event)
        guard = Guard(
            monitor,
            Governor(limits, thermal.governor()),
            stop=stop,
            on_event=on_event,
            hardware_interval_s=config.hardware_interval_s,
            synchronise=partial(synchronise, execution.device),
        )
        try:
            yield guard
        except Interrupted:
            guard.after_stop()
            raise


def _ready(config: Config, purpose: Trial | RaceRun | Refit, *, slots: int) -> Execution:
    study, ledger = purpose.study, purpose.ledger
    require_device(config.execution.device, asked_by="config key training.device")
    machine = inspect_machine(ledger.root, Path(config.thermal.sysfs_root))
    execution = recorded_execution(purpose.files)
    if execution is None:
        execution = fit_to_machine(as_begun(study, ledger), config.execution, machine, slots=slots)
        free_bytes = machine.memory_available_bytes
        execution = fit_replicas(study, execution, most=execution.replicas, room_bytes=free_bytes)
    # Preflight may have run days ago, and other programs may use more memory now.
    needs = needs_of_study(study, execution, device=config.execution.device, slots=1)
    require_memory(needs, machine)
    return execution


def recorded_execution(files: RunFiles) -> Execution | None:
    """Return the execution recorded when a run began, or None if it has not begun."""
    params = files.params()
    return None if params is None else Execution(**params.execution)


def as_begun(study: Study, ledger: StudyLedger) -> Study:
    """Return the study with `auto` replaced by the values of its first trial.

    The value of `auto` depends on the machine and the moment, but must be the same for all trials of a study.
    """
    first = recorded_execution(ledger.trial(0))
    if first is None:
        return study
    settled = {"precision": first.precision, "memory": first.memory}
    return replace(study, **{key: value for key, value in settled.items() if getattr(study, key) == "auto"})
