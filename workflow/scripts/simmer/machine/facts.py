"""Collect the facts about this machine that preflight checks."""

import importlib
import json
import math
import os
import platform
import re
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from simmer.machine.power import PowerFacts, find_power_facts
from simmer.thermal.monitor import Monitor
from simmer.thermal.readings import Reading
from simmer.thermal.sensors import Sensor
from simmer.thermal.sensors.command import run_command
from simmer.thermal.sensors.nvml import NVIDIA_DEVICE

# cgroup v1 writes "no limit" as the largest page-aligned 63-bit number.
_UNLIMITED_BYTES = 1 << 60


@dataclass(frozen=True)
class Accelerator:
    """The device torch would train on: its `kind` (`cuda`, `mps` or `cpu`) and the name of a GPU.

    Its memory is None if it shares the machine's; `problem` is the error if the device does not compute.
    """

    kind: str
    name: str | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Machine:
    """Facts about one machine at one moment; unknown facts are None.

    Attributes:
        accelerator: None if torch is not installed.
        readings: one per temperature source.
        cores: cores this process may run on.
        cpu_quota_cores: CPU time the cgroup grants, in cores; None without a quota.
        memory_available_bytes: free or reclaimable memory, within the limit of the cgroup.
        memory_total_bytes: all memory, within the limit of the cgroup.
        disk_free_bytes: free space on the disk of the results.
        load_per_core: one-minute load average divided by the cores.
        on_battery: None without a battery, like `battery_percent`.
        low_power_mode: True if the system saves power at the cost of speed.
    """

    host: str
    accelerator: Accelerator | None
    readings: tuple[Reading, ...]
    cores: int
    cpu_quota_cores: float | None
    memory_available_bytes: int
    memory_total_bytes: int
    swap_used_bytes: int
    disk_free_bytes: int
    load_per_core: float | None
    on_battery: bool | None
    battery_percent: float | None
    low_power_mode: bool | None
    power: PowerFacts


@dataclass(frozen=True)
class DataState:
    """Results of the data steps; `validation_ok` is None before the first validation."""

    validation_ok: bool | None
    dataset_present: bool


def inspect_machine(
    results_dir: Path,
    sysfs_root: Path,
    *,
    sensors: Sequence[Sensor] = (),
    proc_root: Path = Path("/proc"),
) -> Machine:
    """Return the facts about this machine.

    Takes a second, mostly to import torch, and longer with a slow sensor; a hanging sensor is skipped.

    Args:
        results_dir: where results are written.
        sysfs_root: `/sys`, or a tree of the same layout.
        sensors: the temperature sensors to read.
        proc_root: `/proc`, or a tree of the same layout.
    """
    battery = _battery()
    cores = usable_cores()
    group = cgroup_memory(sysfs_root, proc_root)
    memory = psutil.virtual_memory()
    with Monitor(sensors, period_s=1.0) as monitor:
        readings = monitor.latest().readings
    return Machine(
        host=socket.gethostname(),
        accelerator=find_accelerator(),
        readings=readings,
        cores=cores,
        cpu_quota_cores=cgroup_cpu_quota_cores(sysfs_root, proc_root),
        memory_available_bytes=min([memory.available, *(left for _, left in group)]),
        memory_total_bytes=min([memory.total, *(limit for limit, _ in group)]),
        swap_used_bytes=psutil.swap_memory().used,
        disk_free_bytes=psutil.disk_usage(str(_existing(results_dir))).free,
        load_per_core=psutil.getloadavg()[0] / cores,
        on_battery=None if battery is None or battery.power_plugged is None else not battery.power_plugged,
        battery_percent=None if battery is None else float(battery.percent),
        low_power_mode=find_low_power_mode(sysfs_root),
        power=find_power_facts(readings, sysfs_root),
    )


def inspect_data(validation: Path, dataset: Path) -> DataState:
    """Return key `ok` of the data validation, and whether the dataset's description exists."""
    return DataState(
        validation_ok=_flag(_json(validation), "ok"), dataset_present=isinstance(_json(dataset), dict)
    )


