"""Check a machine before a long job: what was measured, what is needed, and how to fix it.

Every check is a pure function of collected facts, and all checks run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simmer.base.checks import CheckResult, CheckStatus, CheckTable
from simmer.base.errors import PreflightError
from simmer.machine.facts import DataState, Machine
from simmer.machine.preflight_advice import advise
from simmer.machine.preflight_heat import check_temperature_source, check_thresholds
from simmer.thermal.limits import Limits

_GIB = 1 << 30
_BUSY_LOAD_PER_CORE = 0.5
_SMALL_SCALE_PARAMETERS = 5_000_000


@dataclass(frozen=True)
class Needs:
    """What a scale needs from the machine.

    Attributes:
        parameters: counted, of the largest shape in the search space.
        memory_bytes: peak during training, on the training device, of all trials side by side.
        kernels: what computes the layers, `simmer` or `torch`.
        kernels_problem: why the kernels cannot be used; None if they can, or are not wanted.
        memory: storage of weights and moments: `full`, `kahan`, `stochastic` or `lean`.
        activation_checkpointing: True if activations are recomputed instead of stored.
        checkpoint_bytes: size of one checkpoint.
        checkpoints_kept: checkpoints of a trial on disk at the same time.
        weights_bytes: of the weights that the refits of all horizons keep, twice: in the ledger and
            published.
        slots: trials that run side by side.
        accelerator: the configured device: `auto`, `cuda`, `mps` or `cpu`.
    """

    scale: str
    parameters: int
    memory_bytes: int
    kernels: str
    kernels_problem: str | None
    memory: str
    activation_checkpointing: bool
    checkpoint_bytes: int
    checkpoints_kept: int
    weights_bytes: int
    slots: int
    accelerator: str


def run_preflight(
    needs: Needs,
    machine: Machine,
    data: DataState,
    *,
    limits: Limits,
    govern: bool,
    require_sensor: bool,
    time: str,
) -> CheckTable:
    """Return the check table of all checks; a failed check does not stop the others."""
    checks = (
        check_accelerator(needs, machine),
        check_kernels(needs),
        check_temperature_source(machine.readings, require_sensor=require_sensor),
        *check_thresholds(machine.readings, limits, govern=govern),
        *check_memory(needs, machine),
        check_memory_recipe(needs),
        check_disk(needs, machine),
        *check_data(data),
        check_power(machine),
        *advise(machine.power, on_battery=machine.on_battery, low_power_mode=machine.low_power_mode),
        check_cpu_quota(machine),
        check_swap(machine),
        check_load(machine),
    )
    return CheckTable(
        title=f"preflight {needs.scale} on {machine.host}, {time}",
        checks=checks,
        facts={"schema": "simmer-preflight-1", "scale": needs.scale, "host": machine.host, "time": time},
        **_refusal(needs),
    )


def require_memory(needs: Needs, machine: Machine) -> None:
    """Check that the memory the scale needs is free.

    Raises:
        PreflightError: if it is not, with what was found and needed.
    """
    checks = tuple(check_memory(needs, machine))
    CheckTable(title=f"memory for {needs.scale}", checks=checks, **_refusal(needs)).raise_if_failed()


def _refusal(needs: Needs) -> dict[str, Any]:
    return {"error": PreflightError, "complaint": f"this machine cannot run {needs.scale} as configured"}


def check_accelerator(needs: Needs, machine: Machine) -> CheckResult:
    """The configured device exists and computes."""
    found, asked = machine.accelerator, needs.accelerator
    columns = {"id": "accelerator", "needed": asked, "source": "torch"}
    if found is None:
        fix = "torch is not installed, so no device could be tried"
        return CheckResult(status=CheckStatus.SKIP, measured=None, fix=fix, **columns)
    status, fix = CheckStatus.OK, None
    if asked in ("cuda", "mps") and found.kind != asked:
        status = CheckStatus.FAIL
        fix = f"{asked} is not available: repair its driver, or write `training: {{device: auto}}`"
    elif found.problem is not None and asked != "cpu":
        status = CheckStatus.FAIL
        fix = f"{found.kind} does not compute: {found.problem}; repair its driver"
    elif asked == "auto" and found.kind == "cpu" and needs.parameters > _SMALL_SCALE_PARAMETERS:
        status = CheckStatus.WARN
        fix = f"{needs.parameters:,} parameters train on the CPU, many times slower than on a GPU; "
        fix += "write `training: {device: cpu}` if that is intended"
    return CheckResult(status=status, measured=found.name or found.kind, fix=fix, **columns)


def check_kernels(needs: Needs) -> CheckResult:
    """On a CPU simmer's own kernels are faster than torch's operators; a C++ compiler makes them."""
    problem = needs.kernels_problem
    return CheckResult(
        id="kernels",
        status=CheckStatus.OK if problem is None else CheckStatus.WARN,
        measured=needs.kernels,
        needed="any" if problem is None else "simmer",
        source="c++",
        fix=None if problem is None else f"training on this CPU is slower than it could be: {problem}",
    )


def check_memory(needs: Needs, machine: Machine) -> Iterator[CheckResult]:
    """The scale's peak fits into the free memory of the GPU and of the machine."""
    board = machine.accelerator
    free_bytes = board.free_bytes if board and needs.accelerator in ("auto", board.kind) else None
    lower = "close other programs, lower batch_size in the space of the scale, or remove it from run_scales"
    host_bytes = needs.memory_bytes
    if board is not None and free_bytes is not None:
        yield _enough("accelerator_memory", free_bytes, needs.memory_bytes, board.name or board.kind, lower)
        # Host memory holds a copy of the state while a checkpoint is written.
        host_bytes = needs.slots * needs.checkpoint_bytes
    yield _enough("memory", machine.memory_available_bytes, host_bytes, "psutil, cgroup", lower)


