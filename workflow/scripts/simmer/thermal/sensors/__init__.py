"""One file per source of temperature; each sensor returns a reading with its source, or nothing."""

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
    """Anything that can be asked for a reading.

    Attributes:
        name: unique among the sensors of one machine.
        interval_s: the least time between two reads, in seconds; 0 for sources that cost microseconds.
    """

    name: str
    interval_s: float

    def read(self) -> Reading | None:
        """Return a reading, or None when the source has no value just now."""
        ...


def find_sensors(
    sysfs_root: Path,
    *,
    platform: str = sys.platform,
    environment: Mapping[str, str] | None = None,
    allow_sudo_powermetrics: bool = False,
    tools: Tools | None = None,
) -> list[Sensor]:
    """Return every CPU and GPU sensor of this machine; an empty list where none is readable.

    * Linux: hwmon; thermal zones where hwmon has no CPU; NVML, or nvidia-smi where NVML does not start.
    * macOS: degrees from the SMC, or macmon's averages where the SMC is not readable; always the pressure
      level; powermetrics by consent.
    * Windows and others: NVML.

    Args:
        sysfs_root: `/sys`, or a tree that looks like it.
        platform: as `sys.platform` names it.
        environment: where CUDA_VISIBLE_DEVICES is looked up; this process's own when not given.
        allow_sudo_powermetrics: on macOS, whether `sudo -n powermetrics` may be run.
        tools: where the programs lie; the usual places when not given.
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

    Asks the SMC, then macmon where it is installed (averages), then powermetrics if allowed, which prints
    degrees on Intel only. This function alone keeps -1.0, for its callers outside.
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