def usable_cores() -> int:
    """Return the number of cores this process may run on; a scheduler or container can restrict it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def looks_accelerated() -> bool:
    """Return True if there is an NVIDIA device or Apple Silicon; torch is not imported."""
    return NVIDIA_DEVICE.exists() or (sys.platform, platform.machine()) == ("darwin", "arm64")


def find_accelerator() -> Accelerator | None:
    """Return the device torch would use, tested with a matrix product; None if torch is not installed."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return None
    if torch.cuda.is_available():
        return _tried(torch, "cuda")
    if torch.backends.mps.is_available():
        return _tried(torch, "mps")
    return Accelerator("cpu")


def cgroup_memory(sysfs_root: Path, proc_root: Path) -> list[tuple[int, int]]:
    """Return limit and free bytes of each of this process's cgroups with a memory limit.

    Page cache that the kernel can drop at once (inactive_file) counts as free
    (Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).
    """
    groups = []
    for folder in _cgroup_folders(sysfs_root, proc_root, "memory"):
        limit = _first_number(folder, "memory.max", "memory.limit_in_bytes")
        used = _first_number(folder, "memory.current", "memory.usage_in_bytes")
        if limit is not None and used is not None and limit < _UNLIMITED_BYTES:
            groups.append((limit, max(0, int(limit - used + _reclaimable_bytes(folder)))))
    return groups


def cgroup_cpu_quota_cores(sysfs_root: Path, proc_root: Path) -> float | None:
    """Return the CPU time the tightest cgroup quota grants, in cores; None without a quota."""
    quotas = []
    for folder in _cgroup_folders(sysfs_root, proc_root, "cpu"):
        words = _words(folder / "cpu.max") or [
            *_words(folder / "cpu.cfs_quota_us"),
            *_words(folder / "cpu.cfs_period_us"),
        ]
        # "max 100000" in v2 and "-1 100000" in v1 mean no quota.
        if len(words) == 2 and words[0].isdecimal() and int(words[1]) > 0:
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def find_low_power_mode(sysfs_root: Path) -> bool | None:
    """Return True if the system saves power at the cost of speed; untested on hardware on macOS."""
    if sys.platform == "darwin":
        found = re.search(
            r"^\s*lowpowermode\s+(\d)", run_command(("/usr/bin/pmset", "-g"), timeout_s=5.0) or "", re.M
        )
        return None if found is None else found.group(1) == "1"
    profile = _words(sysfs_root / "firmware/acpi/platform_profile")
    return profile[0] == "low-power" if profile else None


def _battery() -> Any:
    try:
        return getattr(psutil, "sensors_battery", lambda: None)()
    except OSError:
        # A container may hide the folder that psutil expects.
        return None


def _tried(torch: Any, kind: str) -> Accelerator:
    name = torch.cuda.get_device_name(0) if kind == "cuda" else None
    try:
        ones = torch.ones(8, 8, device=kind)
        right = math.isclose(float((ones @ ones).sum()), 512.0)
        free_bytes, total_bytes = torch.cuda.mem_get_info(0) if kind == "cuda" else (None, None)
    except RuntimeError as error:
        return Accelerator(kind, name, problem=str(error).splitlines()[0])
    problem = None if right else "a product of ones gave a wrong result"
    return Accelerator(kind, name, free_bytes, total_bytes, problem)


def _cgroup_folders(sysfs_root: Path, proc_root: Path, controller: str) -> list[Path]:
    # Any ancestor may have a limit. In a container the listed path may be outside the mount: then only the
    # mount's root exists, and it is the container's own group.
    folders = []
    for line in _lines(proc_root / "self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = sysfs_root / "fs/cgroup" / (controller if controllers else "")
        own = root / path.lstrip("/")
        folders += [
            folder for folder in (own, *own.parents) if folder.is_relative_to(root) and folder.is_dir()
        ]
    return folders


def _reclaimable_bytes(folder: Path) -> int:
    amounts = dict(line.split(" ", 1) for line in _lines(folder / "memory.stat") if " " in line)
    return int(amounts.get("total_inactive_file") or amounts.get("inactive_file") or 0)


def _first_number(folder: Path, *names: str) -> int | None:
    words = [word for name in names for word in _words(folder / name)[:1] if word.isdecimal()]
    return int(words[0]) if words else None


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _flag(value: Any, key: str) -> bool | None:
    flag = value.get(key) if isinstance(value, dict) else None
    return flag if isinstance(flag, bool) else None


def _existing(folder: Path) -> Path:
    # Before the first result, the disk is that of the nearest existing folder.
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())