def check_memory_recipe(needs: Needs) -> CheckResult:
    """The memory recipe keeps the optimizer of the other scales."""
    measured = needs.memory + (", activations computed twice" if needs.activation_checkpointing else "")
    fix = None
    if needs.memory == "lean":
        fix = "`lean` uses another optimizer (Adafactor): its results are not comparable with AdamW's; "
        fix += "for AdamW use a machine with more memory, or lower batch_size in the space of the scale"
    return _warning("memory_recipe", measured=measured, needed="AdamW", source="computed need", fix=fix)


def check_disk(needs: Needs, machine: Machine) -> CheckResult:
    """The checkpoints fit, plus one that is written before the oldest is removed, and the kept weights."""
    needed = needs.slots * needs.checkpoint_bytes * (needs.checkpoints_kept + 1) + needs.weights_bytes
    return _enough("disk", machine.disk_free_bytes, needed, "results folder", "free space on that disk")


def check_data(data: DataState) -> Iterator[CheckResult]:
    """The data passed validation, and the dataset exists."""
    measured, fix = {
        True: ("ok", None),
        False: ("errors", "fix every problem listed in the data validation"),
        None: ("absent", "run the data validation first"),
    }[data.validation_ok]
    source = "data_validation.json"
    yield CheckResult.judged("data_validation", measured=measured, needed="ok", source=source, fix=fix)
    measured, fix = "present", None
    if not data.dataset_present:
        measured, fix = "absent", "build the features and the dataset first"
    yield CheckResult.judged("dataset", measured=measured, needed="present", source="dataset.json", fix=fix)


def check_power(machine: Machine) -> CheckResult:
    """The machine is on mains power; power saving is named, because it affects timings."""
    if machine.on_battery is None and machine.low_power_mode is None:
        skip = CheckStatus.SKIP
        return CheckResult(id="power", status=skip, measured=None, needed="mains", source="no battery found")
    measured, fix = "mains", None
    if machine.on_battery:
        measured = f"battery, {machine.battery_percent or 0:.0f} %"
        fix = "connect mains power: a battery lasts a few hours, and many machines are slower on it"
    measured += ", low-power mode" if machine.low_power_mode else ""
    return _warning("power", measured=measured, needed="mains", source="psutil", fix=fix)


def check_cpu_quota(machine: Machine) -> CheckResult:
    """The container grants as much CPU time as there are cores; otherwise threads wait for each other."""
    quota, measured, needed, fix = machine.cpu_quota_cores, machine.cores, 1, None
    if quota is not None and quota < machine.cores:
        measured, needed = quota, machine.cores
        fix = (
            f"the container grants {quota:g} of {needed} cores: write `training: {{threads: "
            f"{max(1, int(quota))}}}`"
        )
    source = "affinity, cgroup"
    return _warning("cpu_quota", measured=measured, needed=needed, unit="cores", source=source, fix=fix)


def check_swap(machine: Machine) -> CheckResult:
    """Little memory is swapped out: swapping slows training by orders of magnitude."""
    used_gib = round(machine.swap_used_bytes / _GIB, 2)
    fix = "memory is swapped out: close programs that use much memory" if used_gib >= 1.0 else None
    return _warning("swap", measured=used_gib, needed="under 1", unit="GiB", source="psutil", fix=fix)


def check_load(machine: Machine) -> CheckResult:
    """No other program uses the cores."""
    load = machine.load_per_core
    if load is None:
        return CheckResult(id="load", status=CheckStatus.SKIP, measured=None, needed=None, source="psutil")
    fix, needed = None, f"under {_BUSY_LOAD_PER_CORE}"
    if load >= _BUSY_LOAD_PER_CORE:
        fix = "other programs use the cores, heat the machine and slow the trials down: close them"
    return _warning("load", measured=round(load, 2), needed=needed, unit="per core", source="psutil", fix=fix)


def _warning(name: str, *, fix: str | None, **columns: Any) -> CheckResult:
    return CheckResult.judged(name, fix=fix, otherwise=CheckStatus.WARN, **columns)


def _enough(name: str, measured_bytes: int, needed_bytes: int, source: str, fix: str) -> CheckResult:
    return CheckResult.judged(
        name,
        measured=round(measured_bytes / _GIB, 2),
        needed=round(needed_bytes / _GIB, 2),
        unit="GiB",
        source=source,
        fix=fix if measured_bytes < needed_bytes else None,
    )
