"""Facts about power limit, sleep and priority, which affect the speed and duration of training.

The library changes none of them: preflight shows the commands a user may want to run.
"""

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from simmer.thermal.readings import Reading

_RAPL = "class/powercap/intel-rapl:0/constraint_0_power_limit_uw"
_SLEEP_GUARDS = {
    "darwin": ("caffeinate", "caffeinate -is"),
    "linux": ("systemd-inhibit", "systemd-inhibit --what=sleep:idle:handle-lid-switch"),
}
# A fifth less power costs only a few percent of speed on most hardware: clock and voltage fall together.
_LOWER_CAP = 0.8


@dataclass(frozen=True)
class PowerCap:
    """The power limit in force, in W, and the administrator's command that lowers it."""

    limit_w: float
    source: str
    command: str


@dataclass(frozen=True)
class PowerFacts:
    """Power facts on `system` (a value of `sys.platform`); unknown facts are None.

    Attributes:
        sleep_guard: command prefix that keeps the machine awake.
        kept_awake: True if an ancestor of this process is such a command.
        nice: the process's priority, 0 normal, up to 19 for the background.
    """

    system: str
    cap: PowerCap | None
    sleep_guard: str | None
    kept_awake: bool
    nice: int | None


def find_power_facts(
    readings: Iterable[Reading], sysfs_root: Path, *, system: str = sys.platform
) -> PowerFacts:
    """Return the facts of this machine; takes milliseconds."""
    program, guard = _SLEEP_GUARDS.get(system, (None, None))
    return PowerFacts(
        system=system,
        cap=find_power_cap(readings, sysfs_root),
        sleep_guard=guard if program and shutil.which(program) else None,
        kept_awake=program is not None and program in _names_above(),
        nice=os.nice(0) if hasattr(os, "nice") else None,
    )


def find_power_cap(readings: Iterable[Reading], sysfs_root: Path) -> PowerCap | None:
    """Return the power limit of an NVIDIA board, else that of an Intel package; untested on hardware."""
    for reading in readings:
        if reading.power_limit_w is not None and reading.source.startswith(("nvml", "nvidia-smi")):
            lower_w = round(_LOWER_CAP * reading.power_limit_w)
            return PowerCap(reading.power_limit_w, reading.source, f"sudo nvidia-smi -pl {lower_w}")
    limit = sysfs_root / _RAPL
    try:
        microwatts = int(limit.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    lower_uw = round(_LOWER_CAP * microwatts / 1e6) * 1_000_000
    return PowerCap(microwatts / 1e6, "intel-rapl", f"echo {lower_uw} | sudo tee {limit}")


def _names_above() -> set[str]:
    try:
        return {process.name() for process in psutil.Process().parents()}
    except psutil.Error:
        return set()
