"""Small checks of a machine before a job of many hours: each measured, with what is needed and the mend.

Every check is a pure function of facts that were gathered elsewhere, and all of them run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simmer.base.checks import CheckReport, CheckResult, CheckVerdict
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
    """What a scale asks of the machine.

    Attributes:
        scale: its name, e.g. `20M`.
        parameters: counted, of the largest shape in the search space.
        memory_bytes: peak during training, where the model lives.
        memory: how weights and moments are kept: `full`, `kahan`, `stochastic` or `lean`.
        activation_checkpointing: whether activations are computed twice instead of being kept.
        checkpoint_bytes: size of one checkpoint.
        checkpoints_kept: how many of a trial stay on disk at the same time.
        slots: trials that run side by side; `memory_bytes` is for all of them.
        accelerator: the device asked for: `auto`, `cuda`, `mps` or `cpu`.
    """

    scale: str
    parameters: int
    memory_bytes: int
    memory: str
    activation_checkpointing: bool
    checkpoint_bytes: int
    checkpoints_kept: int
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
) -> CheckReport:
    """Return the report of all checks; none of them stops another."""
    checks = (
        check_accelerator(needs, machine),
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
    return CheckReport(
        title=f"preflight {needs.scale} on {machine.host}, {time}",
        checks=checks,
        facts={"schema": "simmer-preflight-1", "scale": needs.scale, "host": machine.host, "time": time},
        **_refusal(needs),
    )


def require_memory(needs: Needs, machine: Machine) -> None:
    """Stop here when the memory that the scale needs is not free.

    Raises:
        PreflightError: naming what was found and needed.
    """
    checks = tuple(check_memory(needs, machine))
    CheckReport(title=f"memory for {needs.scale}", checks=checks, **_refusal(needs)).raise_if_failed()


def _refusal(needs: Needs) -> dict[str, Any]:
    return {"error": PreflightError, "complaint": f"this machine cannot run {needs.scale} as configured"}


def check_accelerator(needs: Needs, machine: Machine) -> CheckResult:
    """The device asked for is there and computes."""
    found, asked = machine.accelerator, needs.accelerator

    def result(verdict: CheckVerdict, fix: str | None = None) -> CheckResult:
        measured = None if found is None else found.name or found.kind
        return CheckResult("accelerator", verdict, measured, asked, None, "torch", fix)

    if found is None:
        return result(CheckVerdict.SKIP, "torch is not installed, so no device could be tried")
    if asked in ("cuda", "mps") and found.kind != asked:
        return result(
            CheckVerdict.FAIL, f"{asked} is not available: mend its driver, or set the device to auto"
        )
    if found.problem is not None and asked != "cpu":
        return result(CheckVerdict.FAIL, f"{found.kind} does not compute: {found.problem}; mend its driver")
    if asked == "auto" and found.kind == "cpu" and needs.parameters > _SMALL_SCALE_PARAMETERS:
        return result(
            CheckVerdict.WARN,
            f"{needs.parameters:,} parameters train on the CPU, many times slower than on a GPU; "
            "set the device to cpu if that is meant",
        )
    return result(CheckVerdict.OK)


def check_memory(needs: Needs, machine: Machine) -> Iterator[CheckResult]:
    """The scale's peak fits into what is free, on the board and in the machine."""
    board = machine.accelerator
    on_board = (
        board is not None and board.free_bytes is not None and needs.accelerator in ("auto", board.kind)
    )
    lower = "close other programs, lower batch_size in the space of the scale, or take it out of run_scales"
    if on_board and board is not None and board.free_bytes is not None:
        yield _enough(
            "accelerator_memory", board.free_bytes, needs.memory_bytes, board.name or board.kind, lower
        )
    # With the model on a board, the machine itself holds a copy of the state while it writes a checkpoint.
    host_bytes = needs.slots * needs.checkpoint_bytes if on_board else needs.memory_bytes
    yield _enough("memory", machine.memory_available_bytes, host_bytes, "psutil, cgroup", lower)


def check_memory_recipe(needs: Needs) -> CheckResult:
    """What the memory allows is still the optimizer of the other scales."""
    measured = needs.memory + (", activations computed twice" if needs.activation_checkpointing else "")
    fix = None
    if needs.memory == "lean":
        fix = "`lean` is another optimizer (Adafactor): its results do not compare with those of AdamW; "
        fix += "for AdamW use a machine with more memory, or lower batch_size in the space of the scale"
    verdict = CheckVerdict.WARN if fix else CheckVerdict.OK
    return CheckResult("memory_recipe", verdict, measured, "AdamW", None, "computed need", fix)


