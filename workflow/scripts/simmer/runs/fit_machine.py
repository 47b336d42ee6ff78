"""Choose device, precision, kernels, cores and memory recipe for the trials of a study."""

from dataclasses import replace

from simmer.base.errors import ConfigError
from simmer.config.campaign import ExecutionSettings
from simmer.machine.facts import Machine
from simmer.runs.needs import fit_memory, fit_replicas
from simmer.search.study import Study
from simmer.training.execution import choose_execution
from simmer.training.kernels import kernels_are_loaded
from simmer.training.settings import Execution

# Shares of all memory that trials may use; the rest is for the system and other programs.
HOST_SHARE = 0.7
BOARD_SHARE = 0.9


def fit_to_machine(
    study: Study, settings: ExecutionSettings, machine: Machine, *, slots: int, measure: bool = True
) -> Execution:
    """Return device, precision, kernels, threads, most replicas and memory recipe of a trial.

    Threads are the cores of each of `slots` trials side by side. How a trial uses them is measured when it
    begins, see `simmer.runs.layout`; more replicas than the returned ones have no room in memory.

    Precision and memory recipe are the study's unless they are `auto`. The choice depends on the total
    memory, not on the memory that is free now, so that all trials of a study are computed alike; preflight
    checks the free memory.

    Args:
        study: any horizon of the scale.
        settings: the configuration.
        machine: its memory.
        slots: trials side by side.
        measure: False to take fp32 for a precision of `auto`, which needs no measurement of seconds and at
            least as much memory as bf16, and to take it that kernels can be compiled.

    Raises:
        ConfigError: if the kernels asked for cannot be used.
    """
    execution = choose_execution(
        device=settings.device,
        precision="fp32" if study.precision == "auto" and not measure else study.precision,
        threads=settings.threads,
        compile_model=settings.compile,
        slots=slots,
    )
    room_bytes = HOST_SHARE * machine.memory_total_bytes
    board = machine.accelerator
    if board is not None and board.total_bytes is not None and board.kind == execution.device:
        room_bytes = BOARD_SHARE * board.total_bytes
    execution = fit_memory(study, execution, room_bytes=int(room_bytes / slots))
    if settings.kernels == "torch" or execution.device != "cpu" or execution.compiled:
        return execution
    if measure and not kernels_are_loaded():
        if settings.kernels == "simmer":
            raise ConfigError(
                "config key training.kernels: found simmer, but these kernels cannot be compiled or loaded "
                "here (the log says why); install a C++ compiler, or write `kernels: auto`"
            )
        return execution
    execution = replace(execution, kernels="simmer")
    return fit_replicas(study, execution, most=execution.threads, room_bytes=int(room_bytes / slots))
