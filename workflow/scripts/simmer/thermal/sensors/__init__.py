"""The temperature sensors, one file per source; each returns a reading or None."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from simmer.thermal.readings import Reading, hottest_of
from simmer.thermal.sensors.hwmon import find_hwmon_sensors
from simmer.thermal.sensors.macmon import find_macmon_sensors
from simmer.thermal.sensors.nvidia_smi import find_nvidia_smi_sensors
from simmer.thermal.sensors.nvml import find_nvml_sensors
from simmer.thermal.sensors.powermetrics import PowermetricsSensor
from simmer.thermal.sensors.pressure import find_pressure_sensors
from simmer.thermal.sensors.smc import find_smc_sensors
from simmer.thermal.sensors.thermal_zones import find_zone_sensors
from simmer.thermal.sensors.tools import Tools


class Sensor(Protocol):
    """The interface of a temperature sensor.

    Attributes:
        name: unique on one machine.
        interval_s: shortest time between two reads, in seconds; 0 for sources that take microseconds.
    """

    name: str
    interval_s: float

    def read(self) -> Reading | None:
        """Return a reading, or None if the source has no value at the moment."""
        ...


def find_sensors(
    sysfs_root: Path,
    *,
    platform: str = sys.platform,
    environment: Mapping[str, str] | None = None,
    allow_sudo_powermetrics: bool = False,
    tools: Tools | None = None,
) -> list[Sensor]:
    """Return every readable CPU and GPU sensor of this machine.

    * Linux: hwmon; thermal zones if hwmon has no CPU; NVML, or nvidia-smi if NVML does not start.
    * macOS: degrees from the SMC, or macmon's averages if the SMC is not readable; always the pressure
      level; powermetrics only if allowed.
    * Windows and others: NVML.

    Args:
        sysfs_root: `/sys`, or a tree of the same layout.
        platform: a value of `sys.platform`.
        environment: for CUDA_VISIBLE_DEVICES; by default this process's own.
        allow_sudo_powermetrics: on macOS, allow `sudo -n powermetrics`.
        tools: paths of the programs; by default the usual ones.
    """
    tools = tools or Tools()
    environment = os.environ if environment is None else environment
    if platform == "darwin":
        return _macos_sensors(tools, allow_sudo_powermetrics)
    boards: list[Sensor] | None = find_nvml_sensors(environment)
    if platform != "linux":
        return boards or []
    if boards is None:
        boards = find_nvidia_smi_sensors(environment, tools.nvidia_smi)
    return [*_linux_sensors(sysfs_root), *boards]


def get_macos_temperature(*, allow_sudo_powermetrics: bool = False, tools: Tools | None = None) -> float:
    """Return the CPU or GPU temperature of this Mac in °C, or -1.0 on any failure.

    Reads the SMC, then macmon if installed (averages), then powermetrics if allowed (degrees on Intel only).
    Only this function returns -1.0, for callers outside the library.
    """
    tools = tools or Tools()
    sources = [find_smc_sensors, lambda: find_macmon_sensors(tools.macmon)]
    if allow_sudo_powermetrics:
        sources.append(lambda: [PowermetricsSensor(tools)])
    for find in sources:
        readings = [reading for sensor in find() if (reading := sensor.read()) is not None]
        hottest = hottest_of(readings)
        if hottest is not None and hottest.celsius is not None:
            return hottest.celsius
    return -1.0


def _linux_sensors(sysfs_root: Path) -> list[Sensor]:
    chips = find_hwmon_sensors(sysfs_root)
    zones = [] if any(chip.is_cpu for chip in chips) else find_zone_sensors(sysfs_root)
    return [*chips, *zones]


def _macos_sensors(tools: Tools, allow_sudo_powermetrics: bool) -> list[Sensor]:
    degrees: list[Sensor] = [*find_smc_sensors()] or [*find_macmon_sensors(tools.macmon)]
    by_consent = [PowermetricsSensor(tools)] if allow_sudo_powermetrics else []
    return [*degrees, *find_pressure_sensors(), *by_consent]