def check_disk(needs: Needs, machine: Machine) -> CheckResult:
    """The checkpoints fit, and one more that is written aside before it replaces the last."""
    needed = needs.slots * needs.checkpoint_bytes * (needs.checkpoints_kept + 1)
    return _enough("disk", machine.disk_free_bytes, needed, "results folder", "free space on that disk")


def check_data(data: DataState) -> Iterator[CheckResult]:
    """The data passed validation and the dataset is built."""
    measured = {True: "ok", False: "errors", None: "absent"}[data.validation_ok]
    fix = {
        True: None,
        False: "mend every problem listed in the data validation report",
        None: "run the data validation first",
    }[data.validation_ok]
    verdict = CheckVerdict.FAIL if fix else CheckVerdict.OK
    yield CheckResult("data_validation", verdict, measured, "ok", None, "data_validation.json", fix)
    present = data.dataset_present
    yield CheckResult(
        "dataset",
        CheckVerdict.OK if present else CheckVerdict.FAIL,
        "present" if present else "absent",
        "present",
        None,
        "dataset.json",
        None if present else "build the features and the dataset first",
    )


def check_power(machine: Machine) -> CheckResult:
    """A long run is on mains, and power saving is known to whoever reads the timings."""
    measured = "mains" if not machine.on_battery else f"battery, {machine.battery_percent or 0:.0f} %"
    saving = ", low-power mode" if machine.low_power_mode else ""
    fix = "plug the machine in: a battery ends within hours, and many machines slow down on it"
    verdict = CheckVerdict.WARN if machine.on_battery else CheckVerdict.OK
    if machine.on_battery is None and machine.low_power_mode is None:
        return CheckResult("power", CheckVerdict.SKIP, None, "mains", None, "no battery found", None)
    return CheckResult(
        "power", verdict, measured + saving, "mains", None, "psutil", fix if machine.on_battery else None
    )


def check_cpu_quota(machine: Machine) -> CheckResult:
    """The container grants as much time as there are cores, or threads wait for each other."""
    quota = machine.cpu_quota_cores
    if quota is None or quota >= machine.cores:
        return CheckResult("cpu_quota", CheckVerdict.OK, machine.cores, 1, "cores", "affinity, cgroup", None)
    fix = f"only that much of {machine.cores} cores is granted: set training.threads to {max(1, int(quota))}"
    return CheckResult("cpu_quota", CheckVerdict.WARN, quota, machine.cores, "cores", "affinity, cgroup", fix)


def check_swap(machine: Machine) -> CheckResult:
    """Little is swapped out: training that swaps is slower by orders of magnitude."""
    used_gib = round(machine.swap_used_bytes / _GIB, 2)
    busy = used_gib >= 1.0
    fix = "something was swapped out: close programs that hold memory" if busy else None
    verdict = CheckVerdict.WARN if busy else CheckVerdict.OK
    return CheckResult("swap", verdict, used_gib, "under 1", "GiB", "psutil", fix)


def check_load(machine: Machine) -> CheckResult:
    """Nobody else works on the cores."""
    if machine.load_per_core is None:
        return CheckResult("load", CheckVerdict.SKIP, None, None, None, "psutil", None)
    busy = machine.load_per_core >= _BUSY_LOAD_PER_CORE
    fix = "other programs use the cores: they heat the machine and slow the trials down" if busy else None
    verdict = CheckVerdict.WARN if busy else CheckVerdict.OK
    load, most = round(machine.load_per_core, 2), f"under {_BUSY_LOAD_PER_CORE}"
    return CheckResult("load", verdict, load, most, "per core", "psutil", fix)


def _enough(name: str, measured_bytes: int, needed_bytes: int, source: str, fix: str) -> CheckResult:
    enough = measured_bytes >= needed_bytes
    return CheckResult(
        name,
        CheckVerdict.OK if enough else CheckVerdict.FAIL,
        round(measured_bytes / _GIB, 2),
        round(needed_bytes / _GIB, 2),
        "GiB",
        source,
        None if enough else fix,
    )
