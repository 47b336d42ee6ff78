"""How this machine computes the trials of a study."""

from simmer.config.campaign import ExecutionSettings
from simmer.machine.facts import Machine
from simmer.runs.needs import fit_memory
from simmer.search.study import Study
from simmer.training.execution import choose_execution
from simmer.training.settings import Execution

# The rest is for the system, and for whoever works on the machine meanwhile.
HOST_SHARE = 0.7
BOARD_SHARE = 0.9


def fit_to_machine(study: Study, settings: ExecutionSettings, machine: Machine, *, slots: int) -> Execution:
    """Return device, precision, threads and memory recipe for each of `slots` trials side by side.

    Precision and memory recipe are those of the study where it names them.

    All memory counts, not what is free at the moment: that differs from day to day, and trials of a study
    should not. Whether enough is free is for preflight to say.
    """
    execution = choose_execution(
        device=settings.device,
        precision=study.precision,
        threads=settings.threads,
        compile_model=settings.compile,
        slots=slots,
    )
    room_bytes = HOST_SHARE * machine.memory_total_bytes
    board = machine.accelerator
    if board is not None and board.total_bytes is not None and board.kind == execution.device:
        room_bytes = BOARD_SHARE * board.total_bytes
    return fit_memory(study, execution, room_bytes=int(room_bytes / slots))
